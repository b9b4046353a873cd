import { connect } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { defaultVersion, minorOf } from "../../../components/eks-versions.ts";
import { collect, type Problem } from "../../../lib/problem.ts";
import type { EksSettings } from "../../../config/schema/eks.ts";
import { problemsWithLogGroups } from "../log-groups.ts";
import { tagsOf } from "../settings.ts";
import type { AwsQuery } from "./aws-cli.ts";
import { problemsWithQuotas } from "./quotas.ts";

interface DescribeCluster {
  cluster: { version: string; status?: string; endpoint?: string; tags?: Record<string, string> };
}

/** An existing cluster must belong to this stack, be upgraded one minor version at a time, and be reachable. A new one needs quotas and no log group. */
export async function problemsWithCluster(name: string, stack: string, eks: EksSettings, aws: AwsQuery): Promise<Problem[]> {
  const answer = await aws<DescribeCluster>("eks", "describe-cluster", "--name", name).catch((error: Error) => error);
  if (answer instanceof Error) {
    if (!answer.message.includes("ResourceNotFoundException")) return [];
    return (await Promise.all([problemsWithQuotas(eks, aws), problemsWithLogGroups(name, true, eks, aws)])).flat();
  }
  const { version, endpoint, tags = {} } = answer.cluster;
  const stackTags = Object.entries(tagsOf(pulumi.getProject(), stack, { ...eks, tags: {} }));
  if (stackTags.some(([key, value]) => tags[key] !== value)) {
    const message = `The EKS cluster "${name}" in ${eks.region} already exists and does not belong to this stack. Delete it, or rename the stack`;
    return [{ path: [], message }];
  }
  const [isReachable, logGroups] = await Promise.all([
    endpoint === undefined || accepts(endpoint),
    problemsWithLogGroups(name, false, eks, aws),
  ]);
  const own = collect((report) => {
    report(["eks", "version"], problemWithUpgrade(version, eks.version ?? defaultVersion));
    report([], !isReachable && unreachable(name));
  });
  return [...own, ...logGroups];
}

function problemWithUpgrade(current: string, target: string): string | undefined {
  const [from, to] = [minorOf(current), minorOf(target)];
  if (to < from) return `must be at least ${current}, the version of the cluster (got "${target}"). EKS cannot downgrade`;
  if (to > from + 1)
    return `must be 1.${from + 1} first (got "${target}"). The cluster has ${current}; upgrade one minor version at a time`;
  return undefined;
}

function unreachable(name: string): string {
  return `The Kubernetes API of ${name} is not reachable from this machine. Deploy from its VPC or a connected network, or add your public IP range to eks.endpoint.publicCidrs`;
}

const connectTimeoutSeconds = 5;

/** Whether the server of a URL accepts TCP connections. */
function accepts(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((done) => {
    const socket = connect({ host: hostname, port: Number(port || 443), timeout: connectTimeoutSeconds * 1000 });
    const end = (result: boolean) => {
      socket.destroy();
      done(result);
    };
    socket
      .once("connect", () => end(true))
      .once("timeout", () => end(false))
      .once("error", () => end(false));
  });
}
