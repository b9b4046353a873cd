import * as pulumi from "@pulumi/pulumi";
import { command } from "../../../lib/command.ts";
import type { Configuration } from "../../../config/load.ts";
import { inAccess, type Identity } from "./access.ts";
import { said, type Ask } from "./ask.ts";
import { ofCluster, ofVersion } from "./cluster.ts";
import { inZones, ofDomain, ofSubnets, type Zones } from "./network.ts";

/**
 * Before anything is created: the AWS CLI that the kubeconfig and the registry need, credentials, the region and its zones, the
 * version, the hosted zone, room in the account's quotas; and that who deploys will get into the cluster. A preview asks nothing: it
 * works without credentials. Whatever may not be asked (AccessDenied) is passed over, for it is not needed to deploy.
 */
export async function preflight({ stack, eks }: Configuration): Promise<string[]> {
  if (pulumi.runtime.isDryRun() || eks === undefined) return [];
  const { region, profile } = eks;
  const options = ["--region", region, ...(profile === undefined ? [] : ["--profile", profile])];
  const run = (args: string[]) => command("aws", args, { env: { AWS_PAGER: "" }, timeoutSeconds: 60, lines: 3 });
  const ask: Ask = async (...args) => JSON.parse(await run([...args, ...options, "--output", "json"])) as never;

  const version = await run(["--version"]).catch(() => undefined);
  if (version === undefined) return [noProgram];
  const [, major] = /aws-cli\/(\d+)\./.exec(version) ?? [];
  if (Number(major) < 2) return [`aws is version ${major}, and 2 is needed for kubeconfigs and logins to ECR. Update it: ${install}`];
  const identity = await ask<Identity>("sts", "get-caller-identity").catch((error: Error) => error);
  if (identity instanceof Error) return [noCredentials(identity, profile)];
  const zones = await ask<Zones>("ec2", "describe-availability-zones").catch((error: Error) => error);
  if (zones instanceof Error) return [noRegion(zones, stack, region)];
  if (eks.stack !== undefined) return [];

  const name = `${pulumi.getProject()}-${stack}`;
  const asked = await Promise.all([ofCluster(name, stack, eks, ask), ofVersion(eks, ask), ofDomain(eks, ask), ofSubnets(eks, ask)]);
  const problems = [inZones(eks, zones), inAccess(eks, identity), ...asked].flat();
  return problems.map((problem) => (problem.startsWith("eks.") ? `${pulumi.getProject()}:${problem}` : problem));
}

const install = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";
const noProgram = `aws is missing, the program that the kubeconfig and logins to ECR need. Install the AWS CLI, version 2: ${install}`;

function noCredentials(error: Error, profile: string | undefined): string {
  const option = profile === undefined ? "" : ` --profile ${profile}`;
  return `AWS does not know who you are: ${said(error)}. Log in (aws sso login${option}, or aws configure${option}), or set eks.profile`;
}

function noRegion(error: Error, stack: string, region: string): string {
  return `${pulumi.getProject()}:eks.region: cannot be used (got "${region}"): ${said(error)}. Enable it (aws account enable-region), have the right ec2:DescribeAvailabilityZones, or set another in stacks/Pulumi.${stack}.yaml`;
}
