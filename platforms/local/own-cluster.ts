import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { LocalClusterKind } from "../../config/schema/local.ts";
import type { Configuration } from "../../config/settings.ts";
import { dockerClient } from "../../lib/docker-client.ts";
import { stackLabel } from "../../lib/docker-labels.ts";
import { isPreflightOff } from "../../lib/preflight.ts";
import { labelOfStack } from "../stack-label.ts";

/** Name of a stack, of its namespace, and of its own cluster if it has one. */
export function nameOf(stack: string): string {
  return `${pulumi.getProject()}-${stack}`;
}

/** Folder for the files of a stack on this machine. */
export function folderOf(stack: string): string {
  return resolve(".slipway", stack);
}

/**
 * Whether a stack has a cluster of its own: because its settings say so, or because they say nothing and it already has one. To delete that
 * one with all data, only because a newer version shares clusters, would be a surprise.
 */
export async function hasOwnCluster({ stack, local }: Pick<Configuration, "stack" | "local">): Promise<boolean> {
  if (local.cluster !== undefined) return local.cluster === LocalClusterKind.Own;
  if (isPreflightOff()) return false;
  const volume = dockerClient().getVolume(`${nameOf(stack)}-node`);
  // Without Docker there is no cluster.
  const found = await volume.inspect().catch(() => undefined);
  return found?.Labels?.[stackLabel] === labelOfStack(stack);
}
