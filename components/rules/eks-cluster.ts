import { Address4 } from "ip-address";
import { AccessPolicy, AmiType, CapacityType, TaintEffect, type EksClusterArgs } from "../eks-cluster-args.ts";
import { problemWithRegion, problemWithRetention } from "../internal/aws.ts";
import { problemWithKey, problemWithLabelValue, problemWithName } from "../../lib/kubernetes-names.ts";
import { redact } from "../../lib/redact.ts";
import { ifKnown, problemWithNumber, type Problem, type Report } from "../../lib/problem.ts";
import { addonsOf } from "../eks-addon-names.ts";
import { overlaps } from "../../lib/subnets.ts";
import { checkRoleArgs } from "./role.ts";
import { defaultAmiType, isArm, isArmImage, problemWithInstanceType } from "../instance-types.ts";
import { problemWithVersion } from "../eks-versions.ts";

/** What is wrong with the arguments of an EksCluster, if their values are known. Messages contain no account ids. */
export function problemsWithEksCluster(name: string, args: EksClusterArgs): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message) => {
    if (message) problems.push({ path, message: redact(message) });
  };
  checkCluster(name, args, report);
  checkEndpoint(args, report);
  checkAccess(args, report);
  checkNodeGroups(args, report);
  return problems;
}

/** Names of IAM roles have at most 64 characters: the cluster's name, a suffix of up to 10 characters, and 8 that Pulumi appends. */
const longestName = 46;

function checkCluster(name: string, args: EksClusterArgs, report: Report): void {
  const { region, version, subnetIds, kmsKeyArn, logRetentionDays: days, nodeGroups, addonVersions = {}, containerInsights = false } = args;
  report(
    [],
    (name.length > longestName || !/^[0-9A-Za-z][\w-]*$/.test(name)) &&
      `the name must be 1 to ${longestName} letters, digits, "-" and "_", starting with a letter or digit (got "${name}")`,
  );
  const regionProblem = problemWithRegion(region);
  report(["region"], regionProblem);
  report(["version"], ifKnown(version, problemWithVersion));
  const subnets = Array.isArray(subnetIds) ? subnetIds : undefined;
  report(["subnetIds"], subnets && subnets.length < 2 && `must be at least 2 subnets in different zones (got ${subnets.length})`);
  report(
    ["kmsKeyArn"],
    regionProblem === undefined &&
      typeof kmsKeyArn === "string" &&
      !new RegExp(`^arn:aws(-[a-z]+)*:kms:${region}:\\d{12}:key/[\\w-]+$`).test(kmsKeyArn) &&
      `must be the ARN of a KMS key in ${region}, such as arn:aws:kms:${region}:<account>:key/… (got "${kmsKeyArn}")`,
  );
  report(["logRetentionDays"], problemWithRetention(days));
  checkRoleArgs(args.roles ?? {}, (path, message) => report(["roles", ...path], message));
  const addons = addonsOf({ autoMode: nodeGroups === undefined, containerInsights });
  for (const [addon, addonVersion] of Object.entries(addonVersions)) {
    report(["addonVersions", addon], !addons.includes(addon) && `must be an add-on of this cluster: ${addons.join(", ")} (got "${addon}")`);
    report(
      ["addonVersions", addon],
      !/^v\d/.test(addonVersion) && `must be an add-on version, such as v1.13.1-eksbuild.1 (got "${addonVersion}")`,
    );
  }
}

/** https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html */
const mostPublicCidrs = 40;

/** Ranges that are not public. EKS rejects them. */
const reservedRanges = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "224.0.0.0/3",
];

function checkEndpoint({ endpoint }: EksClusterArgs, report: Report): void {
  const cidrs = endpoint?.publicCidrs ?? [];
  report(
    ["endpoint", "publicCidrs"],
    cidrs.length > mostPublicCidrs && `must have at most ${mostPublicCidrs} ranges (got ${cidrs.length})`,
  );
  for (const [i, cidr] of cidrs.entries())
    report(["endpoint", "publicCidrs", i], problemWithPublicCidr(cidr) ?? problemWithOverlap(cidr, cidrs.slice(0, i)));
  const ranges = endpoint?.privateCidrs ?? [];
  for (const [i, cidr] of ranges.entries())
    report(["endpoint", "privateCidrs", i], problemWithRange(cidr) ?? problemWithOverlap(cidr, ranges.slice(0, i)));
}

function problemWithOverlap(cidr: string, earlier: string[]): string | undefined {
  const other = earlier.find((range) => overlaps(range, cidr));
  return other && `must not overlap with ${other} (got "${cidr}"). Keep only the larger range`;
}

/** What is wrong with an IPv4 range. */
export function problemWithRange(cidr: string): string | undefined {
  if (!cidr.includes("/") || !Address4.isValid(cidr)) {
    return `must be an IPv4 range, such as 203.0.113.0/24 (got "${cidr}")`;
  }
  const range = new Address4(cidr);
  if (range.subnetMask < 8) return `must be /8 or smaller (got "${cidr}"). List only the ranges that need access`;
  const start = `${range.startAddress().correctForm()}/${range.subnetMask}`;
  return start === cidr ? undefined : `must start at its network address (got "${cidr}"). Use ${start}`;
}

function problemWithPublicCidr(cidr: string): string | undefined {
  const problem = problemWithRange(cidr);
  if (problem !== undefined) return problem;
  const range = new Address4(cidr);
  const reserved = reservedRanges.find((other) => range.isInSubnet(new Address4(other)) || new Address4(other).isInSubnet(range));
  return reserved && `must contain only public addresses (got "${cidr}"). Omit it: the VPC can always reach the API`;
}

const principal = /^arn:aws(-[a-z]+)*:iam::\d{12}:(role|user)\/(?!aws-service-role\/)[\w+=,.@/-]+$/;

function checkAccess({ accessEntries, kubeconfig }: EksClusterArgs, report: Report): void {
  report(
    ["accessEntries"],
    !accessEntries.some(({ policy, namespaces }) => policy === AccessPolicy.ClusterAdmin && namespaces === undefined) &&
      "must have an entry with the policy ClusterAdmin and without namespaces. Add the IAM role or user that deploys",
  );
  const policies = Object.values(AccessPolicy);
  const seen = new Set<string>();
  for (const [i, { principalArn, policy, namespaces }] of accessEntries.entries()) {
    const path = ["accessEntries", i];
    report(
      [...path, "principalArn"],
      !principal.test(principalArn) &&
        `must be the ARN of an IAM role or user, such as arn:aws:iam::<account>:role/deployer (got "${principalArn}")` +
          (principalArn.includes(":assumed-role/") ? ". This is a session; use the ARN of its role" : ""),
    );
    report([...path, "policy"], !policies.includes(policy) && `must be one of ${policies.join(", ")} (got "${policy}")`);
    const key = `${principalArn} ${policy}`;
    report(path, seen.has(key) && `must not repeat the policy ${policy} for the same principal. Put all namespaces into one entry`);
    seen.add(key);
    report([...path, "namespaces"], namespaces?.length === 0 && "must not be empty. Omit it for the whole cluster");
    for (const [n, namespace] of (namespaces ?? []).entries())
      report([...path, "namespaces", n], problemWithName(namespace.replace(/(?<=.)-?\*$/, "")));
  }
  report(
    ["kubeconfig", "roleArn"],
    kubeconfig?.roleArn !== undefined &&
      !accessEntries.some(({ principalArn }) => principalArn === kubeconfig.roleArn) &&
      `must have an access entry (got "${kubeconfig.roleArn}"). Add it to accessEntries`,
  );
}

function checkNodeGroups({ nodeGroups, deletionProtection }: EksClusterArgs, report: Report): void {
  if (nodeGroups === undefined) return;
  const groups = Object.values(nodeGroups);
  // The add-ons do not tolerate custom taints.
  const system = groups.filter(({ taints = [], minSize, desiredSize = minSize }) => taints.length === 0 && desiredSize > 0);
  report(
    ["nodeGroups"],
    system.length === 0 && "must have a group that has no taints and starts with at least one node. CoreDNS and other add-ons run there",
  );
  report(
    ["nodeGroups"],
    deletionProtection === true &&
      system.length > 0 &&
      system.every(({ capacityType }) => capacityType === CapacityType.Spot) &&
      "must have an ON_DEMAND group without taints if deletionProtection is true. CoreDNS and other add-ons must not run on Spot Instances only",
  );
  for (const [name, group] of Object.entries(nodeGroups)) checkNodeGroup(name, group, report);
}

/** Names of node groups have at most 63 characters: the name, a dash, and 26 characters that the provider appends. */
const longestGroupName = 36;

function checkNodeGroup(name: string, group: NonNullable<EksClusterArgs["nodeGroups"]>[string], report: Report): void {
  const path = ["nodeGroups", name];
  const oneOf = (key: string, value: string | undefined, values: string[]) =>
    report([...path, key], value !== undefined && !values.includes(value) && `must be one of ${values.join(", ")} (got "${value}")`);
  report(
    path,
    (name.length > longestGroupName || !/^[0-9A-Za-z][\w-]*$/.test(name)) &&
      `the name must be 1 to ${longestGroupName} letters, digits, "-" and "_", starting with a letter or digit`,
  );
  const { instanceTypes, minSize, maxSize, desiredSize, capacityType, diskSize, labels = {}, taints = [], amiType } = group;
  report([...path, "instanceTypes"], instanceTypes.length === 0 && "must have at least one EC2 instance type, such as m8g.large");
  for (const [i, type] of instanceTypes.entries()) report([...path, "instanceTypes", i], problemWithInstanceType(type));
  oneOf("amiType", amiType, Object.values(AmiType));
  const arm = isArmImage(amiType ?? defaultAmiType(instanceTypes));
  const mismatch = instanceTypes.find((type) => isArm(type) !== arm);
  report(
    [...path, "instanceTypes"],
    mismatch !== undefined &&
      `must all have the processor architecture of the machine image, ${arm ? "ARM" : "x86"} (got "${mismatch}"). Move it to another group`,
  );
  report([...path, "minSize"], problemWithNumber(minSize, 0));
  report([...path, "maxSize"], problemWithNumber(maxSize, Math.max(1, minSize)));
  report([...path, "desiredSize"], problemWithNumber(desiredSize, minSize, maxSize));
  oneOf("capacityType", capacityType, Object.values(CapacityType));
  report([...path, "diskSize"], problemWithNumber(diskSize, 20, 16384));
  for (const [key, value] of Object.entries(labels)) {
    report([...path, "labels"], problemWithKey(key));
    report([...path, "labels", key], ifKnown(value, problemWithLabelValue));
  }
  for (const [i, { key, value, effect }] of taints.entries()) {
    report([...path, "taints", i, "key"], problemWithKey(key));
    report([...path, "taints", i, "value"], ifKnown(value, problemWithLabelValue));
    report(
      [...path, "taints", i, "effect"],
      !Object.values(TaintEffect).includes(effect) && `must be one of ${Object.values(TaintEffect).join(", ")} (got "${effect}")`,
    );
  }
}
