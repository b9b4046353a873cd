import { Address4 } from "ip-address";
import { AccessPolicy, AmiType, CapacityType, TaintEffect, type EksClusterArgs } from "../eks-cluster-args.ts";
import { problemWithRegion, problemWithRetention } from "../internal/aws.ts";
import { problemWithKey, problemWithLabelValue, problemWithName } from "../../lib/kubernetes-names.ts";
import { redact } from "../../lib/redact.ts";
import { ifKnown, problemWithNumber, type Problem, type Report } from "../../lib/problem.ts";
import { addonsAfterNodes, addonsBeforeNodes, autoModeAddons } from "../internal/eks/addons.ts";
import { overlaps } from "../../lib/subnets.ts";
import { defaultAmiType, isArm, isArmImage, problemWithInstanceType } from "../instance-types.ts";
import { problemWithVersion } from "../eks-versions.ts";

/** What is wrong with the arguments of an EksCluster, as far as their values are known. Account ids are in no message. */
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

/** Names of IAM roles, 64 characters at most, are the cluster's, up to 8 more of ours and 8 of Pulumi's. */
const longestName = 48;

function checkCluster(name: string, args: EksClusterArgs, report: Report): void {
  const { region, version, subnetIds, kmsKeyArn, logRetentionDays: days, nodeGroups, addonVersions = {} } = args;
  report(
    [],
    (name.length > longestName || !/^[0-9A-Za-z][\w-]*$/.test(name)) &&
      `the name must be 1 to ${longestName} letters, digits, "-" and "_", the first a letter or digit (got "${name}")`,
  );
  const regionProblem = problemWithRegion(region);
  report(["region"], regionProblem);
  report(["version"], ifKnown(version, problemWithVersion));
  const subnets = Array.isArray(subnetIds) ? subnetIds : undefined;
  report(["subnetIds"], subnets && subnets.length < 2 && `must be of two zones at least (got ${subnets.length}); EKS wants so`);
  report(
    ["kmsKeyArn"],
    regionProblem === undefined &&
      typeof kmsKeyArn === "string" &&
      !new RegExp(`^arn:aws(-[a-z]+)*:kms:${region}:\\d{12}:key/[\\w-]+$`).test(kmsKeyArn) &&
      `must be the ARN of a KMS key in ${region}, such as arn:aws:kms:${region}:<account>:key/… (got "${kmsKeyArn}")`,
  );
  report(["logRetentionDays"], problemWithRetention(days));
  const addons: readonly string[] = nodeGroups ? [...addonsBeforeNodes, ...addonsAfterNodes] : autoModeAddons;
  for (const [addon, addonVersion] of Object.entries(addonVersions)) {
    report(["addonVersions", addon], !addons.includes(addon) && `is no add-on of this cluster; it has ${addons.join(", ")}`);
    report(["addonVersions", addon], !/^v\d/.test(addonVersion) && `must be a version such as v1.13.1-eksbuild.1 (got "${addonVersion}")`);
  }
}

/** https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html */
const mostPublicCidrs = 40;

/** Addresses that no request from the internet has; EKS takes none of them. */
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
  report(["endpoint", "publicCidrs"], cidrs.length > mostPublicCidrs && `must be at most ${mostPublicCidrs} (got ${cidrs.length})`);
  for (const [i, cidr] of cidrs.entries())
    report(["endpoint", "publicCidrs", i], problemWithPublicCidr(cidr) ?? problemWithOverlap(cidr, cidrs.slice(0, i)));
}

function problemWithOverlap(cidr: string, before: string[]): string | undefined {
  const other = before.find((range) => overlaps(range, cidr));
  return other && `must not overlap with ${other} (got "${cidr}"); the larger of the two is enough`;
}

function problemWithPublicCidr(cidr: string): string | undefined {
  if (!cidr.includes("/") || !Address4.isValid(cidr)) {
    return `must be an IPv4 range such as 203.0.113.0/24 (got "${cidr}"); a cluster with IPv4 addresses takes no others`;
  }
  const range = new Address4(cidr);
  if (range.subnetMask < 8) return `must be /8 or smaller (got "${cidr}"); name the ranges that you use, never the world`;
  const start = `${range.startAddress().correctForm()}/${range.subnetMask}`;
  if (start !== cidr) return `must begin where a range of its size can (got "${cidr}"); did you mean ${start}?`;
  const reserved = reservedRanges.find((other) => range.isInSubnet(new Address4(other)) || new Address4(other).isInSubnet(range));
  return reserved && `must be public addresses (got "${cidr}"), some of which are reserved; from the VPC the API is reached anyway`;
}

const principal = /^arn:aws(-[a-z]+)*:iam::\d{12}:(role|user)\/(?!aws-service-role\/)[\w+=,.@/-]+$/;

function checkAccess({ accessEntries, kubeconfig }: EksClusterArgs, report: Report): void {
  report(
    ["accessEntries"],
    !accessEntries.some(({ policy, namespaces }) => policy === AccessPolicy.ClusterAdmin && namespaces === undefined) &&
      "must have an entry with the policy ClusterAdmin and without namespaces, the deployer's; nobody else could get in, nor let others in",
  );
  const policies = Object.values(AccessPolicy);
  const seen = new Set<string>();
  for (const [i, { principalArn, policy, namespaces }] of accessEntries.entries()) {
    const path = ["accessEntries", i];
    report(
      [...path, "principalArn"],
      !principal.test(principalArn) &&
        `must be the ARN of an IAM role or user, such as arn:aws:iam::<account>:role/deployer (got "${principalArn}")` +
          (principalArn.includes(":assumed-role/") ? ", which is a session; name its role" : ""),
    );
    report([...path, "policy"], !policies.includes(policy) && `must be ${policies.join(", ")} (got "${policy}")`);
    const key = `${principalArn} ${policy}`;
    report(path, seen.has(key) && `gives ${policy} twice to the same principal; put the namespaces into one entry`);
    seen.add(key);
    report([...path, "namespaces"], namespaces?.length === 0 && "must not be empty; leave it out for the whole cluster");
    for (const [n, namespace] of (namespaces ?? []).entries())
      report([...path, "namespaces", n], problemWithName(namespace.replace(/(?<=.)-?\*$/, "")));
  }
  report(
    ["kubeconfig", "roleArn"],
    kubeconfig?.roleArn !== undefined &&
      !accessEntries.some(({ principalArn }) => principalArn === kubeconfig.roleArn) &&
      `must have an access entry, or the kubeconfig opens nothing; add it to accessEntries (got "${kubeconfig.roleArn}")`,
  );
}

function checkNodeGroups({ nodeGroups, deletionProtection }: EksClusterArgs, report: Report): void {
  if (nodeGroups === undefined) return;
  const groups = Object.values(nodeGroups);
  // What runs the cluster itself tolerates no taints of yours.
  const system = groups.filter(({ taints = [], minSize, desiredSize = minSize }) => taints.length === 0 && desiredSize > 0);
  report(
    ["nodeGroups"],
    system.length === 0 && "must have a group without taints that starts with a node at least, for CoreDNS and the other add-ons",
  );
  report(
    ["nodeGroups"],
    deletionProtection === true &&
      system.length > 0 &&
      system.every(({ capacityType }) => capacityType === CapacityType.Spot) &&
      "must have an ON_DEMAND group without taints in a protected cluster: CoreDNS and the other add-ons are not to go with spot instances",
  );
  for (const [name, group] of Object.entries(nodeGroups)) checkNodeGroup(name, group, report);
}

/** EKS lets a group's name have 63 characters, of which the provider takes 26 for what is unique, and one is a dash. */
const longestGroupName = 36;

function checkNodeGroup(name: string, group: NonNullable<EksClusterArgs["nodeGroups"]>[string], report: Report): void {
  const path = ["nodeGroups", name];
  const oneOf = (key: string, value: string | undefined, values: string[]) =>
    report([...path, key], value !== undefined && !values.includes(value) && `must be ${values.join(", ")} (got "${value}")`);
  report(
    path,
    (name.length > longestGroupName || !/^[0-9A-Za-z][\w-]*$/.test(name)) &&
      `must be named with 1 to ${longestGroupName} letters, digits, "-" and "_", the first a letter or digit`,
  );
  const { instanceTypes, minSize, maxSize, desiredSize, capacityType, diskSize, labels = {}, taints = [], amiType } = group;
  report([...path, "instanceTypes"], instanceTypes.length === 0 && "must have an EC2 instance type at least, such as m8g.large");
  for (const [i, type] of instanceTypes.entries()) report([...path, "instanceTypes", i], problemWithInstanceType(type));
  oneOf("amiType", amiType, Object.values(AmiType));
  const arm = isArmImage(amiType ?? defaultAmiType(instanceTypes));
  const odd = instanceTypes.find((type) => isArm(type) !== arm);
  report(
    [...path, "instanceTypes"],
    odd !== undefined &&
      `must all be of the processor architecture of the image, ${arm ? "ARM" : "x86"} (got "${odd}"); make another group of it`,
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
      !Object.values(TaintEffect).includes(effect) && `must be ${Object.values(TaintEffect).join(", ")} (got "${effect}")`,
    );
  }
}
