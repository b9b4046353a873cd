import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { dockerClient, noDocker } from "../../lib/docker-client.ts";
import { restrictedNamespace } from "../../components/restricted-namespace.ts";
import { LocalCluster } from "../../components/local-cluster.ts";
import { WebService } from "../../components/web-service.ts";
import type { Configuration } from "../../config/load.ts";
import { hasIngress } from "../../config/schema/service.ts";
import { urlOf, workloadArgs, type Platform, type PlatformModule } from "../platform.ts";

/** Docker objects of a stack carry this label. */
const stackLabel = "dev.slipway.stack";

export const withDefaults: PlatformModule["withDefaults"] = (service) =>
  hasIngress(service) ? { ingressClassName: "traefik", ...service } : service;

export const problemsWith: PlatformModule["problemsWith"] = ({ local: { ports } }) => [
  ...[...Map.groupBy(Object.entries(ports), ([, port]) => port).values()]
    .map((sharers) => sharers.map(([key]) => key))
    .filter((keys) => keys.length > 1)
    .map((keys) => ({ path: ["local", "ports", String(keys.at(-1))], message: `${keys.join(" and ")} cannot share a port` })),
];

/** Compressing layers for a registry on this machine costs more time than it saves. */
export const imageDefaults: PlatformModule["imageDefaults"] = { compression: "none" };

/** A Docker engine must answer, the ports be free or this stack's own, and the cluster, where it runs, have what services name. */
export async function preflight({ stack, services, local }: Configuration): Promise<string[]> {
  const engine = dockerClient();
  const containers = await engine.listContainers().catch(() => undefined);
  if (containers === undefined) return [noDocker];
  const holders = new Map(containers.flatMap((c) => c.Ports.map((p) => [p.PublicPort, c] as const)));
  const problems = await Promise.all(
    Object.entries(local.ports).map(async ([key, port]) => {
      const holder = holders.get(port);
      if (holder?.Labels[stackLabel] === stack || (!holder && (await isFree(port)))) return [];
      const by = holder ? `the container ${holder.Names[0]?.slice(1)}` : "another program";
      return [
        `${pulumi.getProject()}:local.ports.${key}: port ${port} on 127.0.0.1 is taken by ${by}. Stop it, or set another port in stacks/Pulumi.${stack}.yaml`,
      ];
    }),
  );
  const isUp = holders.get(local.ports.api)?.Labels[stackLabel] === stack;
  return [...problems.flat(), ...(isUp ? await missingClasses(stack, services) : [])];
}

/** Seconds that a cluster may take to say which classes it has; one that is starting is not waited for. */
const patienceSeconds = 3;

async function missingClasses(stack: string, services: Configuration["services"]): Promise<string[]> {
  const file = join(folderOf(stack), "kubeconfig.yaml");
  if (!existsSync(file)) return [];
  const [{ KubernetesCluster }, { problemsWithClasses }] = await Promise.all([
    import("../../lib/kubernetes-client.ts"),
    import("./classes.ts"),
  ]);
  const asked = problemsWithClasses(services, new KubernetesCluster(readFileSync(file, "utf8"))).catch(() => []);
  const problems = await Promise.race([asked, setTimeout(patienceSeconds * 1000, [], { ref: false })]);
  return problems.map((problem) => `${pulumi.getProject()}:${problem}`);
}

/** Where a stack keeps what it writes on this machine. */
function folderOf(stack: string): string {
  return resolve(".slipway", stack);
}

/** A laptop has room for a second set of pods, and a developer waits for each round of an update. */
const quickRollout = { maxSurge: "100%", minReadySeconds: 0 };

/** There is one proxy here, which notices at once. */
const quickShutdown = { sleepSeconds: 5 };

/** Traefik serves a Gateway at the ports that it listens on itself, not at those of its Service. */
const traefikGateway = { className: "traefik", httpPort: 8000, httpsPort: 8443 };

/** Kubernetes and a registry in Docker on this machine. */
export function createPlatform({ stack, services, local }: Configuration): Platform {
  const name = `${pulumi.getProject()}-${stack}`;
  const cluster = new LocalCluster(name, { ...local, folder: folderOf(stack), labels: { [stackLabel]: stack } });
  const provider = new k8s.Provider(name, {
    kubeconfig: cluster.kubeconfig,
    clusterIdentifier: name,
    // Changed in place: a replaced ConfigMap or Secret is missing for a moment.
    enableConfigMapMutable: true,
    enableSecretMutable: true,
    // The cluster is this stack's alone. What is in it already, an interrupted update made; when it is gone, so is all in it.
    upsertExistingObjects: true,
    enablePatchForce: true,
    deleteUnreachable: true,
  });
  const inCluster = { provider, deletedWith: cluster.nodeVolume };
  const namespace = restrictedNamespace("services", name, inCluster).metadata.name;

  return {
    registry: (service) => ({ repository: `${cluster.registry}/${service}` }),
    imageOptions: { dependsOn: cluster.registryContainer },
    deploy(name, service, image) {
      const given = workloadArgs(name, services);
      const args = {
        ...given,
        image,
        namespace,
        partOf: pulumi.getProject(),
        rollout: { ...quickRollout, ...given.rollout },
        tls: given.tls && { ...given.tls, redirectPort: local.ports.https },
        shutdown: { ...quickShutdown, ...given.shutdown },
        gateway:
          given.expose === "gateway" && given.gateway?.name === undefined && given.gateway?.namespace === undefined
            ? { ...traefikGateway, ...given.gateway }
            : given.gateway,
      };
      new WebService(name, args, inCluster);
      return { url: urlOf(service, local.ports) };
    },
    outputs: { kubeconfig: cluster.kubeconfig, kubeconfigFile: cluster.kubeconfigFile, registry: cluster.registry },
  };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}
