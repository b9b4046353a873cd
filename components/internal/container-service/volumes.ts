import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { ContainerServiceArgs } from "../../container-service-args.ts";
import type { WebServiceSpec } from "../web-service/spec.ts";

/** Docker volumes of each replica, by the volume's name in the arguments. */
export type Volumes = Record<string, pulumi.Input<string>[]>;

type Spec = Pick<WebServiceSpec, "kind" | "volumes" | "replicas">;

/** Names of persistent volumes: one for all replicas, or one for each replica of a stateful service. */
function volumeNamesOf(spec: Spec, prefix: string): Record<string, string[]> {
  const persistent = Object.entries(spec.volumes ?? {}).filter(([, { kind }]) => kind === "persistent");
  const names = (volume: string) =>
    spec.kind === "stateful"
      ? Array.from({ length: Number(spec.replicas) }, (_, i) => `${prefix}-${volume}-${i}`)
      : [`${prefix}-${volume}`];
  return Object.fromEntries(persistent.map(([volume]) => [volume, names(volume)]));
}

/** Creates the volumes that do not exist, and returns the volumes of each replica. */
export function createVolumes(
  spec: Spec,
  prefix: string,
  existing: ContainerServiceArgs["volumeNames"] = {},
  labels: docker.types.input.VolumeLabel[],
  opts: pulumi.CustomResourceOptions,
): Volumes {
  const create = (name: string) => new docker.Volume(name, { name, labels }, opts).name;
  const forReplicas = (names: pulumi.Input<string>[]) => Array.from({ length: Number(spec.replicas) }, (_, i) => names[i] ?? names[0]!);
  return Object.fromEntries(
    Object.entries(volumeNamesOf(spec, prefix)).map(([volume, names]) => [volume, forReplicas(existing[volume] ?? names.map(create))]),
  );
}

/** Whether a replica must be deleted before its successor starts, because only one container may use its volume or host name. */
export function isReplacedInPlace({ kind, volumes = {} }: Pick<WebServiceSpec, "kind" | "volumes">): boolean {
  const persistent = Object.values(volumes).filter((volume) => volume.kind === "persistent");
  return kind === "stateful" || persistent.some(({ accessMode = "ReadWriteOnce" }) => accessMode.startsWith("ReadWriteOnce"));
}
