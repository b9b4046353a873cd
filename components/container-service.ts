import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ContainerServiceArgs } from "./container-service-args.ts";
import { isReplacedInPlace } from "./internal/container-service/volumes.ts";
import { containerOf, filesOf, replicasAtOnce } from "./internal/container-service/container.ts";
import { createVolumes } from "./internal/container-service/volumes.ts";
import { Handover } from "./internal/handover.ts";
import { dynamicFolder, healthCheckOf, routingFile, routingOf } from "./internal/proxy.ts";
import { ProxyRoute } from "./internal/proxy-route.ts";
import { VolumeFiles } from "./internal/volume-files.ts";
import { throwIfAny } from "../lib/problem.ts";
import { resolve } from "./internal/web-service/spec.ts";
import { problemsWithWebService } from "./rules/web-service.ts";

export * from "./container-service-args.ts";

/**
 * An HTTP service on one Docker engine: containers without privileges, with a read-only root and bounded resources, in a
 * network that only its callers share, and, with a host, behind the proxy of the ContainerHost.
 *
 * A new version comes replica by replica: a new container starts, is ready, takes the place of the old one at the proxy, the old
 * one ends; then the next. So at no time do fewer than `replicas` answer, or run more than `replicas` and `rollout.maxSurge`.
 * Replicas with volumes of their own are replaced in place, one at a time.
 *
 * @example
 * const on = { proxy: host.proxy, helper: host.helper };
 * new ContainerService("web", { image: image.ref, host: "web.localhost", replicas: 3, on }, { dependsOn: host.helperContainer });
 */
export class ContainerService extends pulumi.ComponentResource {
  /** Name by which containers in its network reach it, at `port`. */
  declare readonly serviceName: string;
  /** Names of its containers. */
  declare readonly containers: pulumi.Output<string[]>;

  constructor(name: string, args: ContainerServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:ContainerService", name, {}, opts);
    const { on, network: given, networks = [], volumeNames, prefix = name, labels, tls, ...service } = args;
    throwIfAny(problemsWithWebService(name, service), `ContainerService "${name}":`);
    const spec = resolve(name, service);
    const child = { parent: this };
    const allLabels = { ...labels, "dev.slipway.service": name };
    const asLabels = Object.entries(allLabels).map(([label, value]) => ({ label, value }));
    const network = given ?? new docker.Network(prefix, { name: prefix, labels: asLabels, internal: true }, child).name;
    const volumes = createVolumes(spec, prefix, volumeNames, asLabels, child);

    const written = filesOf(spec);
    const files =
      written.length === 0
        ? undefined
        : new VolumeFiles(
            `${prefix}-files`,
            { engine: on.engine, image: service.image, ...on.credentials, prefix, labels: allLabels, files: written },
            child,
          );

    const routing = routingOf(spec, tls, on.httpsPort ?? 8443, false);
    const file = `${dynamicFolder}/${name}`;
    const settleSeconds = spec.shutdown.sleepSeconds;
    const isRouted = spec.expose !== "none";
    const handOver = (index: number, { name: container }: docker.Container) =>
      new Handover(
        `${prefix}-${index + 1}`,
        {
          engine: on.engine,
          container,
          port: Number(spec.port),
          ...(isRouted && { proxy: on.proxy, file, healthCheck: JSON.stringify(healthCheckOf(routing)) }),
          settleSeconds,
        },
        child,
      );
    const replicas: docker.Container[] = [];
    const done: pulumi.Resource[] = [];
    const atOnce = replicasAtOnce(spec);
    for (let i = 0; i < Number(spec.replicas); i++) {
      const replica = containerOf(spec, { index: i, prefix, labels: asLabels, network, networks, volumes, files, on });
      // Their own patience is over before.
      const customTimeouts = { create: `${spec.rollout.progressDeadlineSeconds + 30}s` };
      // Pulumi's provider would have the old one go first.
      const deleteBeforeReplace = isReplacedInPlace(spec);
      const options = { ...child, customTimeouts, deleteBeforeReplace, dependsOn: opts?.dependsOn };
      const container = new docker.Container(`${prefix}-${i + 1}`, replica, pulumi.mergeOptions(options, { dependsOn: done[i - atOnce] }));
      replicas.push(container);
      done.push(isReplacedInPlace(spec) ? container : handOver(i, container));
    }
    this.serviceName = name;
    this.containers = pulumi.all(replicas.map((replica) => replica.name));
    if (isRouted)
      new ProxyRoute(
        prefix,
        {
          engine: on.engine,
          proxy: on.proxy,
          network,
          file,
          content: this.containers.apply((all) =>
            routingFile(
              routing,
              all.map((container) => `http://${container}:${Number(spec.port)}`),
            ),
          ),
          settleSeconds,
        },
        { ...child, dependsOn: [...replicas, ...done] },
      );
    this.registerOutputs({ serviceName: this.serviceName, containers: this.containers });
  }
}
