import type { Stack } from "../../config/stack-file.ts";
import { DeploymentResult, type Deployment } from "../../lib/deployment-record.ts";
import { engineFor } from "../engines.ts";

/**
 * The deployments of a stack, the newest first. None if it was never deployed.
 *
 * @throws UserError if they cannot be read: the cluster or the backend of the Pulumi CLI does not answer, the passphrase is wrong.
 */
export async function deploymentsOf(stack: Stack): Promise<Deployment[]> {
  return (await engineFor(stack)).deployments();
}

/** The last deployment that succeeded. Undefined if none has, or if the stack was deleted after it. */
export function lastSucceeded(deployments: Deployment[]): Deployment | undefined {
  const newest = deployments.find(({ result }) => result === DeploymentResult.Succeeded);
  return newest?.command === "down" ? undefined : newest;
}

/** The images by digest that a deployment ran, by service and job. */
export function imagesOf({ images = {}, jobs = {} }: Deployment): Record<string, string> {
  return { ...jobs, ...images };
}

/** An image that ran in a stack. */
export interface Release {
  image: string;
  /** When it was deployed first, or again after another one. RFC 3339, in UTC. */
  since: string;
  /** When another one, or none, took its place. @default - it runs now */
  until?: string;
  /** The deployment that brought it. */
  deployment: Deployment;
}

/**
 * The images that a service or job has run, the newest first, from the deployments that succeeded. The first one runs now if it has no
 * `until`.
 */
export function releasesOf(deployments: Deployment[], name: string): Release[] {
  const releases: Release[] = [];
  for (const deployment of deployments.filter(({ result }) => result === DeploymentResult.Succeeded).reverse()) {
    const { started, command } = deployment;
    const images = imagesOf(deployment);
    const image = images[name];
    const [last] = releases;
    // What this deployment ran is not known, as in the history of the Pulumi CLI.
    const isUnknown = command !== "down" && Object.keys(images).length === 0;
    if (isUnknown || (last !== undefined && last.until === undefined && last.image === image)) continue;
    if (last !== undefined) last.until ??= started;
    if (image !== undefined) releases.unshift({ image, since: started, deployment });
  }
  return releases;
}

/** Names of the services and jobs in the deployments, those of the newest one first. */
export function namesIn(deployments: Deployment[]): string[] {
  return [...new Set(deployments.flatMap(({ images, jobs }) => [...Object.keys(images ?? {}), ...Object.keys(jobs ?? {})]))];
}
