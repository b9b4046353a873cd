import { platformOf, type Stack } from "../../config/stack-file.ts";
import { dockerUnreachable } from "../../lib/docker-client.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Engine } from "../engines.ts";
import type { FailureCard } from "./failure-card.ts";

/** A service and the images that it has run. */
export interface Release {
  name: string;
  /** Current image by digest; undefined if it is unknown what was to be deployed. */
  image: string | undefined;
  /**
   * Image to roll back to: the last other one that became healthy. If the current version failed, the last one that became healthy,
   * which is the current one if settings are to blame. Undefined if there is none.
   */
  good: string | undefined;
  /** Whether the current version became healthy. */
  healthy: boolean;
}

/** The services of a stack where they run, and the history of their versions there. */
export interface Workloads {
  /** Records, after a success, that the current versions became healthy: a later rollback may use them. */
  recordVersions(): Promise<void>;
  /**
   * A card for every service that fails.
   *
   * @param afterDeployment Whether a deployment has just failed, which is recorded where Docker itself shows nothing of it.
   */
  failureCards(rollback: (release: Release) => string, afterDeployment: boolean): Promise<FailureCard[]>;
  releases(): Promise<Release[]>;
  /** Images that each service can be rolled back to. */
  keptImages(): Promise<Record<string, string[]>>;
  /** Deletes what was recorded outside the stack's own objects. */
  forget(): Promise<void>;
}

/** Undefined if the stack is not up on this machine. */
async function workloadsOf(stack: Stack, engine: Engine): Promise<Workloads | undefined> {
  const platform = platformOf(stack);
  if (platform === "docker" || platform === "swarm") return (await import("./docker.ts")).dockerWorkloads(stack, platform, engine);
  return (await import("./kubernetes.ts")).kubernetesWorkloads(stack, engine);
}

/** Records the versions that are healthy now. A failure is a warning: the deployment itself succeeded. */
export async function recordVersions(stack: Stack, engine: Engine): Promise<void> {
  try {
    await (await workloadsOf(stack, engine))?.recordVersions();
  } catch (error) {
    process.stderr.write(
      `warning: slipway rollback cannot return to this version later, because it could not be recorded: ${(error as Error).message}\n`,
    );
  }
}

/** Deletes, after `down`, what was recorded outside the stack's own objects. */
export async function forgetVersions(stack: Stack, engine: Engine): Promise<void> {
  if (platformOf(stack) === "swarm") await (await workloadsOf(stack, engine))?.forget();
}

/** A card for every service that fails now. Records nothing. */
export function currentFailures(stack: Stack, engine: Engine): Promise<FailureCard[]> {
  return cardsOf(stack, engine, false);
}

async function cardsOf(stack: Stack, engine: Engine, afterDeployment: boolean): Promise<FailureCard[]> {
  const workloads = await workloadsOf(stack, engine);
  const cards = (await workloads?.failureCards((release) => howToRollBack(release, stack), afterDeployment)) ?? [];
  const { withAssets } = await import("./suggested-assets.ts");
  return cards.map((card) => ({ ...card, likely: withAssets(card.likely, card.service, stack) }));
}

/** A card for every service whose new version failed. If they cannot be read, says so and returns none. */
export async function failureCards(stack: Stack, engine: Engine): Promise<FailureCard[]> {
  try {
    return await cardsOf(stack, engine, true);
  } catch (error) {
    if ((error as Error).message !== dockerUnreachable)
      process.stderr.write(`The state of the services cannot be read: ${(error as Error).message}\n`);
    return [];
  }
}

function howToRollBack({ name, image, good }: Release, { name: stack }: Stack): string {
  if (good === undefined) return "not possible: this is the first version";
  return good === image ? revertSettings(stack) : `slipway rollback --stack ${stack} --service ${name}`;
}

function revertSettings(stack: string): string {
  return `the image has not changed: revert the settings in stacks/Pulumi.${stack}.yaml, then run slipway up --stack ${stack}`;
}

/**
 * The image that every service has after a rollback. If updates failed, those services get the last image that became healthy. If all are
 * healthy, the named service, or the only one, gets its previous image. The others keep theirs.
 *
 * @throws UserError if there is nothing to roll back to, or the service must be named.
 */
export async function rollbackImages(stack: Stack, engine: Engine, service: string | undefined): Promise<Record<string, string>> {
  const all = (await (await workloadsOf(stack, engine))?.releases()) ?? [];
  if (all.length === 0) throw new UserError(`Stack "${stack.name}" is not up here, so there is nothing to roll back.`);
  const names = all.map(({ name }) => name);
  if (service !== undefined && !names.includes(service))
    throw new UserError(`There is no service "${service}". Known services: ${names.join(", ")}.`);
  const failed = all.filter(({ healthy }) => !healthy).map(({ name }) => name);
  const chosen = service !== undefined ? [service] : failed.length > 0 ? failed : names;
  if (chosen.length > 1 && failed.length === 0)
    throw new UserError(`All services are healthy. Choose the one to roll back with --service (${names.join(", ")}).`);
  const images: Record<string, string> = {};
  for (const { name, image, good } of all) {
    if (chosen.includes(name) && good === undefined) throw new UserError(`Service "${name}" has no other version to roll back to.`);
    if (chosen.includes(name) && good === image) throw new UserError(`Service "${name}": ${revertSettings(stack.name)}.`);
    images[name] = chosen.includes(name) ? String(good) : (image ?? String(good));
  }
  return images;
}

/** Images that each service can be rolled back to. */
export async function rollbackCandidates(stack: Stack, engine: Engine): Promise<Record<string, string[]>> {
  return (await (await workloadsOf(stack, engine))?.keptImages()) ?? {};
}
