import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dirname } from "node:path/posix";
import type { ContainerHostHandle } from "../../container-service-args.ts";
import { longRunning } from "../long-running.ts";
import { nonRootUid } from "../../../lib/non-root.ts";
import { dockerCapabilities, dockerUser, secretFileAccess, type Security } from "../../security.ts";
import { parseQuantity } from "../../../lib/quantity.ts";
import type { VolumeFiles, VolumeFilesArgs } from "../volume-files.ts";
import type { WebServiceSpec } from "../web-service/spec.ts";
import { healthcheckOf, helperFolder } from "./healthcheck.ts";
import { goMemoryLimit, memoryBytes } from "./limits.ts";
import { isReplacedInPlace, type Volumes } from "./volumes.ts";

export interface Replica {
  /** From 0. */
  index: number;
  prefix: string;
  labels: docker.types.input.ContainerLabel[];
  network: pulumi.Input<string>;
  networks: pulumi.Input<string>[];
  volumes: Volumes;
  files: VolumeFiles | undefined;
  on: ContainerHostHandle;
}

const mebibyte = 2 ** 20;

/** Arguments of a replica's container. */
export function containerOf(spec: WebServiceSpec, replica: Replica): docker.ContainerArgs {
  const { envs, volumes, ...program } = programOf(spec, replica);
  return {
    ...program,
    ...longRunning(replica.labels),
    // Pulumi generates the name of a container that is created before the previous one is deleted.
    name: isReplacedInPlace(spec) ? `${replica.prefix}-${replica.index + 1}` : undefined,
    hostname: spec.kind === "stateful" ? `${spec.name}-${replica.index}` : undefined,
    envs: [`PORT=${Number(spec.port)}`, ...envs],
    volumes: [{ volumeName: replica.on.helper, containerPath: helperFolder, readOnly: true }, ...volumes],
    healthcheck: healthcheckOf(spec, false),
    wait: true,
    waitTimeout: spec.rollout.progressDeadlineSeconds,
  };
}

/** Arguments of a job's container. JobRun starts it, and waits for its end. */
export function jobContainerOf(spec: WebServiceSpec, run: Omit<Replica, "on" | "index" | "volumes">): docker.ContainerArgs {
  const { labels, prefix } = run;
  const program = programOf(spec, { ...run, index: 0, volumes: {} });
  return { ...program, ...longRunning(labels), name: prefix, restart: "no", start: false, mustRun: false };
}

/** What a service and a job have in common. */
function programOf(spec: WebServiceSpec, { index, network, networks, volumes, files }: Omit<Replica, "on">) {
  const memory = memoryBytes(spec);
  const cpus = spec.resources.cpuLimit === undefined ? undefined : parseQuantity(spec.resources.cpuLimit);
  return {
    image: spec.image,
    entrypoints: spec.command,
    command: spec.args,
    workingDir: spec.workingDir,
    envs: environment(spec),
    user: dockerUser(spec.access),
    readOnly: spec.access.readOnlyRootFilesystem,
    capabilities: { drops: ["ALL"], ...addedCapabilities(spec.access) },
    securityOpts: ["no-new-privileges:true"],
    memory: Math.ceil(memory.limit / mebibyte),
    // No swap: a program that exceeds its limit must fail visibly.
    memorySwap: Math.ceil(memory.limit / mebibyte),
    memoryReservation: Math.ceil(memory.reservation / mebibyte),
    cpus: cpus === undefined ? undefined : String(cpus),
    // As the kubelet computes them, https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/cm/helpers_linux.go.
    cpuShares: Math.max(2, Math.round(1024 * (parseQuantity(spec.resources.cpu) ?? 0))),
    networksAdvanced: [{ name: network, aliases: [spec.name] }, ...networks.map((name) => ({ name, aliases: [spec.name] }))],
    volumes: [
      ...persistentVolumes(spec).map(([volume, { mountPath }]) => ({ volumeName: volumes[volume]![index]!, containerPath: mountPath })),
      ...[...new Set(filesOf(spec).map(({ path }) => dirname(path)))].map((folder) => ({
        volumeName: files?.volumes.apply((names) => names[folder]!),
        containerPath: folder,
        readOnly: true,
      })),
    ],
    tmpfs: emptyDirs(spec),
    destroyGraceSeconds: stopSeconds(spec),
    stopTimeout: stopSeconds(spec),
  };
}

/** How many replicas of a new version start at the same time. */
export function replicasAtOnce(spec: WebServiceSpec): number {
  if (isReplacedInPlace(spec)) return 1;
  const surge = spec.rollout.maxSurge as string;
  const count = surge.endsWith("%") ? Math.ceil((Number(spec.replicas) * parseInt(surge)) / 100) : Number(surge);
  return Math.max(1, count);
}

/** Seconds from SIGTERM to SIGKILL. `shutdown.sleepSeconds` passes before, while the proxy no longer routes here. */
export function stopSeconds({ shutdown }: WebServiceSpec): number {
  return Math.max(1, shutdown.gracePeriodSeconds - shutdown.sleepSeconds);
}

function environment(spec: WebServiceSpec): pulumi.Input<string>[] {
  const { env = {}, secretEnv = {} } = spec;
  const variables = (values: Record<string, pulumi.Input<string>>) =>
    Object.entries(values).map(([key, value]) => pulumi.interpolate`${key}=${value}`);
  const secrets = variables(secretEnv).map((value) => pulumi.secret(value));
  return [...goMemoryLimit(spec), ...variables(env), ...secrets];
}

function addedCapabilities(access: Security): { adds?: string[] } {
  return access.capabilities.length > 0 ? { adds: dockerCapabilities(access) } : {};
}

/** The files of a service. Secret files are readable only by the service's group, if it is known. */
export function filesOf({ files = {}, secretFiles = {}, access }: WebServiceSpec): VolumeFilesArgs["files"] {
  const { gid, mode } = secretFileAccess(access);
  // The default is left out, because states of earlier versions do not have it.
  const group = gid === nonRootUid ? {} : { gid };
  return [
    ...Object.entries(files).map(([path, content]) => ({ path, content, mode: 0o444 })),
    ...Object.entries(secretFiles).map(([path, content]) => ({ path, content: pulumi.secret(content), mode, ...group })),
  ];
}

/** emptyDir volumes as tmpfs: on disk they would be unbounded and owned by root. */
function emptyDirs({ volumes = {}, access: { user } }: WebServiceSpec): Record<string, string> | undefined {
  const all = Object.values(volumes).filter(({ kind }) => kind === "emptyDir");
  // runc gives it the mode of the image's folder, if there is one. The user can write to it as its owner.
  const owner = user ? `,uid=${user.uid},gid=${user.gid}` : "";
  const options = (size: string) => `rw,nosuid,nodev,noexec,mode=1777,size=${parseQuantity(size)}${owner}`;
  return all.length === 0 ? undefined : Object.fromEntries(all.map(({ mountPath, size }) => [mountPath, options(size)]));
}

function persistentVolumes({ volumes = {} }: WebServiceSpec) {
  return Object.entries(volumes).filter(([, { kind }]) => kind === "persistent");
}
