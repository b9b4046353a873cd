import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ContainerServiceArgs } from "./container-service-args.ts";
import { containerOf, filesOf, replicasAtOnce } from "./internal/container-service/container.ts";
import { createVolumes, isReplacedInPlace } from "./internal/container-service/volumes.ts";
import { plainOnDocker } from "./internal/plain-on-docker.ts";
import { Handover } from "./internal/handover.ts";
import { behindProxy, dynamicFolder, forwardedTargets, healthCheckOf, isRouted, routingFile, routingOf } from "./internal/proxy.ts";
import { ProxyRoute } from "./internal/proxy-route.ts";
import { VolumeFiles } from "./internal/volume-files.ts";
import { labelList, serviceLabel } from "../lib/docker-labels.ts";
import { isById } from "../lib/image-reference.ts";
import { checkedLater, problemsWithLate } from "../lib/late-values.ts";
import { throwIfAny } from "../lib/problem.ts";
import { resolve } from "./internal/web-service/spec.ts";
import { defaultPorts } from "./ports.ts";
import { withReasonLabel } from "./security.ts";
import { problemsWithWebService } from "./rules/web-service.ts";

export * from "./container-service-args.ts";

/** Seconds that Pulumi waits beyond the progress deadline, so that the provider's own error is reported and not a timeout. */
const timeoutMarginSeconds = 30;

/**
 * An HTTP service on one Docker host: containers without privileges, with a read-only root and limited resources, in a
 * network that only its callers share, and, with a host, behind the proxy of the ContainerHost.
 *
 * A rollout replaces one replica after the other: a new container starts and becomes healthy, the proxy routes to it instead
 * of the previous one, and the previous one stops. At least `replicas` containers serve at any time, and at most `replicas`
 * plus `rollout.maxSurge` run. Replicas with their own volumes are deleted first, one at a time.
 *
 * @example
 * const on = { proxy: host.proxy, helper: host.helper };
 * new ContainerService("web", { image: image.ref, host: "web.localhost", replicas: 3, on }, { dependsOn: host.helperContainer });
 */
export class ContainerService extends pulumi.ComponentResource {
  /** DNS name of the service in its network; it listens on `port`. */
  declare readonly serviceName: string;
  /** Names of its containers. */
  declare readonly containers: pulumi.Output<string[]>;

  constructor(name: string, args: ContainerServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:ContainerService", name, {}, opts);
    const { on, network: existing, networks = [], volumeNames, prefix = name, labels: given, tls, ...unchecked } = args;
    const problemsWith = (some: typeof unchecked) => {
      const problems = [
        ...problemsWithWebService(name, behindProxy(some)),
        ...problemsWithLate(some, plainOnDocker, "containers depend on it"),
      ];
      // Unlike other platforms, a Docker Engine can run an image that only it has.
      const isInEngine = typeof some.image === "string" && isById(some.image);
      return isInEngine ? problems.filter(({ path }) => path[0] !== "image") : problems;
    };
    const headline = `ContainerService "${name}":`;
    throwIfAny(problemsWith(unchecked), headline);
    const service = checkedLater(unchecked, problemsWith, headline);
    const spec = resolve(name, service);
    const child = { parent: this };
    const labelMap = { ...given, [serviceLabel]: name };
    const labels = labelList(labelMap);
    const network = existing ?? new docker.Network(prefix, { name: prefix, labels, internal: true }, child).name;
    const volumes = createVolumes(spec, prefix, volumeNames, labels, child);

    const contents = filesOf(spec);
    const files =
      contents.length === 0
        ? undefined
        : new VolumeFiles(
            `${prefix}-files`,
            { engine: on.dockerHost, image: service.image, ...on.credentials, prefix, labels: labelMap, files: contents },
            child,
          );

    const routing = routingOf(spec, tls, on.httpsPort ?? defaultPorts.https, false);
    const file = `${dynamicFolder}/${name}`;
    const settleSeconds = spec.shutdown.sleepSeconds;
    const hasRoutes = isRouted(spec);
    const handOver = (index: number, { name: container }: docker.Container) =>
      new Handover(
        `${prefix}-${index + 1}`,
        {
          engine: on.dockerHost,
          container,
          port: Number(spec.port),
          ...(hasRoutes && { proxy: on.proxy, file, healthCheck: JSON.stringify(healthCheckOf(routing)) }),
          ...(routing.forwarded.length > 0 && { forwarded: forwardedTargets(routing) }),
          settleSeconds,
        },
        child,
      );
    const replicas: docker.Container[] = [];
    const done: pulumi.Resource[] = [];
    const atOnce = replicasAtOnce(spec);
    // Always set: by default Pulumi's provider for Docker deletes first.
    const deleteBeforeReplace = isReplacedInPlace(spec);
    const customTimeouts = { create: `${spec.rollout.progressDeadlineSeconds + timeoutMarginSeconds}s` };
    const options = { ...child, customTimeouts, deleteBeforeReplace, dependsOn: opts?.dependsOn };
    for (let i = 0; i < Number(spec.replicas); i++) {
      const replica = containerOf(spec, {
        index: i,
        prefix,
        labels: withReasonLabel(labels, spec.access),
        network,
        networks,
        volumes,
        files,
        on,
      });
      const container = new docker.Container(`${prefix}-${i + 1}`, replica, pulumi.mergeOptions(options, { dependsOn: done[i - atOnce] }));
      replicas.push(container);
      done.push(isReplacedInPlace(spec) ? container : handOver(i, container));
    }
    this.serviceName = name;
    this.containers = pulumi.all(replicas.map((replica) => replica.name));
    if (hasRoutes)
      new ProxyRoute(
        prefix,
        {
          engine: on.dockerHost,
          proxy: on.proxy,
          network,
          file,
          content: pulumi.all([this.containers, routing]).apply(([all, known]) => routingFile(known, all)),
          settleSeconds,
        },
        { ...child, dependsOn: [...replicas, ...done] },
      );
    this.registerOutputs({ serviceName: this.serviceName, containers: this.containers });
  }
}
