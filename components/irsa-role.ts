import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ifKnown, throwIfAny, type Problem } from "../lib/problem.ts";
import { redact } from "../lib/redact.ts";
import { irsaTrust } from "./internal/eks/iam.ts";
import type { PodRightsArgs } from "./pod-rights-args.ts";
import { problemsWithPodRights } from "./rules/pod-rights.ts";
import { createRole } from "./internal/eks/role.ts";

/** Arguments of `IrsaRole`. */
export interface IrsaRoleArgs extends PodRightsArgs {
  /**
   * ARN of the IAM OIDC provider of the cluster, such as
   * `arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE`,
   * https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html.
   */
  oidcProviderArn: pulumi.Input<string>;
}

/**
 * AWS permissions for the pods of one ServiceAccount through IAM roles for service accounts (IRSA): for clusters that exist already and do
 * not have the EKS Pod Identity agent, also outside EKS, https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html.
 * Clusters of `EksCluster` use `PodIdentity`.
 *
 * The ServiceAccount has the annotation `eks.amazonaws.com/role-arn`. If a network policy applies to the pods, it must allow AWS itself.
 *
 * @example
 * const policyArns = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"];
 * const rights = new IrsaRole("web", { oidcProviderArn, namespace: "web", serviceAccount: "web", policyArns });
 * const serviceAccount = { annotations: rights.annotations };
 * new WebService("web", { image: image.ref, namespace: "web", serviceAccount }, { provider, dependsOn: [rights] });
 */
export class IrsaRole extends pulumi.ComponentResource {
  /** ARN of the role that the pods assume. */
  declare readonly roleArn: pulumi.Output<string>;
  /** Annotations of the ServiceAccount. */
  declare readonly annotations: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: IrsaRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:IrsaRole", name, {}, opts);
    throwIfAny(problemsWithIrsaRole(name, args), `IrsaRole "${name}":`);
    const { oidcProviderArn, namespace, serviceAccount, policyArns = [], policyDocument, roles, tags } = args;
    const child = { parent: this };
    const trust = pulumi.all([oidcProviderArn, namespace, serviceAccount]).apply((known) => irsaTrust(...known));
    const description = pulumi.interpolate`AWS rights of the pods of ${namespace}/${serviceAccount}`;
    const { role } = createRole(name, { description, trust, policyArns, roles, tags }, child);
    if (policyDocument !== undefined) new aws.iam.RolePolicy(name, { role: role.name, policy: policyDocument }, child);
    this.roleArn = role.arn;
    this.annotations = { "eks.amazonaws.com/role-arn": role.arn };
    this.registerOutputs({ roleArn: this.roleArn, annotations: this.annotations });
  }
}

/** What is wrong with the arguments, if their values are known. Messages contain no account ids. */
export function problemsWithIrsaRole(name: string, args: IrsaRoleArgs): Problem[] {
  const message = ifKnown(args.oidcProviderArn, problemWithProvider);
  return [
    ...(message === undefined ? [] : [{ path: ["oidcProviderArn"], message: redact(message) }]),
    ...problemsWithPodRights(name, args),
  ];
}

function problemWithProvider(arn: string): string | undefined {
  if (/^arn:aws(-[a-z]+)*:iam::\d{12}:oidc-provider\/[\w.-]+(\/[\w./-]+)?$/.test(arn)) return undefined;
  return `must be the ARN of an IAM OIDC provider, such as arn:aws:iam::<account>:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE (got "${arn}"). To list them: aws iam list-open-id-connect-providers`;
}
