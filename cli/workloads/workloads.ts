import { engineAway } from "../../lib/docker-client.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Release } from "./kubernetes-history.ts";
import type { Stack } from "../../config/stack-file.ts";
import type { Engine } from "../engines.ts";

/** The services of a stack where they run, and what is remembered there of their versions. */
export interface Workloads {
  /** After a success: what runs now is what `rollback` may go back to later. */
  remember(): Promise<void>;
  /** After a failure: a card for every service whose new version did not come up, with the way back. */
  cards(wayBack: (release: Release) => string): Promise<string[]>;
  releases(): Promise<Release[]>;
  /** The images of each service that it could go back to. */
  keptImages(): Promise<Record<string, string[]>>;
  forget(): Promise<void>;
}

/** Undefined where the stack is not up here. */
export async function workloadsOf(stack: Stack, engine: Engine): Promise<Workloads | undefined> {
  const platform = stack.config[`${stack.project}:platform`];
  if (platform !== "docker" && platform !== "swarm") return (await import("./kubernetes.ts")).kubernetesWorkloads(stack, engine);
  return (await import("./docker.ts")).dockerWorkloads(stack, platform, engine);
}

/** Notes what has come up. */
export async function rememberVersions(stack: Stack, engine: Engine): Promise<void> {
  try {
    await (await workloadsOf(stack, engine))?.remember();
  } catch (error) {
    process.stderr.write(
      `make rollback may not know later that this version came up, for it could not be noted: ${(error as Error).message}\n`,
    );
  }
}

/** Once the stack is down: what it was told to remember beside its own objects. */
export async function forgetVersions(stack: Stack, engine: Engine): Promise<void> {
  if (stack.config[`${stack.project}:platform`] === "swarm") await (await workloadsOf(stack, engine))?.forget();
}

/** Tells of every service of the stack whose new version did not come up. */
export async function tellFailures(stack: Stack, engine: Engine): Promise<void> {
  try {
    const cards = await (await workloadsOf(stack, engine))?.cards((release) => wayBack(release, stack));
    for (const card of cards ?? []) process.stdout.write(`\n${card}\n`);
  } catch (error) {
    if ((error as Error).message === engineAway) return; // which has been told
    process.stderr.write(`Why the workloads failed cannot be told, for what they run on does not answer: ${(error as Error).message}\n`);
  }
}

function wayBack({ name, image, good }: Release, { name: stack }: Stack): string {
  if (good === undefined) return "it is the first version";
  return good === image ? settingsBack(stack) : `make rollback STACK=${stack} SERVICE=${name}`;
}

function settingsBack(stack: string): string {
  return `the image is that of the version before: put the settings back in stacks/Pulumi.${stack}.yaml, then make up STACK=${stack}`;
}

/**
 * The image of every service to go back to: of those whose new version did not come up the last that did; where all have
 * come up, the version before of the service that is named, or of the only one. The others stay as they are.
 */
export async function imagesToGoBackTo(stack: Stack, engine: Engine, service: string | undefined): Promise<Record<string, string>> {
  const all = (await (await workloadsOf(stack, engine))?.releases()) ?? [];
  if (all.length === 0) throw new UserError(`Stack "${stack.name}" is not up here, so there is nothing to go back to.`);
  const names = all.map(({ name }) => name);
  if (service !== undefined && !names.includes(service))
    throw new UserError(`There is no service "${service}". Known: ${names.join(", ")}.`);
  const failed = all.filter(({ healthy }) => !healthy).map(({ name }) => name);
  const chosen = service !== undefined ? [service] : failed.length > 0 ? failed : names;
  if (chosen.length > 1 && failed.length === 0)
    throw new UserError(`All services have come up: say which is to go back, by SERVICE=… (${names.join(", ")}).`);
  const images: Record<string, string> = {};
  for (const { name, image, good } of all) {
    if (chosen.includes(name) && good === undefined) throw new UserError(`Service "${name}" has no other version to go back to.`);
    if (chosen.includes(name) && good === image) throw new UserError(`Service "${name}": ${settingsBack(stack.name)}.`);
    images[name] = chosen.includes(name) ? String(good) : (image ?? String(good));
  }
  return images;
}

/** The images of every service that it could go back to. */
export async function imagesInUse(stack: Stack, engine: Engine): Promise<Record<string, string[]>> {
  return (await (await workloadsOf(stack, engine))?.keptImages()) ?? {};
}
