import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { EksAddOns } from "../../components/eks-add-ons.ts";
import { EksCluster } from "../../components/eks-cluster.ts";
import type { LoadBalancerScheme } from "../../components/eks-load-balancer-args.ts";
import { kubeconfig } from "../../components/eks-kubeconfig.ts";
import { Network } from "../../components/network.ts";
import { TlsCertificate } from "../../components/tls-certificate.ts";
import { identityOf } from "../../lib/aws-arn.ts";
import { UserError } from "../../lib/user-error.ts";
import type { EksSettings } from "../../config/schema/eks.ts";
import { clusterArgs, formatSettingProblem, loadBalancerCidrs, networkArgs, nodePlatforms, schemeOf } from "./settings.ts";

/** The cluster that services are deployed to: created by this stack, or shared by another one. */
export interface TargetCluster {
  kubeconfig: pulumi.Output<string>;
  facts: ClusterFacts;
  provider: k8s.Provider;
  /** Resources that services must depend on. */
  dependencies: pulumi.Resource[];
}

/** The stack output `platform`: what other stacks need to deploy services to the cluster. It contains no secrets. */
export interface ClusterFacts {
  clusterArn: pulumi.Input<string>;
  /** URL of the Kubernetes API. */
  endpoint: pulumi.Input<string>;
  /** Certificate authority of the Kubernetes API, in Base64. */
  certificateAuthority: pulumi.Input<string>;
  /** Whether the cluster uses EKS Auto Mode, which creates load balancers. */
  autoMode: boolean;
  /** Source ranges of the load balancer's requests. */
  loadBalancerCidrs: string[];
  /** Where load balancers are created. @default - as the cluster does: internet-facing, in the subnets with its tags */
  loadBalancer?: { scheme: LoadBalancerScheme; subnetIds?: string[] };
  /** Image platforms of the nodes, such as `linux/amd64`. */
  nodePlatforms: string[];
  /** Domain of the certificate and the hosted zone. */
  domain?: { name: string; zoneId: string };
}

/** Facts of a deployed stack, whose outputs are known. */
export type KnownClusterFacts = ClusterFacts & Record<"clusterArn" | "endpoint" | "certificateAuthority", string>;

interface SharedArgs {
  tags: Record<string, string>;
  kmsKeyArn: pulumi.Input<string>;
}

/** Creates a network (unless a VPC is given), a cluster in it, and the Kubernetes objects that services need. */
export function createCluster(
  name: string,
  eks: EksSettings,
  { tags, kmsKeyArn }: SharedArgs,
  awsOptions: pulumi.ComponentResourceOptions,
): TargetCluster {
  const { domain, nodeGroups, deletionProtection, loadBalancer = {} } = eks;
  const autoMode = nodeGroups === undefined;
  const newNetwork = networkArgs(eks, tags);
  const network = newNetwork && new Network(name, { ...newNetwork, kmsKeyArn }, awsOptions);
  const subnetIds = network?.privateSubnetIds ?? eks.network?.privateSubnetIds ?? [];
  const cluster = new EksCluster(name, clusterArgs(eks, tags, subnetIds), { ...awsOptions, dependsOn: network ? [network] : [] });
  const { publicCidrs = [], privateCidrs = [] } = eks.endpoint ?? {};
  const reachable = [...publicCidrs, ...privateCidrs, ...(eks.network?.connectedCidrs ?? [])];
  if (reachable.length === 0) void pulumi.log.warn(network ? privateApi : privateApiInExistingVpc, cluster);
  const settings = { ...providerSettings, kubeconfig: cluster.kubeconfig, clusterIdentifier: name, upsertExistingObjects: true };
  const provider = new k8s.Provider(name, settings, { dependsOn: [cluster] });

  const hosts = domain ? [domain.name, `*.${domain.name}`] : [];
  const certificate = domain && autoMode ? new TlsCertificate(name, { hosts, zoneId: domain.zoneId, tags }, awsOptions) : undefined;
  const loadBalancerArgs = {
    ...loadBalancer,
    scheme: schemeOf(eks),
    certificateArns: certificate ? [certificate.arn] : [],
    deletionProtection: loadBalancer.deletionProtection ?? deletionProtection,
    subnetIds: eks.network?.loadBalancerSubnetIds,
  };
  const addOns = new EksAddOns(name, { autoMode, loadBalancer: autoMode ? loadBalancerArgs : undefined, tags }, { provider });
  const { arn: clusterArn, endpoint, certificateAuthority } = cluster;
  const { scheme, subnetIds: loadBalancerSubnetIds } = loadBalancerArgs;
  const known = {
    autoMode,
    loadBalancerCidrs: loadBalancerCidrs(eks),
    loadBalancer: { scheme, ...(loadBalancerSubnetIds && { subnetIds: loadBalancerSubnetIds }) },
    nodePlatforms: nodePlatforms(eks),
    domain,
  };
  const facts = { clusterArn, endpoint, certificateAuthority, ...known };
  return { kubeconfig: cluster.kubeconfig, facts, provider, dependencies: [addOns] };
}

const privateApiInExistingVpc =
  "The Kubernetes API is reachable only from the cluster's own nodes, and the deployment needs it. Set eks.endpoint.privateCidrs to the range of the VPC, if the deployment runs in it, or eks.endpoint.publicCidrs to the public IP range of the deployer.";

const privateApi =
  "The Kubernetes API is reachable only from the new VPC, and the deployment needs it. Set eks.endpoint.publicCidrs to the public IP range of the deployer, or connect the VPC with the deployer's network and add that network to eks.network.connectedCidrs.";

/**
 * Reads the facts of another stack's cluster. They are plain values, so that they can be checked before any resource is registered.
 *
 * @throws UserError if the stack has no cluster.
 */
export async function readSharedCluster(stack: string): Promise<KnownClusterFacts> {
  const { value: facts } = await new pulumi.StackReference(stack).getOutputDetails("platform");
  if (isKnown(facts)) return facts;
  const message = `must be a deployed stack with an EKS cluster (got "${stack}", which has no output "platform"). Deploy that stack first, or correct the name: pulumi stack ls --all lists the stacks`;
  throw new UserError(formatSettingProblem({ path: ["eks", "stack"], message }));
}

/** Connects to the cluster of another stack, with the AWS identity of this stack. */
export function connectToCluster(name: string, facts: KnownClusterFacts, { region, profile }: EksSettings): TargetCluster {
  const { clusterArn, endpoint, certificateAuthority } = facts;
  const { cluster } = identityOf(clusterArn);
  const config = pulumi.secret(kubeconfig({ cluster, endpoint, certificateAuthority, region, profile }));
  // Existing objects are not adopted: they may belong to another stack.
  const settings = { ...providerSettings, kubeconfig: config, clusterIdentifier: clusterArn, upsertExistingObjects: false };
  return { kubeconfig: config, facts, provider: new k8s.Provider(name, settings), dependencies: [] };
}

const providerSettings = {
  // ConfigMaps and Secrets are updated in place: while one is replaced, it is missing for a moment.
  enableConfigMapMutable: true,
  enableSecretMutable: true,
  enablePatchForce: true,
};

function isKnown(output: unknown): output is KnownClusterFacts {
  const { loadBalancerCidrs, nodePlatforms, ...facts } = (output ?? {}) as Partial<Record<keyof ClusterFacts, unknown>>;
  const texts = [facts.clusterArn, facts.endpoint, facts.certificateAuthority];
  return texts.every((text) => typeof text === "string") && Array.isArray(loadBalancerCidrs) && Array.isArray(nodePlatforms);
}
