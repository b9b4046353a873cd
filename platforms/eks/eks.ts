import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { EcrRepository } from "../../components/ecr-repository.ts";
import { ecrCredentials } from "../../components/ecr-credentials.ts";
import { regionOf } from "../../lib/aws-arn.ts";
import { createDataKey } from "../../components/data-key.ts";
import { throwIfAny, type Problem } from "../../lib/problem.ts";
import { Job } from "../../components/job.ts";
import { servicesNamespace } from "../../components/services-namespace.ts";
import { PodIdentity, type PodIdentityArgs } from "../../components/pod-identity.ts";
import { LoadBalancerScheme } from "../../components/eks-load-balancer-args.ts";
import { loadBalancerAnnotation, nlbClass, WebService, type PublishingArgs } from "../../components/web-service.ts";
import type { Configuration, ServiceSettings } from "../../config/settings.ts";
import type { EksSettings } from "../../config/schema/eks.ts";
import { hasIngress } from "../../config/schema/service.ts";
import { connectToCluster, createCluster, readSharedCluster, type ClusterFacts, type KnownClusterFacts } from "./target-cluster.ts";
import {
  ingressHosts,
  problemsWithEks,
  problemsWithHosts,
  problemsWithImagePlatforms,
  problemsWithIngressClasses,
  problemsWithNodeGroups,
} from "./rules.ts";
import { formatSettingProblem, loadBalancerCidrs, nodePlatforms, tagsOf } from "./settings.ts";
import { addressesOf } from "../published-ports.ts";
import { awaitAtLeastSeconds, loadBalancerShutdown, nlbAnnotations, readinessGate } from "../aws-load-balancer.ts";
import { HelperImage, jobArgs, urlOf, workloadArgs, type Platform, type PlatformModule } from "../platform.ts";

export { preflight } from "./preflight/preflight.ts";

export const mayBeEmpty = true;

/** Images are pushed over a network, so their layers are compressed. */
export const imageDefaults: PlatformModule["imageDefaults"] = () => ({});

export const withDefaults: PlatformModule["withDefaults"] = (service, { eks = missingSettings }) => {
  const platforms = service.source === undefined ? service.platforms : (service.platforms ?? nodePlatforms(eks));
  const withPlatforms = platforms === undefined ? service : { ...service, platforms };
  if (eks.nodeGroups !== undefined) return withPlatforms;
  const isBehindAlb = hasIngress(service) && (service.ingressClassName ?? "alb") === "alb";
  const behindLoadBalancer = (isBehindAlb || service.publish !== undefined) && {
    shutdown: { ...loadBalancerShutdown, ...service.shutdown },
    network: { ingressCidrs: loadBalancerCidrs(eks), ...service.network },
  };
  if (hasIngress(service) && !isBehindAlb) return { ...withPlatforms, ...behindLoadBalancer };
  // In EKS Auto Mode, CoreDNS runs on the nodes as a system service, not in pods.
  const network = { dnsAnywhere: true, ...(behindLoadBalancer ? behindLoadBalancer.network : service.network) };
  return {
    ...withPlatforms,
    ...behindLoadBalancer,
    network,
    ...(isBehindAlb && { ingressClassName: "alb", tls: service.tls ?? {} }),
  };
};

/** Replaces missing settings, which the schema has reported already. */
const missingSettings: EksSettings = { region: "" };

export const problemsWith: PlatformModule["problemsWith"] = ({ eks = missingSettings }, services) =>
  problemsWithEks(`${pulumi.getProject()}-${pulumi.getStack()}`, eks, services);

/**
 * Kubernetes on AWS: a network, an EKS cluster, a load balancer with a certificate, and for each service a repository, its AWS permissions,
 * the workload, and DNS records for its hosts. With `stack`, only the resources of services, on the cluster of another stack.
 */
export async function createPlatform(configuration: Configuration): Promise<Platform> {
  const { stack, services, jobs, eks = missingSettings, supplyChain } = configuration;
  const name = `${pulumi.getProject()}-${stack}`;
  const tags = tagsOf(pulumi.getProject(), stack, eks);
  const { region, profile, deletionProtection = false } = eks;
  const shared = eks.stack === undefined ? undefined : await readSharedCluster(eks.stack);
  if (shared)
    throwIfAny(
      problemsWithSharedCluster(shared, eks, services).map(formatSettingProblem),
      `Stack "${stack}" does not fit the cluster of stack "${eks.stack}":`,
    );

  const awsOptions = { provider: new aws.Provider(name, { region, profile }) };
  const protectedOptions = { ...awsOptions, protect: deletionProtection || undefined };
  const kmsKeyArn = createDataKey(name, { region, logGroups: `${name}-flow-logs`, tags }, protectedOptions);
  const { kubeconfig, facts, provider, dependencies } = shared
    ? connectToCluster(name, shared, eks)
    : createCluster(name, eks, { tags, kmsKeyArn }, awsOptions);
  const clusterOptions = { provider, dependsOn: dependencies };
  const namespace = servicesNamespace(
    "services",
    { name, services: [...Object.values(services), ...Object.values(jobs)], labels: readinessGate.autoMode },
    clusterOptions,
  ).metadata.name;
  const hostsWithRecord = new Set<string>();

  const registry = (service: string) => {
    const args = { repositoryName: `${name}/${service}`, kmsKeyArn, forceDelete: !deletionProtection, tags };
    const { repositoryUrl } = new EcrRepository(service, args, protectedOptions);
    return { repository: repositoryUrl, credentials: ecrCredentials(region, profile) };
  };
  const helper = new HelperImage(registry, { supplyChain, platforms: facts.nodePlatforms }, {});

  return {
    registry,
    imageOptions: {},
    deploy(service, settings, image, after = []) {
      const args = { ...workloadArgs(service, { services, jobs }), image, namespace, partOf: pulumi.getProject() };
      const identity = createIdentity(
        service,
        settings.aws,
        { name, namespace, clusterArn: facts.clusterArn, roles: eks.roles, tags },
        awsOptions,
      );
      const { ingressCidrs, destinations = [] } = args.network ?? {};
      const network = {
        ...args.network,
        ingressCidrs: ingressCidrs?.join() === loadBalancerCidrs(eks).join() ? facts.loadBalancerCidrs : ingressCidrs,
        destinations: identity ? [...destinations, ...awsDestinations] : destinations,
      };
      const dependsOn = [...dependencies, ...(identity ? [identity] : []), ...after];
      const publishing = settings.publish && nlb(facts, tags);
      const ingressAnnotations = hasIngress(settings) ? { ...loadBalancerAnnotations(facts), ...args.ingressAnnotations } : undefined;
      const resource = new WebService(
        service,
        { ...args, network, publishing, ingressAnnotations, awaitAtLeastSeconds },
        { provider, dependsOn },
      );
      const { address, publishedAddress } = resource;
      const { domain } = facts;
      const hosts = address && domain ? ingressHosts({ [service]: settings }).map(({ host }) => host) : [];
      for (const host of hosts.filter((host) => !hostsWithRecord.has(host))) {
        hostsWithRecord.add(host);
        // An existing record belongs to somebody else and is not overwritten.
        const record = { zoneId: domain!.zoneId, name: host, type: "CNAME", ttl: 60, records: [address!] };
        new aws.route53.Record(host, record, awsOptions);
      }
      return { url: urlOf(settings), addresses: publishedAddress && addressesOf(settings, publishedAddress), resource };
    },
    deployJob(job, settings, image, after = []) {
      const identity = createIdentity(
        job,
        settings.aws,
        { name, namespace, clusterArn: facts.clusterArn, roles: eks.roles, tags },
        awsOptions,
      );
      const args = { ...jobArgs(job, { services, jobs }, helper), image, namespace, partOf: pulumi.getProject() };
      const destinations = [...(args.network?.destinations ?? []), ...(identity ? awsDestinations : [])];
      const dependsOn = [...dependencies, ...(identity ? [identity] : []), ...after];
      return new Job(job, { ...args, network: { ...args.network, destinations } }, { provider, dependsOn });
    },
    outputs: { kubeconfig, platform: facts },
  };
}

/** What does not fit the cluster of another stack, whose facts are known only when the program runs. */
function problemsWithSharedCluster(facts: KnownClusterFacts, { region }: EksSettings, services: Configuration["services"]): Problem[] {
  const { domain, nodePlatforms, autoMode } = facts;
  const clusterRegion = regionOf(facts.clusterArn);
  return [
    ...(region === clusterRegion
      ? []
      : [{ path: ["eks", "region"], message: `must be the region of the cluster, ${clusterRegion} (got "${region}")` }]),
    ...problemsWithHosts(services, domain),
    ...problemsWithImagePlatforms(services, nodePlatforms),
    ...(autoMode ? [] : [...problemsWithIngressClasses(services, "alb"), ...problemsWithNodeGroups(services)]),
  ];
}

/** What AWS replaces the load balancer for. None by default, so that the annotation appears with the first change. */
function loadBalancerAnnotations({ loadBalancer, autoMode }: ClusterFacts): Record<string, string> {
  const { scheme = LoadBalancerScheme.InternetFacing, subnetIds = [] } = loadBalancer ?? {};
  if (!autoMode || (scheme === LoadBalancerScheme.InternetFacing && subnetIds.length === 0)) return {};
  return { [loadBalancerAnnotation]: [scheme, ...subnetIds].join(",") };
}

/** A Network Load Balancer of EKS Auto Mode, https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-nlb.html. */
function nlb({ loadBalancer }: ClusterFacts, tags: Record<string, string>): PublishingArgs {
  return { loadBalancerClass: nlbClass, annotations: nlbAnnotations({ ...loadBalancer, tags }) };
}

/** Egress of pods with AWS permissions: the Pod Identity agent, and AWS, which has no fixed address ranges. */
const awsDestinations = [
  { cidr: "169.254.170.23/32", ports: [80] },
  { cidr: "0.0.0.0/0", ports: [443] },
];

function createIdentity(
  service: string,
  permissions: ServiceSettings["aws"],
  { name, ...args }: { name: string } & Pick<PodIdentityArgs, "namespace" | "clusterArn" | "roles" | "tags">,
  opts: pulumi.ComponentResourceOptions,
): PodIdentity | undefined {
  if (permissions === undefined) return undefined;
  const policyDocument = permissions.policyDocument && JSON.stringify(permissions.policyDocument);
  return new PodIdentity(
    `${name}-${service}`,
    { ...args, serviceAccount: service, policyArns: permissions.policyArns, policyDocument },
    opts,
  );
}
