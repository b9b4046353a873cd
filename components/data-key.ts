import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { accountOf, dataKeyPolicy } from "./internal/eks/iam.ts";

interface DataKeyArgs {
  region: string;
  /** Log groups that CloudWatch Logs may encrypt with it: the beginning of their names. */
  logGroups: string;
  tags: Record<string, string>;
}

/** ARN of one key for what a stack keeps in AWS beside its cluster, images and the network's logs: each key has its price. */
export function createDataKey(name: string, args: DataKeyArgs, opts: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const { region, logGroups, tags } = args;
  const description = `Encrypts the images and the network's logs of ${name}`;
  const key = new aws.kms.Key(`${name}-data`, { description, enableKeyRotation: true, deletionWindowInDays: 30, tags }, opts);
  // Its ARN tells the account: to ask AWS for it takes credentials, which a preview should not.
  const document = key.arn.apply((arn) => dataKeyPolicy({ region, account: accountOf(arn), logGroups }));
  const policy = new aws.kms.KeyPolicy(`${name}-data`, { keyId: key.id, policy: document }, opts);
  new aws.kms.Alias(`${name}-data`, { name: `alias/${name}-data`, targetKeyId: key.id }, opts);
  // Whoever uses the key needs the policy to be there.
  return pulumi.all([key.arn, policy.id]).apply(([arn]) => arn);
}
