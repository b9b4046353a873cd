import { createServer } from "node:net";
import { resolve } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { dockerEngine, noEngine } from "../components/internal/docker-engine.ts";
import { restrictedNamespace } from "../components/internal/restricted-namespace.ts";
import { LocalCluster } from "../components/local-cluster.ts";
import { WebService } from "../components/web-service.ts";
import type { Configuration, ServiceSettings } from "../config.ts";
import type { Platform, PlatformModule } from "./platform.ts";

/** Docker objects of a stack carry this label. */
const stackLabel = "dev.slipway.stack";

/** Compressing layers for a registry on this machine costs more time than it saves. */
export const imageDefaults: PlatformModule["imageDefaults"] = { compression: "none" };

/** A Docker engine must answer, and the ports be free or this stack's own. */
export async function preflight({ stack, local }: Configuration): Promise<string[]> {
  const engine = dockerEngine();
  const containers = await engine.listContainers().catch(() => undefined);
  if (containers === undefined) return [noEngine];
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
  return problems.flat();
}

/** Kubernetes and a registry in Docker on this machine. */
export function createPlatform({ stack, local }: Configuration): Platform {
  const name = `${pulumi.getProject()}-${stack}`;
  const cluster = new LocalCluster(name, { ...local, folder: resolve(".slipway", stack), labels: { [stackLabel]: stack } });
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
    repository: (service) => `${cluster.registry}/${service}`,
    imageOptions: { dependsOn: cluster.registryContainer },
    deploy(service, { port, host, replicas, env, resources }: ServiceSettings, image) {
      // A laptop has room for a second set of pods, and a developer waits for each round of an update.
      new WebService(service, { image, port, host, replicas, env, resources, namespace, maxSurge: "100%" }, inCluster);
      return host === undefined ? {} : { url: `http://${host}${local.ports.http === 80 ? "" : `:${local.ports.http}`}/` };
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
