import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { dataKeyPolicy } from "./internal/eks/iam.ts";
import { accountOf } from "../lib/aws-arn.ts";

interface DataKeyArgs {
  region: string;
  /** Prefix of the names of log groups that CloudWatch Logs may encrypt with the key. */
  logGroups: string;
  tags: Record<string, string>;
}

/** Creates one KMS key for a stack's images and flow logs, because AWS charges for each key. Returns its ARN. */
export function createDataKey(name: string, args: DataKeyArgs, opts: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const { region, logGroups, tags } = args;
  const description = `Encrypts the images and the network's logs of ${name}`;
  const key = new aws.kms.Key(`${name}-data`, { description, enableKeyRotation: true, deletionWindowInDays: 30, tags }, opts);
  // The ARN contains the account id. Requesting it from AWS would need credentials, which a preview must not.
  const document = key.arn.apply((arn) => dataKeyPolicy({ region, account: accountOf(arn), logGroups }));
  const policy = new aws.kms.KeyPolicy(`${name}-data`, { keyId: key.id, policy: document }, opts);
  new aws.kms.Alias(`${name}-data`, { name: `alias/${name}-data`, targetKeyId: key.id }, opts);
  // Resources that use the key must wait for its policy.
  return pulumi.all([key.arn, policy.id]).apply(([arn]) => arn);
}
