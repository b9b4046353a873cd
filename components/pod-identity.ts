import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { podTrust } from "./internal/eks/iam.ts";
import type { PodRightsArgs } from "./pod-rights-args.ts";
import { problemsWithPodRights } from "./rules/pod-rights.ts";
import { createRole } from "./internal/eks/role.ts";
import { identityOf } from "../lib/aws-arn.ts";
import { throwIfAny } from "../lib/problem.ts";

/** Arguments of `PodIdentity`. */
export interface PodIdentityArgs extends PodRightsArgs {
  /** ARN of the EKS cluster. */
  clusterArn: pulumi.Input<string>;
}

/**
 * AWS permissions for the pods of one ServiceAccount, through EKS Pod Identity: pods get short-lived credentials of a role that only they
 * may assume, https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html. Auto Mode has the Pod Identity agent built in; for node
 * groups, `EksCluster` installs it.
 *
 * The association must exist when a pod starts, so the workload should depend on this component. If a network policy applies to the pods,
 * it must allow 169.254.170.23 on port 80, and AWS itself.
 *
 * @example
 * const policyArns = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"];
 * const rights = new PodIdentity("web", { clusterArn: cluster.arn, namespace: "web", serviceAccount: "web", policyArns });
 * new WebService("web", { image: image.ref, namespace: "web" }, { provider, dependsOn: [rights] });
 */
export class PodIdentity extends pulumi.ComponentResource {
  /** ARN of the role that the pods assume. */
  declare readonly roleArn: pulumi.Output<string>;

  constructor(name: string, args: PodIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:PodIdentity", name, {}, opts);
    throwIfAny(problemsWithPodRights(name, args), `PodIdentity "${name}":`);
    const { namespace, serviceAccount, policyArns = [], policyDocument, roles, tags } = args;
    const child = { parent: this };
    const identity = pulumi.output(args.clusterArn).apply(identityOf);
    const trust = pulumi.all([identity, namespace, serviceAccount]).apply((known) => podTrust(...known));
    const description = pulumi.interpolate`AWS rights of the pods of ${namespace}/${serviceAccount}`;
    const { role, rights } = createRole(name, { description, trust, policyArns, roles, tags }, child);
    if (policyDocument !== undefined) rights.push(new aws.iam.RolePolicy(name, { role: role.name, policy: policyDocument }, child));
    const clusterName = identity.apply(({ cluster }) => cluster);
    new aws.eks.PodIdentityAssociation(
      name,
      { clusterName, namespace, serviceAccount, roleArn: role.arn, tags },
      { ...child, dependsOn: rights },
    );
    this.roleArn = role.arn;
    this.registerOutputs({ roleArn: this.roleArn });
  }
}
