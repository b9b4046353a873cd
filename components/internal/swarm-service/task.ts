import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { RegistryCredentials } from "../../go-image.ts";
import type { SwarmServiceArgs } from "../../swarm-service-args.ts";
import { stopSeconds } from "../container-service/container.ts";
import { healthcheckOf, helperFolder } from "../container-service/healthcheck.ts";
import { goMemoryLimit, memoryBytes } from "../container-service/limits.ts";
import { logDriver } from "../long-running.ts";
import { nonRootUid } from "../../../lib/non-root.ts";
import { emptyDirLabel } from "../../../lib/docker-labels.ts";
import { goDuration, shortDuration } from "../../../lib/go-duration.ts";
import { dockerCapabilities, dockerUser, secretFileAccess } from "../../security.ts";
import { parseQuantity } from "../../../lib/quantity.ts";
import type { WebServiceSpec } from "../web-service/spec.ts";

type TaskSpec = docker.types.input.ServiceTaskSpec;
type ContainerSpec = docker.types.input.ServiceTaskSpecContainerSpec;

export interface TaskContext {
  args: Partial<Pick<SwarmServiceArgs, "on" | "volumeDrivers">>;
  prefix: string;
  labels: docker.types.input.ServiceLabel[];
}

/** Every task restarts, without a limit. The provider reads back a window even if none is set, so it is set here. */
export const restartPolicy = { condition: "any", delay: "1s", window: "0s" };

/** The credentials that Swarm passes on to its nodes, which pull an image from this registry. */
export function authOf(image: pulumi.Output<string>, { username, password }: RegistryCredentials): docker.types.input.ServiceAuth {
  return { serverAddress: image.apply((reference) => String(reference.split("/")[0])), username, password: pulumi.secret(password) };
}

/** Arguments of a service's tasks. Creates the configs and secrets that hold its files. */
export function taskOf(spec: WebServiceSpec, context: TaskContext, opts: pulumi.CustomResourceOptions): TaskSpec {
  const { containerSpec, ...task } = programOf(spec, context, opts);
  const { args } = context;
  return {
    ...task,
    containerSpec: {
      ...containerSpec,
      env: { PORT: String(Number(spec.port)), ...containerSpec.env },
      healthcheck: healthcheckOfTask(spec),
      mounts: [{ type: "volume", source: args.on?.helper, target: helperFolder, readOnly: true }, ...containerSpec.mounts],
    },
    restartPolicy,
  };
}

/** Arguments of a job's task. */
export function jobTaskOf(spec: WebServiceSpec, context: TaskContext, retries: number, opts: pulumi.CustomResourceOptions): TaskSpec {
  const { containerSpec, ...task } = programOf(spec, context, opts);
  return {
    ...task,
    // The image's health check is for a service.
    containerSpec: { ...containerSpec, healthcheck: { tests: ["NONE"], interval: "0s", timeout: "0s", startPeriod: "0s", retries: 0 } },
    // Swarm counts restarts. With 0 there is no limit, so a job without retries has another condition.
    restartPolicy:
      retries > 0
        ? { condition: "on-failure", delay: "1s", maxAttempts: retries, window: "0s" }
        : { condition: "none", delay: "1s", window: "0s" },
  };
}

/** What a service and a job have in common. */
function programOf(spec: WebServiceSpec, context: TaskContext, opts: pulumi.CustomResourceOptions) {
  const { labels } = context;
  const memory = memoryBytes(spec);
  const nanoCpus = (quantity: string | undefined) =>
    quantity === undefined ? undefined : Math.round(1e9 * (parseQuantity(quantity) ?? 0));
  return {
    containerSpec: {
      image: spec.image,
      commands: spec.command,
      args: spec.args,
      dir: spec.workingDir,
      env: environment(spec),
      labels,
      hostname: spec.kind === "stateful" ? `${spec.name}-{{.Task.Slot}}` : undefined,
      user: dockerUser(spec.access),
      readOnly: spec.access.readOnlyRootFilesystem,
      capDrops: ["ALL"],
      capAdds: spec.access.capabilities.length > 0 ? dockerCapabilities(spec.access) : undefined,
      stopGracePeriod: shortDuration(goDuration(stopSeconds(spec))),
      mounts: mounts(spec, context),
      ...createFiles(spec, context, opts),
    },
    resources: {
      limits: { memoryBytes: memory.limit, nanoCpus: nanoCpus(spec.resources.cpuLimit) },
      reservation: { memoryBytes: memory.reservation, nanoCpus: nanoCpus(spec.resources.cpu) },
    },
    logDriver,
  };
}

function healthcheckOfTask(spec: WebServiceSpec) {
  const check = healthcheckOf(spec, true);
  return { ...check, timeout: shortDuration(check.timeout), startPeriod: shortDuration(check.startPeriod) };
}

function environment(spec: WebServiceSpec): Record<string, pulumi.Input<string>> {
  const limit = Object.fromEntries(goMemoryLimit(spec).map((text) => text.split("=") as [string, string]));
  const secrets = Object.fromEntries(Object.entries(spec.secretEnv ?? {}).map(([key, value]) => [key, pulumi.secret(value)]));
  return { ...limit, ...spec.env, ...secrets };
}

function mounts(spec: WebServiceSpec, { args, prefix, labels }: TaskContext): docker.types.input.ServiceTaskSpecContainerSpecMount[] {
  const { user } = spec.access;
  return Object.entries(spec.volumes ?? {}).map(([volume, { kind, mountPath, size }]) => {
    if (kind === "emptyDir" && user && user.uid !== nonRootUid) {
      // A mount of the type tmpfs has no owner, and runc gives it the mode of the image's folder.
      const o = `size=${parseQuantity(size)},uid=${user.uid},gid=${user.gid},mode=1777,nosuid,nodev,noexec`;
      // Swarm creates one such volume too many for each task (Docker 20.10), which `slipway up` finds by its label and deletes.
      const ownLabels = [...labels, { label: emptyDirLabel, value: "true" }];
      const volumeOptions = { labels: ownLabels, noCopy: true, driverName: "local", driverOptions: { type: "tmpfs", device: "tmpfs", o } };
      return { type: "volume", target: mountPath, volumeOptions };
    }
    if (kind === "emptyDir") return { type: "tmpfs", target: mountPath, tmpfsOptions: { sizeBytes: parseQuantity(size), mode: 0o1777 } };
    const { driver, options, name = `${prefix}-${volume}` } = args.volumeDrivers?.[volume] ?? {};
    const source = spec.kind === "stateful" ? `${name}-{{.Task.Slot}}` : name;
    const volumeOptions = { labels, ...(driver !== undefined && { driverName: driver, driverOptions: options }) };
    return { type: "volume", source, target: mountPath, volumeOptions };
  });
}

/** Creates a config or secret for each file. Both are immutable: new content is a new object with another name. */
function createFiles(
  { files = {}, secretFiles = {}, access }: WebServiceSpec,
  { prefix, labels }: TaskContext,
  opts: pulumi.CustomResourceOptions,
): Pick<ContainerSpec, "configs" | "secrets"> {
  const { gid, mode } = secretFileAccess(access);
  const fileGid = String(gid);
  const configs = Object.entries(files).map(([path, content]) => {
    const config = new docker.ServiceConfig(objectName(prefix, path), { data: base64(content), labels }, opts);
    return { configId: config.id, configName: config.name, fileName: path, fileGid, fileMode: 0o444 };
  });
  const secrets = Object.entries(secretFiles).map(([path, content]) => {
    const secret = new docker.Secret(objectName(prefix, path), { data: pulumi.secret(base64(content)), labels }, opts);
    return { secretId: secret.id, secretName: secret.name, fileName: path, fileUid: "0", fileGid, fileMode: mode };
  });
  return { configs, secrets };
}

export function base64(content: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.output(content).apply((text) => Buffer.from(text).toString("base64"));
}

/** Name of the config or secret for a file: at most 56 of the 64 characters that Docker allows, because Pulumi appends 8. */
export function objectName(prefix: string, path: string): string {
  const readable = `${prefix}-${path.slice(1).replace(/[^\w.-]+/g, "-")}`;
  if (readable.length <= 56) return readable;
  return `${readable.slice(0, 47)}-${createHash("sha256").update(`${prefix}\0${path}`).digest("hex").slice(0, 8)}`;
}
