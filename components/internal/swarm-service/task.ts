import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { SwarmServiceArgs } from "../../swarm-service-args.ts";
import { goMemoryLimit, healthcheckOf, helperFolder, memoryBytes, nonRoot } from "../container-service/hardening.ts";
import { goDuration, shortDuration } from "../../../lib/go-duration.ts";
import { parseQuantity } from "../../../lib/quantity.ts";
import type { WebServiceSpec } from "../web-service/spec.ts";

type TaskSpec = docker.types.input.ServiceTaskSpec;
type ContainerSpec = docker.types.input.ServiceTaskSpecContainerSpec;

export interface Given {
  args: SwarmServiceArgs;
  prefix: string;
  labels: docker.types.input.ServiceLabel[];
}

export const logDriver = { name: "json-file", options: { "max-size": "10m", "max-file": "3" } };

/** Every task is started anew, for ever. The window stands here because the provider reads one anyway. */
export const restartPolicy = { condition: "any", delay: "1s", window: "0s" };

function healthcheckOfTask(spec: WebServiceSpec) {
  const check = healthcheckOf(spec, true);
  return { ...check, timeout: shortDuration(check.timeout), startPeriod: shortDuration(check.startPeriod) };
}

/** A task of a service, and the configs and secrets that it needs. */
export function taskOf(spec: WebServiceSpec, given: Given, opts: pulumi.CustomResourceOptions): TaskSpec {
  const { args, labels } = given;
  const memory = memoryBytes(spec);
  const nanoCpus = (quantity: string | undefined) =>
    quantity === undefined ? undefined : Math.round(1e9 * (parseQuantity(quantity) ?? 0));
  return {
    containerSpec: {
      image: spec.image,
      commands: spec.command,
      args: spec.args,
      env: environment(spec),
      labels,
      hostname: spec.kind === "stateful" ? `${spec.name}-{{.Task.Slot}}` : undefined,
      user: nonRoot,
      readOnly: true,
      capDrops: ["ALL"],
      stopGracePeriod: shortDuration(goDuration(Math.max(1, spec.shutdown.gracePeriodSeconds - spec.shutdown.sleepSeconds))),
      healthcheck: healthcheckOfTask(spec),
      mounts: [{ type: "volume", source: args.on.helper, target: helperFolder, readOnly: true }, ...mounts(spec, given)],
      ...createFiles(spec, given, opts),
    },
    resources: {
      limits: { memoryBytes: memory.limit, nanoCpus: nanoCpus(spec.resources.cpuLimit) },
      reservation: { memoryBytes: memory.reservation, nanoCpus: nanoCpus(spec.resources.cpu) },
    },
    restartPolicy,
    logDriver,
  };
}

function environment(spec: WebServiceSpec): pulumi.Input<Record<string, pulumi.Input<string>>> {
  const limit = Object.fromEntries(goMemoryLimit(spec).map((text) => text.split("=") as [string, string]));
  const secrets = Object.fromEntries(Object.entries(spec.secretEnv ?? {}).map(([key, value]) => [key, pulumi.secret(value)]));
  return { PORT: String(Number(spec.port)), ...limit, ...spec.env, ...secrets };
}

function mounts(spec: WebServiceSpec, { args, prefix, labels }: Given): docker.types.input.ServiceTaskSpecContainerSpecMount[] {
  return Object.entries(spec.volumes ?? {}).map(([volume, { kind, mountPath, size }]) => {
    if (kind === "emptyDir") return { type: "tmpfs", target: mountPath, tmpfsOptions: { sizeBytes: parseQuantity(size), mode: 0o1777 } };
    const { driver, options, name = `${prefix}-${volume}` } = args.volumeDrivers?.[volume] ?? {};
    const source = spec.kind === "stateful" ? `${name}-{{.Task.Slot}}` : name;
    const volumeOptions = { labels, ...(driver !== undefined && { driverName: driver, driverOptions: options }) };
    return { type: "volume", source, target: mountPath, volumeOptions };
  });
}

/** Files are configs and secrets, whose content never changes: another content is another one, with a name of its own. */
function createFiles(
  { files = {}, secretFiles = {} }: WebServiceSpec,
  { prefix, labels }: Given,
  opts: pulumi.CustomResourceOptions,
): Pick<ContainerSpec, "configs" | "secrets"> {
  const configs = Object.entries(files).map(([path, content]) => {
    const made = new docker.ServiceConfig(nameOf(prefix, path), { data: base64(content), labels }, opts);
    return { configId: made.id, configName: made.name, fileName: path, fileGid: "65532", fileMode: 0o444 };
  });
  const secrets = Object.entries(secretFiles).map(([path, content]) => {
    const made = new docker.Secret(nameOf(prefix, path), { data: pulumi.secret(base64(content)), labels }, opts);
    return { secretId: made.id, secretName: made.name, fileName: path, fileUid: "0", fileGid: "65532", fileMode: 0o440 };
  });
  return { configs, secrets };
}

export function base64(content: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.output(content).apply((text) => Buffer.from(text).toString("base64"));
}

/** Names of configs and secrets have at most 64 characters, of which Pulumi takes 8. */
export function nameOf(prefix: string, path: string): string {
  const readable = `${prefix}-${path.slice(1).replace(/[^\w.-]+/g, "-")}`;
  if (readable.length <= 56) return readable;
  return `${readable.slice(0, 47)}-${createHash("sha256").update(`${prefix}\0${path}`).digest("hex").slice(0, 8)}`;
}
