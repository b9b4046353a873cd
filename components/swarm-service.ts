import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { goDuration, shortDuration } from "../lib/go-duration.ts";
import { taskOf } from "./internal/swarm-service/task.ts";
import { throwIfAny } from "../lib/problem.ts";
import { replicasAtOnce } from "./internal/container-service/container.ts";
import { isReplacedInPlace } from "./internal/container-service/volumes.ts";
import { resolve } from "./internal/web-service/spec.ts";
import { problemsWithWebService } from "./rules/web-service.ts";
import type { SwarmServiceArgs } from "./swarm-service-args.ts";

export * from "./swarm-service-args.ts";

/** Seconds beyond the deadline that Pulumi waits: so it is Swarm that says what went wrong. */
const patienceSeconds = 60;

/** What Swarm asks for as the least that it watches an update for a failure. */
const leastMonitorSeconds = 5;

/**
 * An HTTP service on Docker Swarm: tasks without privileges, with a read-only root and bounded resources, in an overlay
 * network that only its callers share. A new version starts its tasks before those of the old one end, and Swarm goes back to
 * the old one by itself where a new task fails. Secrets and configs rotate: a new one, the service updated, the old one gone.
 *
 * @example
 * const on = { helper: host.helper };
 * new SwarmService("web", { image: image.ref, replicas: 3, network: network.id, on }, { dependsOn: host.helperService });
 */
export class SwarmService extends pulumi.ComponentResource {
  /** Name by which tasks in its network reach it, at `port`. */
  declare readonly serviceName: string;
  /** Id of the service. */
  declare readonly serviceId: pulumi.Output<string>;

  constructor(name: string, args: SwarmServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:SwarmService", name, {}, opts);
    const { on: _on, network, networks = [], prefix = name, labels, tls: _tls, ...rest } = args;
    const { nodeSelector = {}, constraints = [], spread = [], maxPerNode, volumeDrivers: _drivers, credentials, ...service } = rest;
    throwIfAny(problemsWithWebService(name, service), `SwarmService "${name}":`);
    const spec = resolve(name, service);
    const allLabels = Object.entries({ ...labels, "dev.slipway.service": name }).map(([label, value]) => ({ label, value }));
    const { progressDeadlineSeconds, minReadySeconds } = spec.rollout;
    const strategy = {
      parallelism: replicasAtOnce(spec),
      // Two tasks cannot both write to a volume for one: there the old one goes first.
      order: isReplacedInPlace(spec) ? "stop-first" : "start-first",
      monitor: shortDuration(goDuration(Math.max(leastMonitorSeconds, minReadySeconds))),
      maxFailureRatio: "0",
    };
    const seconds = `${progressDeadlineSeconds + patienceSeconds}s`;
    const made = new docker.Service(
      prefix,
      {
        name: prefix,
        labels: allLabels,
        auth: credentials && { serverAddress: pulumi.output(service.image).apply((i) => String(i.split("/")[0])), ...credentials },
        mode: { replicated: { replicas: Number(spec.replicas) } },
        // Names lead to the tasks themselves. Virtual addresses would need IPVS of the kernel, and say less of who is asked.
        endpointSpec: { mode: "dnsrr" },
        taskSpec: {
          ...taskOf(spec, { args, prefix, labels: allLabels }, { parent: this }),
          networksAdvanceds: [network, ...networks].map((id) => ({ id, aliases: [name] })),
          placement: {
            constraints: [...Object.entries(nodeSelector).map(([key, value]) => `node.labels.${key}==${value}`), ...constraints],
            prefs: spread.map((by) => `spread=${by}`),
            maxReplicas: maxPerNode,
          },
        },
        updateConfig: { ...strategy, failureAction: "rollback" },
        rollbackConfig: { ...strategy, failureAction: "pause" },
        convergeConfig: { delay: "1s", timeout: seconds },
      },
      pulumi.mergeOptions({ parent: this, customTimeouts: { create: seconds, update: seconds } }, { dependsOn: opts?.dependsOn }),
    );
    this.serviceName = name;
    this.serviceId = made.id;
    this.registerOutputs({ serviceName: this.serviceName, serviceId: this.serviceId });
  }
}
