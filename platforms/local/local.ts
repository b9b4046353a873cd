import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ImageCopy } from "../../components/image-copy.ts";
import { Job } from "../../components/job.ts";
import { LocalCluster } from "../../components/local-cluster.ts";
import { servicesNamespace } from "../../components/services-namespace.ts";
import { WebService, type PublishingArgs } from "../../components/web-service.ts";
import { loopback } from "../../components/ports.ts";
import type { Configuration } from "../../config/settings.ts";
import { dockerClient } from "../../lib/docker-client.ts";
import { stackLabel } from "../../lib/docker-labels.ts";
import { labelOfStack } from "../stack-label.ts";
import { loopbackAnnotation } from "../../lib/loopback.ts";
import { withoutDaemon } from "../no-daemon.ts";
import { HelperImage, jobArgs, rolloutOf, urlOf, withTraefik, workloadArgs, type Platform, type PlatformModule } from "../platform.ts";
import { portHolders, problemsWithPorts, problemsWithUsedPorts } from "../ports.ts";
import { addressesOf, problemsWithPublishedPorts, publishedPorts, type PublishedPort } from "../published-ports.ts";

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
export const imageDefaults: PlatformModule["imageDefaults"] = { compression: "none" };

/** Checks that the Docker daemon answers, that ports are free or this stack's, and that a running cluster has the classes in use. */
export async function preflight({ stack, services, local }: Configuration): Promise<string[]> {
  const holders = await portHolders(dockerClient()).catch(() => undefined);
  if (holders === undefined) return withoutDaemon();
  const isUp = holders.of(local.ports.api)?.labels?.[stackLabel] === labelOfStack(stack);
  return [
    ...(await problemsWithUsedPorts("local", { ...local.ports }, publishedPorts(services), holders, stack, true)),
    ...(isUp ? await problemsWithClasses(stack, services) : []),
  ];
}

/** Seconds that a cluster has to list its classes. A cluster that is still starting is not checked. */
const clusterTimeoutSeconds = 3;

async function problemsWithClasses(stack: string, services: Configuration["services"]): Promise<string[]> {
  const file = join(folderOf(stack), "kubeconfig.yaml");
  const kubeconfig = existsSync(file) ? readFileSync(file, "utf8") : "";
  // Empty until the node has written it. It stays empty in a checkout whose stack runs from another one.
  if (kubeconfig === "") return [];
  const [{ KubernetesCluster }, { missingClasses }] = await Promise.all([import("../../lib/kubernetes-client.ts"), import("./classes.ts")]);
  const problems = missingClasses(services, new KubernetesCluster(kubeconfig)).catch(() => []);
  return Promise.race([problems, setTimeout(clusterTimeoutSeconds * 1000, [], { ref: false })]);
}

/** Folder for the files of a stack on this machine. */
function folderOf(stack: string): string {
  return resolve(".slipway", stack);
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

/** The published ports with node ports that depend on the port, so that a further port does not change those of others. */
function nodePortsOf(services: Configuration["services"]): (PublishedPort & { nodePort: number })[] {
  const used = new Set<number>();
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

/** Kubernetes and a registry in Docker on this machine. */
export async function createPlatform({ stack, services, jobs, local }: Configuration): Promise<Platform> {
  const images = [...Object.values(services), ...Object.values(jobs)].flatMap(({ image }) => image ?? []);
  const copied = images.filter((image) => isElsewhereHere(image, local.ports.registry));
  if (!pulumi.runtime.isDryRun()) await Promise.all(copied.map((image) => ImageCopy.download(image)));
  const name = `${pulumi.getProject()}-${stack}`;
  const nodePorts = nodePortsOf(services);
  const cluster = new LocalCluster(name, { ...local, nodePorts, folder: folderOf(stack), labels: { [stackLabel]: labelOfStack(stack) } });
  const provider = new k8s.Provider(name, {
    kubeconfig: cluster.kubeconfig,
    clusterIdentifier: name,
    // Updated in place: a replaced ConfigMap or Secret is missing for a moment.
    enableConfigMapMutable: true,
    enableSecretMutable: true,
    // Only this stack uses the cluster: objects that already exist are from an interrupted update, and those of a deleted cluster are
    // deleted with it.
    upsertExistingObjects: true,
    enablePatchForce: true,
    deleteUnreachable: true,
  });
  const inCluster = { provider, deletedWith: cluster.nodeVolume };
  const namespace = servicesNamespace("services", { name, services: [...Object.values(services), ...Object.values(jobs)] }, inCluster)
    .metadata.name;

  const registry = (service: string) => ({ repository: `${cluster.registry}/${service}` });
  const imageOptions = { dependsOn: cluster.registryContainer };
  const helper = new HelperImage(registry, undefined, imageOptions);

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
      const resource = new WebService(name, args, pulumi.mergeOptions(inCluster, { dependsOn: after }));
      return { url: urlOf(service, local.ports), addresses: addressesOf(service, pulumi.output(loopback)), resource };
    },
    deployJob: (name, _job, image, after) =>
      new Job(
        name,
        { ...jobArgs(name, { services, jobs }, helper), image, namespace, partOf: pulumi.getProject() },
        pulumi.mergeOptions(inCluster, { dependsOn: after }),
      ),
    get outputs() {
      return { kubeconfig: cluster.kubeconfig, kubeconfigFile: cluster.kubeconfigFile, registry: cluster.registry, ...helper.outputs };
    },
  };
}
