import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { lastPart } from "../../../lib/aws-arn.ts";
import type { ClusterContext } from "./addons.ts";
import { accessPolicyArn } from "./iam.ts";

/** Creates an access entry for each principal, and associates its access policies. */
export function createAccess({ name, cluster, args }: ClusterContext, parent: pulumi.Resource): void {
  const { region, accessEntries, tags } = args;
  const entries = Map.groupBy(accessEntries, ({ principalArn }) => principalArn);
  for (const [principalArn, policies] of entries) {
    const entryName = `${name}-${shortName(principalArn)}`;
    const entry = new aws.eks.AccessEntry(entryName, { clusterName: cluster.name, principalArn, type: "STANDARD", tags }, { parent });
    for (const { policy, namespaces } of policies) {
      const accessScope = namespaces ? { type: "namespace", namespaces } : { type: "cluster" };
      new aws.eks.AccessPolicyAssociation(
        `${entryName}-${policy}`,
        { clusterName: cluster.name, principalArn: entry.principalArn, policyArn: accessPolicyArn(region, policy), accessScope },
        { parent },
      );
    }
  }
}

/** The principal's name with a hash that makes it unique. It does not contain the account id. */
function shortName(arn: string): string {
  return `${lastPart(arn)}-${createHash("sha256").update(arn).digest("hex").slice(0, 4)}`;
}
