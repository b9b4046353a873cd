import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ContainerHostHandle } from "./container-service-args.ts";
import { filesOf, jobContainerOf } from "./internal/container-service/container.ts";
import { JobRun } from "./internal/job-run.ts";
import { resolveJob } from "./internal/job/spec.ts";
import { VolumeFiles } from "./internal/volume-files.ts";
import type { DockerJobArgs } from "./docker-job-args.ts";
import type { JobArgs } from "./job-args.ts";
import { problemsWithJob } from "./rules/job.ts";
import { jobLabel, labelList } from "../lib/docker-labels.ts";
import { isById } from "../lib/image-reference.ts";
import { checkedLater } from "../lib/late-values.ts";
import { throwIfAny } from "../lib/problem.ts";
import { withReasonLabel } from "./security.ts";

/** The Docker host that a job runs on. */
// oxlint-disable-next-line typescript/no-empty-object-type -- the schema of the plugin has no type aliases
export interface JobHostArgs extends Pick<ContainerHostHandle, "dockerHost" | "credentials"> {}

export interface ContainerJobArgs extends DockerJobArgs {
  /** The Docker host, such as a ContainerHost. */
  on: JobHostArgs;
  /** Networks of the services that the job calls, or one with egress. @default - a new network without egress. */
  networks?: pulumi.Input<string>[];
}

/**
 * A program on one Docker host that runs to completion, in a container without privileges. It runs when it is created, and again when its
 * image or its settings change. Resources that depend on it wait for its success. If it failed, the next update runs it again.
 *
 * @example
 * const on = { dockerHost: "ssh://deploy@host" };
 * new ContainerJob("migrate", { image: image.ref, args: ["migrate"], on, networks: [database.name] });
 */
export class ContainerJob extends pulumi.ComponentResource {
  /** Name of its container. */
  declare readonly container: pulumi.Output<string>;

  constructor(name: string, args: ContainerJobArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:ContainerJob", name, {}, opts);
    const { on, networks = [], prefix = name, labels: given, ...rest } = args;
    const problemsWith = (given: JobArgs) => {
      const isInEngine = typeof given.image === "string" && isById(given.image);
      return problemsWithJob(name, given).filter(({ path }) => !(isInEngine && path[0] === "image"));
    };
    const headline = `ContainerJob "${name}":`;
    throwIfAny(problemsWith(rest), headline);
    const { pod, retries, timeoutSeconds } = resolveJob(name, checkedLater(rest, problemsWith, headline));
    const child = { parent: this, dependsOn: opts?.dependsOn };
    const labelMap = { ...given, [jobLabel]: name };
    const labels = labelList(labelMap);
    const [network, ...further] =
      networks.length > 0 ? networks : [new docker.Network(prefix, { name: prefix, labels, internal: true }, child).name];
    const contents = filesOf(pod);
    const files =
      contents.length === 0
        ? undefined
        : new VolumeFiles(
            `${prefix}-files`,
            { engine: on.dockerHost, image: rest.image, ...on.credentials, prefix, labels: labelMap, files: contents },
            child,
          );
    const run = { prefix, labels: withReasonLabel(labels, pod.access), network: network!, networks: further, files };
    const container = new docker.Container(prefix, jobContainerOf(pod, run), { ...child, deleteBeforeReplace: true });
    new JobRun(prefix, { engine: on.dockerHost, job: name, kind: "container", target: container.id, retries, timeoutSeconds }, child);
    this.container = container.name;
    this.registerOutputs({ container: this.container });
  }
}
