import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { awsDefaults } from "../../aws-defaults.ts";
import { cloudWatchAddon } from "../../eks-addon-names.ts";
import { createAddons, type ClusterContext } from "./addons.ts";
import { containerLogGroupNames } from "../../eks-log-groups.ts";

/**
 * Creates the add-on that sends logs and metrics of containers to CloudWatch, and before it its log groups: it would create them itself,
 * without encryption, and they would never expire.
 */
export function createContainerInsights(
  context: ClusterContext,
  keyArn: pulumi.Input<string>,
  parent: pulumi.Resource,
  after: pulumi.Resource[],
): void {
  const { name, args } = context;
  const { logRetentionDays: retentionInDays = awsDefaults.logRetentionDays, deletionProtection = false, tags } = args;
  const groups = containerLogGroupNames(name).map(
    (group) =>
      new aws.cloudwatch.LogGroup(
        `${name}-${group.split("/").at(-1)}`,
        { name: group, retentionInDays, kmsKeyId: keyArn, deletionProtectionEnabled: deletionProtection, tags },
        { parent, protect: deletionProtection || undefined },
      ),
  );
  createAddons(context, [cloudWatchAddon], parent, [...after, ...groups]);
}
