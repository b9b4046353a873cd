import { problemsWithEksCluster } from "../../components/rules/eks-cluster.ts";
import { problemsWithNetwork } from "../../components/rules/network.ts";
import type { Problem, Report } from "../../lib/problem.ts";
import { problemsWithPodRights } from "../../components/rules/pod-rights.ts";
import type { Configuration } from "../../config/settings.ts";
import type { EksSettings } from "../../config/schema/eks.ts";
import type { ServiceSettings } from "../../config/schema/service.ts";
import { hasIngress } from "../../config/schema/service.ts";
import { serviceDefaults } from "../../components/web-service-defaults.ts";
import { clusterArgs, networkArgs, nodePlatforms } from "./settings.ts";

type Services = Configuration["services"];

/** What is wrong with the settings of a stack on EKS. `name` is the prefix of the names of AWS resources. */
export function problemsWithEks(name: string, eks: EksSettings, services: Services): Problem[] {
  const problems: Problem[] = [];
  // Several arguments can come from one setting: report its problem once.
  const report: Report = (path, message) => {
    const isNew = !problems.some((known) => known.message === message && known.path.join() === path.join());
    if (message && isNew) problems.push({ path, message });
  };
  if (eks.stack === undefined) {
    checkClusterSettings(name, eks, report);
    checkExistingNetwork(eks, report);
    checkDomain(eks, report);
    for (const problem of problemsWithHosts(services, eks.domain)) report(problem.path, problem.message);
    for (const problem of problemsWithImagePlatforms(services, nodePlatforms(eks))) report(problem.path, problem.message);
  } else checkReference(eks, services, report);
  for (const problem of eks.nodeGroups ? [...problemsWithIngressClasses(services), ...problemsWithNodeGroups(services)] : [])
    report(problem.path, problem.message);
  for (const [service, settings] of Object.entries(services)) checkService(name, service, settings, report);
  return problems;
}

/** Keys of the stack file, by arguments of components that have another name. */
const settingNames: Record<string, string> = { accessEntries: "access", flowLogRetentionDays: "logRetentionDays" };
const networkKeys = ["cidr", "zones", "nat", "interfaceEndpoints", "additionalEndpoints", "connectedCidrs"];

function checkClusterSettings(name: string, eks: EksSettings, report: Report): void {
  const network = networkArgs(eks, {});
  // The subnets of a new network are not known yet, but there are always enough.
  const subnetIds = network ? ["first", "second"] : (eks.network?.privateSubnetIds ?? []);
  const { access } = eks;
  report(["eks", "access"], access === undefined && "is required. Add the IAM role or user that deploys, with the policy ClusterAdmin");
  for (const { path, message } of problemsWithEksCluster(name, clusterArgs(eks, {}, subnetIds))) {
    const [key = "", ...rest] = path;
    if (key === "accessEntries" && access === undefined) continue;
    if (key === "") report(["eks"], `the cluster is named after project and stack; ${message}`);
    else if (key === "subnetIds") report(["eks", "network", "privateSubnetIds"], message);
    else report(["eks", settingNames[key] ?? key, ...rest], message);
  }
  for (const { path, message } of network ? problemsWithNetwork(network) : []) {
    const [key = "", ...rest] = path;
    report(["eks", ...(networkKeys.includes(String(key)) ? ["network"] : []), settingNames[key] ?? key, ...rest], message);
  }
}

/** A VPC is either created, or given with its subnets. */
function checkExistingNetwork({ network = {} }: EksSettings, report: Report): void {
  const exists = network.vpcId !== undefined;
  for (const key of ["privateSubnetIds", "loadBalancerSubnetIds", "loadBalancerCidrs"] as const) {
    const given = network[key];
    report(["eks", "network", key], !exists && given !== undefined && "requires vpcId. Set vpcId, or omit it");
    report(["eks", "network", key], exists && given === undefined && "is required with vpcId. Set it, or omit vpcId");
  }
  const { loadBalancerSubnetIds: subnets } = network;
  report(
    ["eks", "network", "loadBalancerSubnetIds"],
    exists && subnets !== undefined && subnets.length < 2 && `must be at least 2 subnets in different zones (got ${subnets.length})`,
  );
  for (const key of networkKeys as (keyof typeof network)[])
    report(["eks", "network", key], exists && network[key] !== undefined && "is only for a new VPC. Omit it, or omit vpcId");
}

const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

function checkDomain({ domain, nodeGroups, loadBalancer }: EksSettings, report: Report): void {
  report(
    ["eks", "domain", "name"],
    domain !== undefined &&
      !new RegExp(`^(${label}\\.)+${label}$`).test(domain.name) &&
      `must be a lower-case domain, such as example.org (got "${domain.name}")`,
  );
  report(
    ["eks", "loadBalancer"],
    nodeGroups !== undefined && loadBalancer !== undefined && "requires EKS Auto Mode. Omit it, or omit nodeGroups",
  );
}

/** Settings that a stack on the cluster of another stack may have. */
const referenceKeys = ["region", "profile", "stack", "roles", "deletionProtection", "tags"];

function checkReference(eks: EksSettings, services: Services, report: Report): void {
  const others = Object.keys(eks).filter((key) => !referenceKeys.includes(key));
  for (const key of others)
    report(["eks", key], `belongs to the stack with the cluster, "${eks.stack}". Omit it, or omit stack to create a cluster in this stack`);
  report(
    ["services"],
    Object.keys(services).length === 0 && "must have at least one service, because the cluster belongs to another stack",
  );
}

/** Hosts that the certificate and the hosted zone do not cover. */
export function problemsWithHosts(services: Services, domain: EksSettings["domain"]): Problem[] {
  return ingressHosts(services).flatMap(({ path, host }) => {
    const message = problemWithHostInDomain(host, domain?.name);
    return message ? [{ path, message }] : [];
  });
}

function problemWithHostInDomain(host: string, domain: string | undefined): string | false {
  if (domain === undefined)
    return `requires eks.domain, for the certificate and the DNS record (got "${host}"). Set eks.domain, or omit the host`;
  if (host === domain)
    return `must be a subdomain of ${domain}, such as www.${domain} (got "${host}"). The domain itself cannot have a CNAME record`;
  if (!host.endsWith(`.${domain}`))
    return `must be a subdomain of ${domain}, the domain of the certificate and the hosted zone (got "${host}")`;
  const first = host.slice(0, -domain.length - 1);
  return first.includes(".") && `must be directly below ${domain} (got "${host}"). The certificate covers *.${domain} only`;
}

/** All hosts of services with an Ingress, with their paths in the settings. */
export function ingressHosts(services: Services): { service: string; path: Problem["path"]; host: string }[] {
  return Object.entries(services).flatMap(([service, { host, routes = [] }]) => [
    ...(host === undefined ? [] : [{ service, path: ["services", service, "host"], host }]),
    ...routes.map((route, i) => ({ service, path: ["services", service, "routes", i, "host"], host: route.host })),
  ]);
}

/** Images that lack a platform of the nodes. */
export function problemsWithImagePlatforms(services: Services, nodes: string[]): Problem[] {
  return Object.entries(services).flatMap(([name, { platforms }]) => {
    const missing = nodes.filter((platform) => platforms !== undefined && !platforms.includes(platform));
    const message = `must include ${missing.join(" and ")} for the nodes (got ${platforms?.join(", ")}). Add it, or omit platforms`;
    return missing.length === 0 ? [] : [{ path: ["services", name, "platforms"], message }];
  });
}

/**
 * Services on node groups, which have no built-in ingress controller, whose ingress class does not exist.
 *
 * @param missing The class that does not exist. @default - no class is set.
 */
export function problemsWithIngressClasses(services: Services, missing?: string): Problem[] {
  const without = Object.entries(services).filter(([, service]) => hasIngress(service) && service.ingressClassName === missing);
  const message =
    "must be the class of an ingress controller that you install: node groups have none built in. Set its class, or use EKS Auto Mode";
  return without.map(([name]) => ({ path: ["services", name, "ingressClassName"], message }));
}

/** Published ports of services on node groups, which have no controller for Network Load Balancers. */
export function problemsWithNodeGroups(services: Services): Problem[] {
  const message = "requires EKS Auto Mode, which creates its load balancer. Remove it, or omit eks.nodeGroups";
  return Object.entries(services).flatMap(([name, { publish }]) =>
    publish === undefined ? [] : [{ path: ["services", name, "publish"], message }],
  );
}

function checkPublish({ publish = {}, probes }: ServiceSettings, report: Report): void {
  const { kind = serviceDefaults.probeKind } = probes ?? {};
  for (const [name, { sourceRanges, protocol, port }] of Object.entries(publish)) {
    const [other] = Object.entries(publish).find(([, one]) => one.port === port)!;
    report(
      ["publish", name, "port"],
      other !== name && `must differ from that of ${other} (got ${port}): the load balancer serves a port over TCP or UDP, not both`,
    );
    report(
      ["publish", name, "sourceRanges"],
      sourceRanges === undefined && "is required: the IP ranges of the clients, such as 203.0.113.0/24, or 0.0.0.0/0 for everyone",
    );
    report(
      ["publish", name, "protocol"],
      protocol === "UDP" &&
        (kind === "exec" || kind === "none") &&
        `is UDP, and the load balancer checks its targets over TCP or HTTP, which the service does not answer (probes.kind is ${kind}). Set probes.kind: http or tcp`,
    );
  }
}

function checkService(stack: string, name: string, settings: ServiceSettings, report: Report): void {
  const pathOf = (...path: Problem["path"]) => ["services", name, ...path];
  for (const key of ["secretName", "clusterIssuer"] as const)
    report(
      pathOf("tls", key),
      settings.ingressClassName === "alb" &&
        settings.tls?.[key] !== undefined &&
        "must be omitted for the ingress class alb, which uses the certificate of eks.domain",
    );
  checkPublish(settings, (path, message) => report(pathOf(...path), message));
  const { aws } = settings;
  if (aws === undefined) return;
  const policyDocument = aws.policyDocument && JSON.stringify(aws.policyDocument);
  const identity = { namespace: "services", serviceAccount: name, policyArns: aws.policyArns, policyDocument };
  for (const { path, message } of problemsWithPodRights(`${stack}-${name}`, identity)) {
    if (path[0] !== "serviceAccount") report(pathOf("aws", ...path), message);
  }
}
