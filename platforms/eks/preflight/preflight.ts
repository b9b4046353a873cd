import * as pulumi from "@pulumi/pulumi";
import type { Configuration } from "../../../config/settings.ts";
import type { Problem } from "../../../lib/problem.ts";
import { formatSettingProblem } from "../settings.ts";
import { awsMessage, awsQuery, runAws } from "./aws-cli.ts";
import { problemsWithDeployerAccess, type CallerIdentity } from "./deployer-access.ts";
import { problemsWithCluster } from "./existing-cluster.ts";
import { problemsWithHostedZone } from "./hosted-zone.ts";
import { problemsWithSubnets, problemsWithZones, type DescribeZones } from "./network.ts";
import { problemsWithOfferedVersions } from "./offered-versions.ts";

/**
 * Checks, before anything is created: the AWS CLI, which the kubeconfig and the ECR login need; credentials; the region, its zones and its
 * Kubernetes versions; the hosted zone; the account's quotas; and the deployer's access to the cluster. A preview calls no AWS API, so that
 * it works without credentials. A check that the credentials do not permit (AccessDenied) is skipped, because deploying does not need it.
 */
export async function preflight(configuration: Configuration): Promise<string[]> {
  if (pulumi.runtime.isDryRun() || configuration.eks === undefined) return [];
  return (await problemsWithAccount(configuration)).map(formatSettingProblem);
}

async function problemsWithAccount({ stack, eks }: Configuration): Promise<Problem[]> {
  if (eks === undefined) return [];
  const cli = await problemWithAwsCli();
  if (cli !== undefined) return [{ path: [], message: cli }];
  const aws = awsQuery(eks);
  const identity = await aws<CallerIdentity>("sts", "get-caller-identity").catch((error: Error) => error);
  if (identity instanceof Error) return [noCredentials(identity, eks.profile)];
  const zones = await aws<DescribeZones>("ec2", "describe-availability-zones").catch((error: Error) => error);
  if (zones instanceof Error) return [noRegion(zones, stack, eks.region)];
  // The stack that has the cluster checks the rest.
  if (eks.stack !== undefined) return [];

  const answers = await Promise.all([
    problemsWithCluster(`${pulumi.getProject()}-${stack}`, stack, eks, aws),
    problemsWithOfferedVersions(eks, aws),
    problemsWithHostedZone(eks, aws),
    problemsWithSubnets(eks, aws),
  ]);
  return [problemsWithZones(eks, zones), problemsWithDeployerAccess(eks, identity), ...answers].flat();
}

const install = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";

async function problemWithAwsCli(): Promise<string | undefined> {
  const version = await runAws(["--version"]).catch(() => undefined);
  if (version === undefined) return `aws is missing. The kubeconfig and the ECR login need it. Install the AWS CLI, version 2 (${install})`;
  const [, major] = /aws-cli\/(\d+)\./.exec(version) ?? [];
  if (Number(major) < 2)
    return `aws must be version 2, for the kubeconfig and the ECR login (got version ${major}). Update it (${install})`;
  return undefined;
}

function noCredentials(error: Error, profile: string | undefined): Problem {
  const option = profile === undefined ? "" : ` --profile ${profile}`;
  const message = `AWS does not accept your credentials: ${awsMessage(error)}. Log in (aws sso login${option}, or aws configure${option}), or set eks.profile`;
  return { path: [], message };
}

function noRegion(error: Error, stack: string, region: string): Problem {
  const message = `must be a region that you can use (got "${region}"): ${awsMessage(error)}. Enable it (aws account enable-region), get the permission ec2:DescribeAvailabilityZones, or set another region in stacks/Pulumi.${stack}.yaml`;
  return { path: ["eks", "region"], message };
}
