import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "./addons.ts";
import { podTrust } from "./iam.ts";
import { createRole } from "./role.ts";

/** A role for each ServiceAccount whose pods have AWS rights. A pod has them if the association is there when it starts. */
export function createPodIdentities({ name, cluster, identity, args }: Cluster, parent: pulumi.Resource): void {
  const { podIdentities = {}, tags } = args;
  for (const [key, { namespace, serviceAccount, policyArns = [], policyDocument }] of Object.entries(podIdentities)) {
    const roleName = `${name}-pod-${key}`;
    const trust = identity.apply((cluster) => podTrust(cluster, namespace, serviceAccount));
    const description = `AWS rights of pods of ${namespace}/${serviceAccount} in ${name}`;
    const { role, rights } = createRole(roleName, { description, trust, policyArns, tags }, { parent });
    if (policyDocument !== undefined) {
      rights.push(new aws.iam.RolePolicy(roleName, { role: role.name, policy: policyDocument }, { parent }));
    }
    new aws.eks.PodIdentityAssociation(
      roleName,
      { clusterName: cluster.name, namespace, serviceAccount, roleArn: role.arn, tags },
      { parent, dependsOn: rights },
    );
  }
}
