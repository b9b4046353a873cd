import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import outputModule from "@pulumi/pulumi/output.js";
import writeFileAtomic from "write-file-atomic";
import { ImageCopy } from "../../components/image-copy.ts";
import { Job } from "../../components/job.ts";
import { LocalCluster } from "../../components/local-cluster.ts";
import { servicesNamespace } from "../../components/services-namespace.ts";
import { WebService, type PublishingArgs } from "../../components/web-service.ts";
import { loopback } from "../../components/ports.ts";
import type { Configuration } from "../../config/settings.ts";
import { isPreflightOff } from "../../lib/preflight.ts";
import { stackLabel } from "../../lib/docker-labels.ts";
import { labelOfStack } from "../stack-label.ts";
import { loopbackAnnotation } from "../../lib/loopback.ts";
import { HelperImage, jobArgs, rolloutOf, urlOf, withTraefik, workloadArgs, type Platform, type PlatformModule } from "../platform.ts";
import { problemsWithPorts } from "../ports.ts";
import { folderOf, hasOwnCluster, nameOf } from "./own-cluster.ts";
import { readRecord, sharedClusterName } from "./shared-cluster/record.ts";
import { runningCluster, useSharedCluster } from "./shared-cluster/shared-cluster.ts";
import { addressesOf, problemsWithPublishedPorts, publishedPorts, type PublishedPort } from "../published-ports.ts";

/** In a preview, what only the cluster knows. */
const { unknown } = outputModule as unknown as { unknown: unknown };

/** This machine has room for a second set of pods, and replacing all at once is faster. */
const quickRollout = { maxSurge: "100%", minReadySeconds: 0 };

/** The only proxy is Traefik in the cluster, which notices a terminating pod at once. */
const quickShutdown = { sleepSeconds: 5 };

export const withDefaults: PlatformModule["withDefaults"] = (service) => ({
  ...withTraefik(service),
  rollout: rolloutOf(service, quickRollout),
  shutdown: { ...quickShutdown, ...service.shutdown },
});

export const problemsWith: PlatformModule["problemsWith"] = ({ local: { ports } }, services) => [
  ...problemsWithPorts("local", ports),
  ...problemsWithPublishedPorts("local", ports, services),
];

/** For a registry on this machine, compressing layers takes more time than it saves. */
export const imageDefaults: PlatformModule["imageDefaults"] = () => ({ compression: "none" });

export { preflight } from "./preflight.ts";

function kubeconfigFileOf(stack: string): string {
  return join(folderOf(stack), "kubeconfig.yaml");
}

function writeKubeconfig(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileAtomic.sync(file, text, { mode: 0o600 });
}

/** Traefik serves a Gateway on its container ports, not on those of its Service. */
const traefikGateway = { className: "traefik", httpPort: 8000, httpsPort: 8443 };

/**
 * Whether an image is in another registry of this machine than the cluster's, such as one on 127.0.0.1:5000. The cluster's node does not
 * reach it.
 */
function isElsewhereHere(image: string, ownPort: number): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?\//.test(image) && !image.startsWith(`127.0.0.1:${ownPort}/`);
}

/** The range of node ports, https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/. */
const [firstNodePort, nodePortCount] = [30_000, 2768];

/**
 * The published ports with node ports that depend on the port, so that a further port does not change those of others.
 *
 * @param taken Node ports of other stacks of the cluster.
 */
function nodePortsOf(services: Configuration["services"], taken: number[] = []): (PublishedPort & { nodePort: number })[] {
  const used = new Set(taken.map((nodePort) => nodePort - firstNodePort));
  return publishedPorts(services).map((published) => {
    let offset = published.port % nodePortCount;
    while (used.has(offset)) offset = (offset + 1) % nodePortCount;
    used.add(offset);
    return { ...published, nodePort: firstNodePort + offset };
  });
}

function publishingOf(name: string, nodePorts: ReturnType<typeof nodePortsOf>): PublishingArgs {
  const own = nodePorts.filter(({ service }) => service === name);
  const ofOwn = Object.fromEntries(own.map(({ name, nodePort }) => [name, nodePort]));
  return { type: "NodePort", nodePorts: ofOwn, annotations: { [loopbackAnnotation]: "true" } };
}

/** The cluster of a stack. */
interface Cluster {
  kubeconfig: pulumi.Output<string>;
  /** Changes if the objects of the stack are in another cluster than before. */
  identifier: pulumi.Input<string>;
  /** Prefix of the stack's image repositories. */
  repositories: string;
  nodePorts: (PublishedPort & { nodePort: number })[];
  /** What images depend on. */
  imageOptions: pulumi.ComponentResourceOptions;
  /** What the cluster's objects are deleted with. @default - nothing */
  deletedWith?: pulumi.Resource;
}

function createOwnCluster({ stack, services, local: { cluster: _own, ...local } }: Configuration): Cluster {
  const name = nameOf(stack);
  const nodePorts = nodePortsOf(services);
  const cluster = new LocalCluster(name, { ...local, nodePorts, folder: folderOf(stack), labels: { [stackLabel]: labelOfStack(stack) } });
  return {
    kubeconfig: cluster.kubeconfig,
    identifier: name,
    repositories: cluster.registry,
    nodePorts,
    imageOptions: { dependsOn: cluster.registryContainer },
    deletedWith: cluster.nodeVolume,
  };
}

/** Starts the shared cluster if it does not run; a preview starts nothing. */
async function joinSharedCluster({ stack, services, local: { cluster: _shared, ...local } }: Configuration): Promise<Cluster> {
  const namespace = nameOf(stack);
  const user = labelOfStack(stack);
  const name = sharedClusterName(local.ports.api);
  const others = Object.entries(readRecord(name)?.users ?? {}).filter(([other]) => other !== user);
  const taken = others.flatMap(([, { nodePorts }]) => nodePorts.map(({ nodePort }) => nodePort));
  const nodePorts = nodePortsOf(services, taken);
  const mapped = nodePorts.map(({ port, nodePort, protocol }) => ({ port, nodePort, protocol }));
  const running = isPreflightOff()
    ? undefined
    : pulumi.runtime.isDryRun()
      ? await runningCluster(name, namespace)
      : await useSharedCluster({ ...local, user, namespace, nodePorts: mapped });
  if (running && !pulumi.runtime.isDryRun()) writeKubeconfig(kubeconfigFileOf(stack), running.kubeconfig);
  return {
    kubeconfig: pulumi.secret(running?.kubeconfig ?? (unknown as string)),
    identifier: running?.identifier ?? (unknown as string),
    repositories: `127.0.0.1:${local.ports.registry}/${namespace}`,
    nodePorts,
    imageOptions: {},
  };
}

/** Kubernetes and a registry in Docker on this machine. */
export async function createPlatform(configuration: Configuration): Promise<Platform> {
  const { stack, services, jobs, local, development } = configuration;
  const images = [...Object.values(services), ...Object.values(jobs)].flatMap(({ image }) => image ?? []);
  const copied = images.filter((image) => isElsewhereHere(image, local.ports.registry));
  if (!pulumi.runtime.isDryRun()) await Promise.all(copied.map((image) => ImageCopy.download(image)));
  const name = nameOf(stack);
  const isOwn = await hasOwnCluster(configuration);
  const cluster = isOwn ? createOwnCluster(configuration) : await joinSharedCluster(configuration);
  const { nodePorts, imageOptions } = cluster;
  const provider = new k8s.Provider(name, {
    kubeconfig: cluster.kubeconfig,
    clusterIdentifier: cluster.identifier,
    // Updated in place: a replaced ConfigMap or Secret is missing for a moment.
    enableConfigMapMutable: true,
    enableSecretMutable: true,
    // Only this stack uses the namespace: objects that already exist are from an interrupted update, and those of a deleted cluster are
    // deleted with it.
    upsertExistingObjects: true,
    enablePatchForce: true,
    deleteUnreachable: true,
  });
  const namespaceArgs = { name, services: [...Object.values(services), ...Object.values(jobs)] };
  const namespaceObject = servicesNamespace("services", namespaceArgs, { provider, deletedWith: cluster.deletedWith });
  const namespace = namespaceObject.metadata.name;
  const inCluster = { provider, deletedWith: cluster.deletedWith ?? namespaceObject };

  const registry = (service: string) => ({ repository: `${cluster.repositories}/${service}` });
  const helper = new HelperImage(registry, configuration, imageOptions);

  return {
    registry,
    existingImage: (name, image) =>
      isElsewhereHere(image, local.ports.registry) ? new ImageCopy(name, { image, ...registry(name) }, imageOptions).ref : image,
    imageOptions,
    deploy(name, service, image, after) {
      const given = workloadArgs(name, { services, jobs });
      const args = {
        ...given,
        image,
        namespace,
        partOf: pulumi.getProject(),
        publishing: publishingOf(name, nodePorts),
        tls: given.tls && { ...given.tls, redirectPort: local.ports.https },
        gateway:
          given.expose === "gateway" && given.gateway?.name === undefined && given.gateway?.namespace === undefined
            ? { ...traefikGateway, ...given.gateway }
            : given.gateway,
      };
      const options = pulumi.mergeOptions(inCluster, { dependsOn: after, ...helper.ifDeveloped(name, development) });
      const resource = new WebService(name, args, options);
      return { url: urlOf(service, local.ports), addresses: addressesOf(service, pulumi.output(loopback)), resource };
    },
    deployJob: (name, _job, image, after) =>
      new Job(
        name,
        { ...jobArgs(name, { services, jobs }, helper), image, namespace, partOf: pulumi.getProject() },
        pulumi.mergeOptions(inCluster, { dependsOn: after }),
      ),
    get outputs() {
      const registry = `127.0.0.1:${local.ports.registry}`;
      return { kubeconfig: cluster.kubeconfig, kubeconfigFile: kubeconfigFileOf(stack), registry, ...helper.outputs };
    },
  };
}
