import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { podTrust, problemWithPolicyDocument } from "./internal/eks/iam.ts";
import { createRole } from "./internal/eks/role.ts";
import { identityOf, lastPart } from "../lib/aws-arn.ts";
import { problemWithName, problemWithObjectName } from "../lib/kubernetes-names.ts";
import { ifKnown, throwIfAny, type Problem, type Report } from "../lib/problem.ts";
import { redact } from "../lib/redact.ts";

/** Arguments of `PodIdentity`. */
export interface PodIdentityArgs {
  /** ARN of the EKS cluster. */
  clusterArn: pulumi.Input<string>;
  /** Namespace of the pods. */
  namespace: pulumi.Input<string>;
  /** Name of the ServiceAccount of the pods. A ServiceAccount can have one role. */
  serviceAccount: pulumi.Input<string>;
  /** ARNs of IAM policies, AWS managed or your own. @default - none. */
  policyArns?: string[];
  /** An IAM policy document in JSON, only for these pods. @default - none. */
  policyDocument?: pulumi.Input<string>;
  /** Tags of the role and the association. @default - none. */
  tags?: Record<string, pulumi.Input<string>>;
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
    throwIfAny(problemsWithPodIdentity(name, args), `PodIdentity "${name}":`);
    const { namespace, serviceAccount, policyArns = [], policyDocument, tags } = args;
    const child = { parent: this };
    const identity = pulumi.output(args.clusterArn).apply(identityOf);
    const trust = pulumi.all([identity, namespace, serviceAccount]).apply((known) => podTrust(...known));
    const description = pulumi.interpolate`AWS rights of the pods of ${namespace}/${serviceAccount}`;
    const { role, rights } = createRole(name, { description, trust, policyArns, tags }, child);
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

/** Names of IAM roles have at most 64 characters, and Pulumi appends 8. */
const longestName = 56;

/** What is wrong with the arguments, if their values are known. Messages contain no account ids. */
export function problemsWithPodIdentity(name: string, args: Omit<PodIdentityArgs, "clusterArn">): Problem[] {
  const { namespace, serviceAccount, policyArns = [], policyDocument } = args;
  const problems: Problem[] = [];
  const report: Report = (path, message) => {
    if (message) problems.push({ path, message: redact(message) });
  };
  report(
    [],
    (name.length > longestName || !/^[\w-]+$/.test(name)) &&
      `the name must be 1 to ${longestName} letters, digits, "-" and "_" (got "${name}"). The IAM role has the same name`,
  );
  report(["namespace"], ifKnown(namespace, problemWithName));
  report(["serviceAccount"], ifKnown(serviceAccount, problemWithObjectName));
  report([], policyArns.length === 0 && policyDocument === undefined && "must have policyArns or a policyDocument");
  for (const [i, arn] of policyArns.entries()) {
    report(
      ["policyArns", i],
      !/^arn:aws(-[a-z]+)*:iam::(aws|\d{12}):policy\/[\w+=,.@/-]+$/.test(arn) &&
        `must be the ARN of an IAM policy, such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess (got "${arn}")`,
    );
    const policy = lastPart(arn);
    report(["policyArns", i], policyArns.findIndex((other) => lastPart(other) === policy) < i && `must not repeat the policy ${policy}`);
  }
  report(["policyDocument"], ifKnown(policyDocument, problemWithPolicyDocument));
  return problems;
}
