import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { identityOf, podTrust, policyName, problemWithPolicyDocument } from "./internal/eks/iam.ts";
import { createRole } from "./internal/eks/role.ts";
import { problemWithName, problemWithObjectName } from "../lib/kubernetes-names.ts";
import { ifKnown, type Problem, type Report } from "../lib/problem.ts";
import { redact } from "../lib/redact.ts";
import { throwIfAny } from "../lib/problem.ts";

export interface PodIdentityArgs {
  /** ARN of the EKS cluster. */
  clusterArn: pulumi.Input<string>;
  namespace: pulumi.Input<string>;
  /** Name of the ServiceAccount that the pods run as. It has one identity. */
  serviceAccount: pulumi.Input<string>;
  /** ARNs of IAM policies, AWS' or your own. @default - none. */
  policyArns?: string[];
  /** An IAM policy document, as JSON, for these pods alone. @default - none. */
  policyDocument?: pulumi.Input<string>;
  /** @default - none. */
  tags?: Record<string, pulumi.Input<string>>;
}

/**
 * AWS rights of the pods of one ServiceAccount, by EKS Pod Identity: they get short-lived credentials of a role that nobody else
 * may act as, https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html. Auto Mode has its agent built in;
 * `EksCluster` installs it where there are node groups.
 *
 * A pod gets them if the association is there when it starts: what runs the pods should depend on this. Where a network policy
 * holds, they must reach 169.254.170.23 at port 80, and AWS itself.
 *
 * @example
 * const policyArns = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"];
 * const rights = new PodIdentity("web", { clusterArn: cluster.arn, namespace: "web", serviceAccount: "web", policyArns });
 * new WebService("web", { image: image.ref, namespace: "web" }, { provider, dependsOn: [rights] });
 */
export class PodIdentity extends pulumi.ComponentResource {
  /** ARN of the role that the pods act as. */
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

/** Names of IAM roles have 64 characters at most, of which 8 are Pulumi's. */
const longestName = 56;

/** What is wrong with the arguments, as far as their values are known. Account ids are in no message. */
export function problemsWithPodIdentity(name: string, args: Omit<PodIdentityArgs, "clusterArn">): Problem[] {
  const { namespace, serviceAccount, policyArns = [], policyDocument } = args;
  const problems: Problem[] = [];
  const report: Report = (path, message) => {
    if (message) problems.push({ path, message: redact(message) });
  };
  report(
    [],
    (name.length > longestName || !/^[\w-]+$/.test(name)) &&
      `the name must be 1 to ${longestName} letters, digits, "-" and "_" (got "${name}"); an IAM role is called so`,
  );
  report(["namespace"], ifKnown(namespace, problemWithName));
  report(["serviceAccount"], ifKnown(serviceAccount, problemWithObjectName));
  report([], policyArns.length === 0 && policyDocument === undefined && "gives no rights; give policyArns or policyDocument");
  for (const [i, arn] of policyArns.entries()) {
    report(
      ["policyArns", i],
      !/^arn:aws(-[a-z]+)*:iam::(aws|\d{12}):policy\/[\w+=,.@/-]+$/.test(arn) &&
        `must be the ARN of an IAM policy, such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess (got "${arn}")`,
    );
    const policy = policyName(arn);
    report(["policyArns", i], policyArns.findIndex((other) => policyName(other) === policy) < i && `names ${policy} twice`);
  }
  report(["policyDocument"], ifKnown(policyDocument, problemWithPolicyDocument));
  return problems;
}
