import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { NetworkArgs } from "../../network-args.ts";
import { awsDefaults } from "../../aws-defaults.ts";

/** Logs all connections in the VPC, https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html. */
export function createFlowLogs(name: string, vpc: aws.ec2.Vpc, args: NetworkArgs, opts: pulumi.CustomResourceOptions): void {
  const { kmsKeyArn, flowLogRetentionDays = awsDefaults.flowLogRetentionDays, roles, tags } = args;
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
            // The service is shared by all accounts; only flow logs of this account may use the role.
            Condition: {
              StringEquals: { "aws:SourceAccount": vpc.ownerId },
              ArnLike: { "aws:SourceArn": vpc.arn.apply((arn) => arn.replace(/:vpc\/.*$/, ":vpc-flow-log/*")) },
            },
          },
        ],
      },
      ...roles,
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
          // AWS grants this action for all log groups or none: with the ARN of one group it would allow nothing.
          { Effect: "Allow", Action: ["logs:DescribeLogGroups"], Resource: ["*"] },
        ],
      },
    },
    opts,
  );
  new aws.ec2.FlowLog(
    name,
    { vpcId: vpc.id, trafficType: "ALL", logDestinationType: "cloud-watch-logs", logDestination: group.arn, iamRoleArn: role.arn, tags },
    // Without permission to write, the flow log would go into an error state.
    { ...opts, dependsOn: [policy] },
  );
}
