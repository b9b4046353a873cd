import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { labelList, serviceLabel } from "../lib/docker-labels.ts";
import { goDuration, shortDuration } from "../lib/go-duration.ts";
import { checkedLater, problemsWithLate } from "../lib/late-values.ts";
import { throwIfAny } from "../lib/problem.ts";
import { plainOnDocker } from "./internal/plain-on-docker.ts";
import { replicasAtOnce } from "./internal/container-service/container.ts";
import { isReplacedInPlace } from "./internal/container-service/volumes.ts";
import { behindProxy } from "./internal/proxy.ts";
import { authOf, taskOf } from "./internal/swarm-service/task.ts";
import { placementOf } from "./internal/swarm-service/placement.ts";
import { resolve } from "./internal/web-service/spec.ts";
import { withReasonLabel } from "./security.ts";
import { problemsWithWebService } from "./rules/web-service.ts";
import type { SwarmServiceArgs } from "./swarm-service-args.ts";

export * from "./swarm-service-args.ts";

/** Seconds that Pulumi waits beyond the progress deadline, so that Swarm's own error is reported and not a timeout. */
const timeoutMarginSeconds = 60;

/** Shortest time in which Swarm monitors an updated task for failure. */
const minimumMonitorSeconds = 5;

/**
 * An HTTP service on Docker Swarm: tasks without privileges, with a read-only root and limited resources, in an overlay
 * network that only its callers share. A rollout starts new tasks before it stops the previous ones, and Swarm rolls back by
 * itself if a new task fails. Changed files are new secrets and configs; the previous ones are deleted after the update.
 *
 * @example
 * const on = { helper: host.helper };
 * new SwarmService("web", { image: image.ref, replicas: 3, network: network.id, on }, { dependsOn: host.helperService });
 */
export class SwarmService extends pulumi.ComponentResource {
  /** DNS name of the service in its network; it listens on `port`. */
  declare readonly serviceName: string;
  /** Id of the service. */
  declare readonly serviceId: pulumi.Output<string>;

  constructor(name: string, args: SwarmServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:SwarmService", name, {}, opts);
    const { on: _on, network, networks = [], prefix = name, labels: given, tls: _tls, ...rest } = args;
    const { nodeSelector, constraints, spread, maxPerNode, volumeDrivers: _drivers, credentials, ...unchecked } = rest;
    const problemsWith = (some: typeof unchecked) => [
      ...problemsWithWebService(name, behindProxy(some)),
      ...problemsWithLate(some, plainOnDocker, "tasks depend on it"),
    ];
    const headline = `SwarmService "${name}":`;
    throwIfAny(problemsWith(unchecked), headline);
    const service = checkedLater(unchecked, problemsWith, headline);
    const spec = resolve(name, service);
    const labels = labelList({ ...given, [serviceLabel]: name });
    const { progressDeadlineSeconds, minReadySeconds } = spec.rollout;
    const strategy = {
      parallelism: replicasAtOnce(spec),
      // Two tasks must not write to the same volume.
      order: isReplacedInPlace(spec) ? "stop-first" : "start-first",
      monitor: shortDuration(goDuration(Math.max(minimumMonitorSeconds, minReadySeconds))),
      maxFailureRatio: "0",
    };
    const timeout = `${progressDeadlineSeconds + timeoutMarginSeconds}s`;
    const swarmService = new docker.Service(
      prefix,
      {
        name: prefix,
        labels: withReasonLabel(labels, spec.access),
        auth: credentials && authOf(pulumi.output(service.image), credentials),
        mode: { replicated: { replicas: Number(spec.replicas) } },
        // The name resolves to the tasks themselves. Virtual IPs need IPVS in the kernel, and hide which task is reached.
        endpointSpec: { mode: "dnsrr" },
        taskSpec: {
          ...taskOf(spec, { args, prefix, labels }, { parent: this }),
          networksAdvanceds: [network, ...networks].map((id) => ({ id, aliases: [name] })),
          placement: placementOf({ nodeSelector, constraints, spread, maxPerNode }),
        },
        updateConfig: { ...strategy, failureAction: "rollback" },
        rollbackConfig: { ...strategy, failureAction: "pause" },
        convergeConfig: { delay: "1s", timeout },
      },
      pulumi.mergeOptions({ parent: this, customTimeouts: { create: timeout, update: timeout } }, { dependsOn: opts?.dependsOn }),
    );
    this.serviceName = name;
    this.serviceId = swarmService.id;
    this.registerOutputs({ serviceName: this.serviceName, serviceId: this.serviceId });
  }
}
