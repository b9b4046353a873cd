import { connect } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { defaultVersion } from "../../../components/eks-versions.ts";
import type { EksSettings } from "../../../config/schema/eks.ts";
import { networkArgs, tagsOf } from "../settings.ts";
import type { Ask } from "./ask.ts";

interface Described {
  cluster: { version: string; status?: string; endpoint?: string; tags?: Record<string, string> };
}

/** One that is there must be this stack's, and its version goes up one at a time; for a new one there must be room. */
export async function ofCluster(name: string, stack: string, eks: EksSettings, ask: Ask): Promise<string[]> {
  const there = await ask<Described>("eks", "describe-cluster", "--name", name).catch((error: Error) => error);
  if (there instanceof Error) return there.message.includes("ResourceNotFoundException") ? ofQuotas(eks, ask) : [];
  const { version, endpoint, tags = {} } = there.cluster;
  const ours = Object.entries(tagsOf(pulumi.getProject(), stack, { ...eks, tags: {} }));
  if (ours.some(([key, value]) => tags[key] !== value))
    return [
      `There is an EKS cluster "${name}" in ${eks.region}, and it is not of this stack. Delete it where it was made, or call the stack otherwise`,
    ];
  const [from, to] = [minorOf(version), minorOf(eks.version ?? defaultVersion)];
  const got = `got "${eks.version ?? defaultVersion}"`;
  return [
    to < from && `eks.version: must not be below ${version}, which the cluster has, ${got}; EKS cannot go back`,
    to > from + 1 && `eks.version: must be 1.${from + 1} next, for the cluster has ${version}, ${got}; go one at a time`,
    endpoint !== undefined && !(await answers(endpoint)) && unreachable(name),
  ].filter((problem) => typeof problem === "string");
}

function unreachable(name: string): string {
  return `The Kubernetes API of ${name} does not answer here. Deploy from its VPC or a network that is connected to it, or add your way out to eks.endpoint.publicCidrs`;
}

/** Seconds that a connection may take. */
const patienceSeconds = 5;

function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((done) => {
    const socket = connect({ host: hostname, port: Number(port || 443), timeout: patienceSeconds * 1000 });
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

function minorOf(version: string): number {
  return Number(version.split(".")[1]);
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
async function ofQuotas(eks: EksSettings, ask: Ask): Promise<string[]> {
  const network = networkArgs(eks, {});
  if (network === undefined) return [];
  const { nat = "single", zones } = network;
  const addresses = { none: 0, single: 1, perAz: zones.length, regional: 0 }[nat];
  const quotas = [
    { what: "VPCs", needed: 1, list: ["describe-vpcs", "Vpcs"], service: "vpc", code: "L-F678F1CE" },
    { what: "Elastic IP addresses", needed: addresses, list: ["describe-addresses", "Addresses"], service: "ec2", code: "L-0263D0A3" },
  ];
  const found = quotas.map(async ({ what, needed, list: [operation = "", key = ""], service, code }) => {
    const used = (await ask<Record<string, unknown[]>>("ec2", operation))[key]?.length ?? 0;
    const quota = ["service-quotas", "get-service-quota", "--service-code", service, "--quota-code", code];
    const most = (await ask<{ Quota: { Value: number } }>(...quota)).Quota.Value;
    if (used + needed <= most) return [];
    const request = `aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${used + needed} --region ${eks.region}`;
    return [`${what} in ${eks.region}: ${needed} more needed, ${used} of ${most} are used. Delete some, or ask for more: ${request}`];
  });
  return (await Promise.all(found.map((problems) => problems.catch(() => [])))).flat();
}

export async function ofVersion({ version = defaultVersion, region }: EksSettings, ask: Ask): Promise<string[]> {
  const answer = ask<{ clusterVersions: { clusterVersion: string }[] }>("eks", "describe-cluster-versions");
  const offered = (await answer.catch(() => undefined))?.clusterVersions.map(({ clusterVersion }) => clusterVersion);
  if (offered === undefined || offered.includes(version)) return [];
  return [`eks.version: is not offered in ${region} (got "${version}"); there are ${offered.sort().join(", ")}`];
}
