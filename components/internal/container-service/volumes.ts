import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { ContainerServiceArgs } from "../../container-service-args.ts";
import type { WebServiceSpec } from "../web-service/spec.ts";

/** Names of volumes, by the name in the arguments: one for each replica. */
export type Volumes = Record<string, pulumi.Input<string>[]>;

type Spec = Pick<WebServiceSpec, "kind" | "volumes" | "replicas">;

/** What persistent volumes are called: one for all replicas, or, of a stateful service, one each. */
export function namesOfVolumes(spec: Spec, prefix: string): Record<string, string[]> {
  const persistent = Object.entries(spec.volumes ?? {}).filter(([, { kind }]) => kind === "persistent");
  const names = (volume: string) =>
    spec.kind === "stateful"
      ? Array.from({ length: Number(spec.replicas) }, (_, i) => `${prefix}-${volume}-${i}`)
      : [`${prefix}-${volume}`];
  return Object.fromEntries(persistent.map(([volume]) => [volume, names(volume)]));
}

/** Makes the volumes that are not given, and says which of them each replica has. */
export function createVolumes(
  spec: Spec,
  prefix: string,
  given: ContainerServiceArgs["volumeNames"] = {},
  labels: docker.types.input.VolumeLabel[],
  opts: pulumi.CustomResourceOptions,
): Volumes {
  const make = (name: string) => new docker.Volume(name, { name, labels }, opts).name;
  const forEach = (names: pulumi.Input<string>[]) => Array.from({ length: Number(spec.replicas) }, (_, i) => names[i] ?? names[0]!);
  return Object.fromEntries(
    Object.entries(namesOfVolumes(spec, prefix)).map(([volume, names]) => [volume, forEach(given[volume] ?? names.map(make))]),
  );
}

/** Whether replicas have something that only one of them may hold at a time. */
export function isReplacedInPlace({ kind, volumes = {} }: Pick<WebServiceSpec, "kind" | "volumes">): boolean {
  const persistent = Object.values(volumes).filter((volume) => volume.kind === "persistent");
  return kind === "stateful" || persistent.some(({ accessMode = "ReadWriteOnce" }) => accessMode.startsWith("ReadWriteOnce"));
}
