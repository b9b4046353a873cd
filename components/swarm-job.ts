import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { DockerJobArgs } from "./docker-job-args.ts";
import type { RegistryCredentials } from "./go-image.ts";
import { JobRun } from "./internal/job-run.ts";
import { resolveJob } from "./internal/job/spec.ts";
import { authOf, jobTaskOf } from "./internal/swarm-service/task.ts";
import { placementOf, type PlacementArgs } from "./internal/swarm-service/placement.ts";
import type { JobArgs } from "./job-args.ts";
import { problemsWithJob } from "./rules/job.ts";
import { jobLabel, labelList } from "../lib/docker-labels.ts";
import { checkedLater } from "../lib/late-values.ts";
import { throwIfAny } from "../lib/problem.ts";
import { withReasonLabel } from "./security.ts";

export interface SwarmJobArgs extends DockerJobArgs, PlacementArgs {
  /** Endpoint of a manager, the same as of the provider in the options. @default - the one that the `docker` command uses. */
  dockerHost?: pulumi.Input<string | undefined>;
  /** Ids of the networks of the services that the job calls, or of one with egress. @default - a new overlay network without egress. */
  networks?: pulumi.Input<string>[];
  /** Credentials for the registry of the image. @default - none. */
  credentials?: RegistryCredentials;
}

/**
 * A program on Docker Swarm that runs to completion: a service with one task that does not restart after its success. It runs when it is
 * created, and again when its image or its settings change. Resources that depend on it wait for its success. If it failed, the next update
 * runs it again.
 *
 * @example
 * new SwarmJob("migrate", { image: image.ref, args: ["migrate"], networks: [database.id] });
 */
export class SwarmJob extends pulumi.ComponentResource {
  /** Id of its service. */
  declare readonly serviceId: pulumi.Output<string>;

  constructor(name: string, args: SwarmJobArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:SwarmJob", name, {}, opts);
    const {
      dockerHost,
      networks = [],
      credentials,
      prefix = name,
      labels: given,
      nodeSelector,
      constraints,
      spread,
      maxPerNode,
      ...rest
    } = args;
    const problemsWith = (given: JobArgs) => problemsWithJob(name, given);
    const headline = `SwarmJob "${name}":`;
    throwIfAny(problemsWith(rest), headline);
    const { pod, retries, timeoutSeconds } = resolveJob(name, checkedLater(rest, problemsWith, headline));
    const child = { parent: this, dependsOn: opts?.dependsOn };
    const labels = labelList({ ...given, [jobLabel]: name });
    const own = () => new docker.Network(prefix, { name: prefix, labels, driver: "overlay", internal: true }, child).id;
    const joined = networks.length > 0 ? networks : [own()];
    const taskSpec = {
      ...jobTaskOf(pod, { args: {}, prefix, labels }, retries, child),
      networksAdvanceds: joined.map((id) => ({ id, aliases: [name] })),
      placement: placementOf({ nodeSelector, constraints, spread, maxPerNode }),
    };
    const service = new docker.Service(
      prefix,
      {
        name: prefix,
        labels: withReasonLabel(labels, pod.access),
        auth: credentials && authOf(pulumi.output(rest.image), credentials),
        mode: { replicated: { replicas: 1 } },
        endpointSpec: { mode: "dnsrr" },
        taskSpec,
        updateConfig: { parallelism: 1, order: "stop-first", failureAction: "continue" },
      },
      child,
    );
    const definition = pulumi.jsonStringify(taskSpec).apply((text) => createHash("sha256").update(text).digest("hex").slice(0, 16));
    new JobRun(
      prefix,
      // A digest says nothing about the secrets in the definition.
      {
        engine: dockerHost,
        job: name,
        kind: "service",
        target: service.id,
        definition: pulumi.unsecret(definition),
        retries,
        timeoutSeconds,
      },
      { ...child, dependsOn: service },
    );
    this.serviceId = service.id;
    this.registerOutputs({ serviceId: this.serviceId });
  }
}
