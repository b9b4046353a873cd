import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { EksAddOns } from "../../components/eks-add-ons.ts";
import { EksCluster } from "../../components/eks-cluster.ts";
import { identityOf } from "../../lib/aws-arn.ts";
import { kubeconfig } from "../../components/eks-kubeconfig.ts";
import { UserError } from "../../lib/user-error.ts";
import { Network } from "../../components/network.ts";
import { TlsCertificate } from "../../components/tls-certificate.ts";
import type { EksSettings } from "../../config/schema/eks.ts";
import { clusterArgs, loadBalancerCidrs, networkArgs, nodePlatforms, schemeOf } from "./settings.ts";

/** What services stand on: of this stack, or of another one. */
export interface Ground {
  kubeconfig: pulumi.Output<string>;
  facts: Facts;
  provider: k8s.Provider;
  /** What services come after, and go before. */
  ready: pulumi.Resource[];
}

/** What a stack with a cluster puts out for the stacks of services. None of it is secret. */
export interface Facts {
  clusterArn: pulumi.Input<string>;
  /** URL of the Kubernetes API. */
  endpoint: pulumi.Input<string>;
  /** The authority that its certificate is from, in Base64. */
  certificateAuthority: pulumi.Input<string>;
  /** Whether it is of EKS Auto Mode, which makes load balancers. */
  autoMode: boolean;
  /** Ranges that the load balancer's requests come from. */
  loadBalancerCidrs: string[];
  /** Platforms of images that the nodes run. */
  nodePlatforms: string[];
  domain?: { name: string; zoneId: string };
}

interface Given {
  tags: Record<string, string>;
  kmsKeyArn: pulumi.Input<string>;
}

/** A network (or the one that exists), a cluster in it, and, in the cluster, what services need. */
export function provision(name: string, eks: EksSettings, { tags, kmsKeyArn }: Given, inAws: pulumi.ComponentResourceOptions): Ground {
  const { domain, nodeGroups, deletionProtection, loadBalancer = {} } = eks;
  const autoMode = nodeGroups === undefined;
  const ofNetwork = networkArgs(eks, tags);
  const network = ofNetwork && new Network(name, { ...ofNetwork, kmsKeyArn }, inAws);
  const subnetIds = network?.privateSubnetIds ?? eks.network?.privateSubnetIds ?? [];
  const cluster = new EksCluster(name, clusterArgs(eks, tags, subnetIds), { ...inAws, dependsOn: network ? [network] : [] });
  if (network && !eks.endpoint?.publicCidrs?.length && !eks.network?.connectedCidrs?.length) void pulumi.log.warn(outOfReach, cluster);
  const settings = { ...providerSettings, kubeconfig: cluster.kubeconfig, clusterIdentifier: name, upsertExistingObjects: true };
  const provider = new k8s.Provider(name, settings, { dependsOn: [cluster] });

  const hosts = domain ? [domain.name, `*.${domain.name}`] : [];
  const certificate = domain && autoMode ? new TlsCertificate(name, { hosts, zoneId: domain.zoneId, tags }, inAws) : undefined;
  const forAll = {
    ...loadBalancer,
    scheme: schemeOf(eks),
    certificateArns: certificate ? [certificate.arn] : [],
    deletionProtection: loadBalancer.deletionProtection ?? deletionProtection,
    subnetIds: eks.network?.loadBalancerSubnetIds,
  };
  const addOns = new EksAddOns(name, { autoMode, loadBalancer: autoMode ? forAll : undefined, tags }, { provider });
  const { arn: clusterArn, endpoint, certificateAuthority } = cluster;
  const known = { autoMode, loadBalancerCidrs: loadBalancerCidrs(eks), nodePlatforms: nodePlatforms(eks), domain };
  return { kubeconfig: cluster.kubeconfig, facts: { clusterArn, endpoint, certificateAuthority, ...known }, provider, ready: [addOns] };
}

const outOfReach =
  "The Kubernetes API is reached from the new VPC alone: who deploys must be in it. Set eks.endpoint.publicCidrs to their way out, or connect the VPC with their network and say so by eks.network.connectedCidrs.";

/** Facts of a stack that is up. */
type Known = Facts & Record<"clusterArn" | "endpoint" | "certificateAuthority", string>;

/** What another stack says of its cluster: plain values, so that they can be checked before anything is registered. */
export async function refer(stack: string): Promise<Known> {
  const { value: facts } = await new pulumi.StackReference(stack).getOutputDetails("platform");
  if (isKnown(facts)) return facts;
  throw new UserError(
    `slipway:eks.stack: must be a stack of Slipway with a cluster that is up (got "${stack}"), which has no such output "platform". Bring it up first, or mend the name (pulumi stack ls --all)`,
  );
}

/** Services on the cluster of another stack, which is asked as whom this one says. */
export function join(name: string, facts: Known, { region, profile }: EksSettings): Ground {
  const { clusterArn, endpoint, certificateAuthority } = facts;
  const { cluster } = identityOf(clusterArn);
  const config = pulumi.secret(kubeconfig({ cluster, endpoint, certificateAuthority, region, profile }));
  // What is there already is not taken over: it may be another stack's.
  const settings = { ...providerSettings, kubeconfig: config, clusterIdentifier: clusterArn, upsertExistingObjects: false };
  return { kubeconfig: config, facts, provider: new k8s.Provider(name, settings), ready: [] };
}

const providerSettings = {
  // Changed in place: a replaced ConfigMap or Secret is missing for a moment.
  enableConfigMapMutable: true,
  enableSecretMutable: true,
  enablePatchForce: true,
};

function isKnown(output: unknown): output is Known {
  const { loadBalancerCidrs, nodePlatforms, ...facts } = (output ?? {}) as Partial<Record<keyof Facts, unknown>>;
  const texts = [facts.clusterArn, facts.endpoint, facts.certificateAuthority];
  return texts.every((text) => typeof text === "string") && Array.isArray(loadBalancerCidrs) && Array.isArray(nodePlatforms);
}
