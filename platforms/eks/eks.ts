import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { EcrRepository } from "../../components/ecr-repository.ts";
import { ecrCredentials } from "../../components/ecr-credentials.ts";
import { identityOf } from "../../lib/aws-arn.ts";
import { createDataKey } from "../../components/data-key.ts";
import { throwIfAny } from "../../lib/problem.ts";
import { restrictedNamespace } from "../../components/restricted-namespace.ts";
import { PodIdentity, type PodIdentityArgs } from "../../components/pod-identity.ts";
import { WebService } from "../../components/web-service.ts";
import type { Configuration, ServiceSettings } from "../../config/load.ts";
import type { EksSettings } from "../../config/schema/eks.ts";
import { hasIngress } from "../../config/schema/service.ts";
import { join, provision, refer, type Facts } from "./ground.ts";
import { hostsOf, problemsWithClasses, problemsWithEks, problemsWithHosts, problemsWithPlatforms } from "./rules.ts";
import { loadBalancerCidrs, nodePlatforms, tagsOf } from "./settings.ts";
import { urlOf, workloadArgs, type Platform, type PlatformModule } from "../platform.ts";

export { preflight } from "./preflight/preflight.ts";

export const mayBeEmpty = true;

/** What goes over a network is compressed. */
export const imageDefaults: PlatformModule["imageDefaults"] = {};

/** Behind a load balancer of AWS: it takes some seconds to notice that a pod goes. */
const shutdown = { sleepSeconds: 20 };

export const withDefaults: PlatformModule["withDefaults"] = (service, { eks = none }) => {
  const platforms = service.source === undefined ? service.platforms : (service.platforms ?? nodePlatforms(eks));
  const built = platforms === undefined ? service : { ...service, platforms };
  if (eks.nodeGroups !== undefined || (hasIngress(service) && (service.ingressClassName ?? "alb") !== "alb")) return built;
  // CoreDNS of EKS Auto Mode is a service of the nodes, and no pods.
  const inside = { ...built, network: { dnsAnywhere: true, ...service.network } };
  if (!hasIngress(service)) return inside;
  return {
    ...inside,
    ingressClassName: "alb",
    tls: service.tls ?? {},
    shutdown: { ...shutdown, ...service.shutdown },
    network: { ingressCidrs: loadBalancerCidrs(eks), ...inside.network },
  };
};

/** Stands for settings that are missing, which is told of by then. */
const none: EksSettings = { region: "" };

export const problemsWith: PlatformModule["problemsWith"] = ({ eks = none }, services) =>
  problemsWithEks(`${pulumi.getProject()}-${pulumi.getStack()}`, eks, services);

/**
 * Kubernetes on AWS: a network, an EKS cluster, a load balancer with a certificate, and for each service a repository, its AWS
 * rights, the workload, and records of its hosts. Or, with `stack`, what services need on the cluster of another stack.
 */
export async function createPlatform({ stack, services, eks = none }: Configuration): Promise<Platform> {
  const name = `${pulumi.getProject()}-${stack}`;
  const tags = tagsOf(pulumi.getProject(), stack, eks);
  const { region, profile, deletionProtection = false } = eks;
  const there = eks.stack === undefined ? undefined : await refer(eks.stack);
  if (there) throwIfAny(problemsHere(there, eks, services), `Stack "${stack}" does not go with the cluster of "${eks.stack}":`);

  const inAws = { provider: new aws.Provider(name, { region, profile }) };
  const kept = { ...inAws, protect: deletionProtection || undefined };
  const kmsKeyArn = createDataKey(name, { region, logGroups: `${name}-flow-logs`, tags }, kept);
  const { kubeconfig, facts, provider, ready } = there ? join(name, there, eks) : provision(name, eks, { tags, kmsKeyArn }, inAws);
  const inCluster = { provider, dependsOn: ready };
  const namespace = restrictedNamespace("services", name, inCluster, readinessGates).metadata.name;
  const named = new Set<string>();

  return {
    registry(service) {
      const args = { repositoryName: `${name}/${service}`, kmsKeyArn, forceDelete: !deletionProtection, tags };
      const { repositoryUrl } = new EcrRepository(service, args, kept);
      return { repository: repositoryUrl, credentials: ecrCredentials(region, profile) };
    },
    imageOptions: {},
    deploy(service, settings, image) {
      const args = { ...workloadArgs(service, services), image, namespace, partOf: pulumi.getProject() };
      const rights = rightsOf(service, settings.aws, { name, namespace, clusterArn: facts.clusterArn, tags }, inAws);
      const { ingressCidrs, destinations = [] } = args.network ?? {};
      const network = {
        ...args.network,
        ingressCidrs: ingressCidrs?.join() === loadBalancerCidrs(eks).join() ? facts.loadBalancerCidrs : ingressCidrs,
        destinations: rights ? [...destinations, ...awsDestinations] : destinations,
      };
      const after = rights ? [...ready, rights] : ready;
      const { address } = new WebService(service, { ...args, network }, { provider, dependsOn: after });
      const { domain } = facts;
      const hosts = address && domain ? hostsOf({ [service]: settings }).map(({ host }) => host) : [];
      for (const host of hosts.filter((host) => !named.has(host))) {
        named.add(host);
        // A name that is there is somebody else's: it is not overwritten.
        const record = { zoneId: domain!.zoneId, name: host, type: "CNAME", ttl: 60, records: [address!] };
        new aws.route53.Record(host, record, inAws);
      }
      return { url: urlOf(settings) };
    },
    outputs: { kubeconfig, platform: facts },
  };
}

/** What of this stack does not go with a cluster that is another stack's, and known only now. */
function problemsHere(facts: Facts & { clusterArn: string }, { region }: EksSettings, services: Configuration["services"]): string[] {
  const { domain, nodePlatforms, autoMode } = facts;
  const { region: there } = identityOf(facts.clusterArn);
  const problems = [
    ...(region === there ? [] : [{ path: ["eks", "region"], message: `must be that of the cluster, ${there} (got "${region}")` }]),
    ...problemsWithHosts(services, domain),
    ...problemsWithPlatforms(services, nodePlatforms),
    ...(autoMode ? [] : problemsWithClasses(services, "alb")),
  ];
  return problems.map(({ path, message }) => `${pulumi.getProject()}:${path.join(".")}: ${message}`);
}

/** Pods count as ready once the load balancer sends to them, https://docs.aws.amazon.com/eks/latest/userguide/auto-elb-example.html. */
const readinessGates = { "eks.amazonaws.com/pod-readiness-gate-inject": "enabled" };

/** What pods with AWS rights reach: the agent that hands out credentials, and AWS, whose addresses are many. */
const awsDestinations = [
  { cidr: "169.254.170.23/32", ports: [80] },
  { cidr: "0.0.0.0/0", ports: [443] },
];

function rightsOf(
  service: string,
  given: ServiceSettings["aws"],
  { name, ...args }: { name: string } & Pick<PodIdentityArgs, "namespace" | "clusterArn" | "tags">,
  opts: pulumi.ComponentResourceOptions,
): PodIdentity | undefined {
  if (given === undefined) return undefined;
  const policyDocument = given.policyDocument && JSON.stringify(given.policyDocument);
  return new PodIdentity(`${name}-${service}`, { ...args, serviceAccount: service, policyArns: given.policyArns, policyDocument }, opts);
}
