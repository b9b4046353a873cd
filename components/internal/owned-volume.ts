import type * as pulumi from "@pulumi/pulumi";
import { nonRootUser } from "../../lib/non-root.ts";

/** A volume that services write to. */
export interface OwnedVolume {
  /** Name of the Docker volume. */
  name: pulumi.Input<string>;
  /** User and group ID that own its root folder, such as `1000:1000`. @default "65532:65532" */
  owner?: string;
}

/** Where the helper sees the volumes. */
export function helperPath(index: number): string {
  return `/volumes/${index}`;
}

/** The helper's arguments that set the owners. */
export function ownersOf(volumes: OwnedVolume[] = []): string[] {
  return volumes.map(({ owner = nonRootUser }, i) => `${helperPath(i)}=${owner}`);
}
