import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { NetworkArgs } from "../../network-args.ts";

/** Writes down who spoke with whom in the network, https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html. */
export function createFlowLogs(name: string, vpc: aws.ec2.Vpc, args: NetworkArgs, opts: pulumi.CustomResourceOptions): void {
  const { kmsKeyArn, flowLogRetentionDays = 30, tags } = args;
  const group = new aws.cloudwatch.LogGroup(name, { kmsKeyId: kmsKeyArn, retentionInDays: flowLogRetentionDays, tags }, opts);
  const role = new aws.iam.Role(
    name,
    {
      description: `Writes the flow logs of ${name}`,
      assumeRolePolicy: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "vpc-flow-logs.amazonaws.com" },
            Action: "sts:AssumeRole",
            // Only for flow logs of this account: the service is the same for all.
            Condition: {
              StringEquals: { "aws:SourceAccount": vpc.ownerId },
              ArnLike: { "aws:SourceArn": vpc.arn.apply((arn) => arn.replace(/:vpc\/.*$/, ":vpc-flow-log/*")) },
            },
          },
        ],
      },
      tags,
    },
    opts,
  );
  const policy = new aws.iam.RolePolicy(
    name,
    {
      role: role.id,
      policy: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            Resource: [group.arn, pulumi.interpolate`${group.arn}:*`],
          },
          // It is for all groups or none: with the ARN of one it would allow nothing.
          { Effect: "Allow", Action: ["logs:DescribeLogGroups"], Resource: ["*"] },
        ],
      },
    },
    opts,
  );
  new aws.ec2.FlowLog(
    name,
    { vpcId: vpc.id, trafficType: "ALL", logDestinationType: "cloud-watch-logs", logDestination: group.arn, iamRoleArn: role.arn, tags },
    // Before it has the right to write, a flow log would be in error.
    { ...opts, dependsOn: [policy] },
  );
}
