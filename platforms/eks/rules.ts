import { problemsWithEksCluster } from "../../components/rules/eks-cluster.ts";
import { problemsWithNetwork } from "../../components/rules/network.ts";
import type { Problem, Report } from "../../lib/problem.ts";
import { problemsWithPodIdentity } from "../../components/pod-identity.ts";
import type { Configuration } from "../../config/load.ts";
import type { EksSettings } from "../../config/schema/eks.ts";
import type { ServiceSettings } from "../../config/schema/service.ts";
import { hasIngress } from "../../config/schema/service.ts";
import { clusterArgs, networkArgs, nodePlatforms } from "./settings.ts";

type Services = Configuration["services"];

/** What must hold of a stack on EKS. Names of AWS resources begin with `name`. */
export function problemsWithEks(name: string, eks: EksSettings, services: Services): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message) => {
    const isNew = !problems.some((known) => known.message === message && known.path.join() === path.join());
    if (message && isNew) problems.push({ path, message });
  };
  if (eks.stack === undefined) {
    checkCluster(name, eks, report);
    checkExistingNetwork(eks, report);
    checkDomain(eks, report);
    for (const problem of problemsWithHosts(services, eks.domain)) report(problem.path, problem.message);
    for (const problem of problemsWithPlatforms(services, nodePlatforms(eks))) report(problem.path, problem.message);
  } else checkReference(eks, services, report);
  for (const problem of eks.nodeGroups ? problemsWithClasses(services) : []) report(problem.path, problem.message);
  for (const [service, settings] of Object.entries(services)) checkService(name, service, settings, report);
  return problems;
}

/** How arguments of components are called in the stack file. */
const called: Record<string, string> = { accessEntries: "access", flowLogRetentionDays: "logRetentionDays" };
const ofNetwork = ["cidr", "zones", "nat", "interfaceEndpoints", "connectedCidrs"];

function checkCluster(name: string, eks: EksSettings, report: Report): void {
  const network = networkArgs(eks, {});
  const subnetIds = network ? ["of", "Network"] : (eks.network?.privateSubnetIds ?? []);
  const { access } = eks;
  report(["eks", "access"], access === undefined && "is missing; it must be a list, with a ClusterAdmin at least: who deploys");
  for (const { path, message } of problemsWithEksCluster(name, clusterArgs(eks, {}, subnetIds))) {
    const [key = "", ...rest] = path;
    if (key === "accessEntries" && access === undefined) continue;
    if (key === "") report(["eks"], `is called by project and stack; ${message}`);
    else if (key === "subnetIds") report(["eks", "network", "privateSubnetIds"], message);
    else report(["eks", called[key] ?? key, ...rest], message);
  }
  for (const { path, message } of network ? problemsWithNetwork(network) : []) {
    const [key = "", ...rest] = path;
    report(["eks", ...(ofNetwork.includes(String(key)) ? ["network"] : []), called[key] ?? key, ...rest], message);
  }
}

/** A VPC is either made, or there with its subnets. */
function checkExistingNetwork({ network = {} }: EksSettings, report: Report): void {
  const exists = network.vpcId !== undefined;
  for (const key of ["privateSubnetIds", "loadBalancerSubnetIds", "loadBalancerCidrs"] as const) {
    const given = network[key];
    report(["eks", "network", key], !exists && given !== undefined && "is for a VPC that exists; give vpcId, too, or leave it out");
    report(
      ["eks", "network", key],
      exists && given === undefined && "is missing; a VPC that exists is told about by vpcId and its subnets",
    );
  }
  const { loadBalancerSubnetIds: subnets } = network;
  report(
    ["eks", "network", "loadBalancerSubnetIds"],
    exists &&
      subnets !== undefined &&
      subnets.length < 2 &&
      `must be of two zones at least (got ${subnets.length}); a load balancer wants so`,
  );
  for (const key of ofNetwork as (keyof typeof network)[])
    report(["eks", "network", key], exists && network[key] !== undefined && "is for a VPC that is made; leave it out, or leave out vpcId");
}

const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

function checkDomain({ domain, nodeGroups, loadBalancer }: EksSettings, report: Report): void {
  report(
    ["eks", "domain", "name"],
    domain !== undefined &&
      !new RegExp(`^(${label}\\.)+${label}$`).test(domain.name) &&
      `must be a domain in lower case such as example.org (got "${domain.name}")`,
  );
  report(
    ["eks", "loadBalancer"],
    nodeGroups !== undefined && loadBalancer !== undefined && "is of EKS Auto Mode; leave it out, or leave out nodeGroups",
  );
}

const withStack = ["region", "profile", "stack", "deletionProtection", "tags"];

function checkReference(eks: EksSettings, services: Services, report: Report): void {
  const others = Object.keys(eks).filter((key) => !withStack.includes(key));
  for (const key of others)
    report(["eks", key], `is for the stack that has the cluster, "${eks.stack}"; leave it out, or leave out stack to have a cluster here`);
  report(["services"], Object.keys(services).length === 0 && "needs at least one service, where the cluster is another stack's");
}

/** Hosts that have no certificate and no place in the zone. */
export function problemsWithHosts(services: Services, domain: EksSettings["domain"]): Problem[] {
  return hostsOf(services).flatMap(({ path, host }) => {
    const message = problemWithHost(host, domain?.name);
    return message ? [{ path, message }] : [];
  });
}

function problemWithHost(host: string, domain: string | undefined): string | false {
  if (domain === undefined) return `needs eks.domain, for the certificate and the DNS record (got "${host}"); set that, or leave it out`;
  if (host === domain)
    return `must be below ${domain}, such as www.${domain} (got "${host}"): a zone's own name cannot lead to a load balancer by CNAME`;
  if (!host.endsWith(`.${domain}`)) return `must be below ${domain}, which the certificate is for and the zone has (got "${host}")`;
  const first = host.slice(0, -domain.length - 1);
  return first.includes(".") && `must be directly below ${domain}, as the certificate for *.${domain} wants it (got "${host}")`;
}

/** All hosts of services with an Ingress, and where they stand. */
export function hostsOf(services: Services): { service: string; path: Problem["path"]; host: string }[] {
  return Object.entries(services).flatMap(([service, { host, routes = [] }]) => [
    ...(host === undefined ? [] : [{ service, path: ["services", service, "host"], host }]),
    ...routes.map((route, i) => ({ service, path: ["services", service, "routes", i, "host"], host: route.host })),
  ]);
}

/** Images that are made for other processors than the nodes have. */
export function problemsWithPlatforms(services: Services, nodes: string[]): Problem[] {
  return Object.entries(services).flatMap(([name, { platforms }]) => {
    const missing = nodes.filter((platform) => platforms !== undefined && !platforms.includes(platform));
    const message = `must have ${missing.join(" and ")}, which the nodes are (got ${platforms?.join(", ")}); add it, or leave platforms out`;
    return missing.length === 0 ? [] : [{ path: ["services", name, "platforms"], message }];
  });
}

/** Services whose ingress class is not named, or is the one that there is not, where no ingress controller is built in. */
export function problemsWithClasses(services: Services, missing?: string): Problem[] {
  const without = Object.entries(services).filter(([, service]) => hasIngress(service) && service.ingressClassName === missing);
  const message = "is needed on node groups, where no ingress controller is built in; install one and name its class, or use EKS Auto Mode";
  return without.map(([name]) => ({ path: ["services", name, "ingressClassName"], message }));
}

function checkService(stack: string, name: string, settings: ServiceSettings, report: Report): void {
  const at = (...path: Problem["path"]) => ["services", name, ...path];
  for (const key of ["secretName", "clusterIssuer"] as const)
    report(
      at("tls", key),
      settings.ingressClassName === "alb" &&
        settings.tls?.[key] !== undefined &&
        "is not for the class alb, whose certificate is that of eks.domain; leave it out",
    );
  const { aws } = settings;
  if (aws === undefined) return;
  const policyDocument = aws.policyDocument && JSON.stringify(aws.policyDocument);
  const identity = { namespace: "services", serviceAccount: name, policyArns: aws.policyArns, policyDocument };
  for (const { path, message } of problemsWithPodIdentity(`${stack}-${name}`, identity)) {
    if (path[0] !== "serviceAccount") report(at("aws", ...path), message);
  }
}
