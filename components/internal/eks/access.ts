import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { accessPolicy } from "./iam.ts";
import type { Cluster } from "./addons.ts";

/** An access entry for each principal, and its policies. */
export function createAccess({ name, cluster, args }: Cluster, parent: pulumi.Resource): void {
  const { region, accessEntries, tags } = args;
  const entries = Map.groupBy(accessEntries, ({ principalArn }) => principalArn);
  for (const [principalArn, policies] of entries) {
    const entryName = `${name}-${shortName(principalArn)}`;
    const entry = new aws.eks.AccessEntry(entryName, { clusterName: cluster.name, principalArn, type: "STANDARD", tags }, { parent });
    for (const { policy, namespaces } of policies) {
      const accessScope = namespaces ? { type: "namespace", namespaces } : { type: "cluster" };
      new aws.eks.AccessPolicyAssociation(
        `${entryName}-${policy}`,
        { clusterName: cluster.name, principalArn: entry.principalArn, policyArn: accessPolicy(region, policy), accessScope },
        { parent },
      );
    }
  }
}

/** What a principal is called, and by the digits of a hash which one of that name: account ids are in no name. */
function shortName(arn: string): string {
  return `${arn.split("/").at(-1)}-${createHash("sha256").update(arn).digest("hex").slice(0, 4)}`;
}
