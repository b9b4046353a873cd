import { shortDigest } from "../../lib/image-reference.ts";
import { createInterface } from "node:readline/promises";
import { UserError } from "../../lib/user-error.ts";
import { locked } from "../../lib/file-lock.ts";
import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";
import type { Engine } from "../engines.ts";
import { age, table } from "../table.ts";
import { runningImages } from "./running.ts";
import { step } from "../../lib/progress.ts";
import { RegistryStore, type StoredImage } from "./registry-store.ts";

interface Listed extends StoredImage {
  /** Services and containers that run it, and services that can be rolled back to it. */
  usedBy: string[];
}

/** Prints the images in the registry of a stack, and what uses them. */
export async function listImages(stack: Stack, engine: Engine, json: boolean): Promise<void> {
  const images = await imagesOf(stack, engine);
  process.stdout.write(json ? `${JSON.stringify({ stack: stack.name, images }, null, 2)}\n` : formatImages(images));
}

export interface PruneOptions {
  /** Delete without asking. */
  yes: boolean;
  json: boolean;
}

/** Deletes the images that nothing uses and no rollback needs, after a confirmation. */
export async function pruneImages(stack: Stack, engine: Engine, { yes, json }: PruneOptions): Promise<void> {
  const say = (text: string) => void (json ? process.stderr : process.stdout).write(text);
  const deleted = await locked(stack.folder, `Stack "${stack.name}"`, "slipway images --prune", async () => {
    const unused = (await imagesOf(stack, engine)).filter(({ usedBy }) => usedBy.length === 0);
    if (unused.length === 0) {
      say("Every image is in use.\n");
      return [];
    }
    say(formatImages(unused));
    const what = `${unused.length} ${unused.length === 1 ? "image" : "images"} (${megabytes(sum(unused))})`;
    if (!yes && !(await confirm(`Delete ${what}?`, stack.name))) {
      say("Nothing was deleted.\n");
      return [];
    }
    await step(`delete ${what}`, () => new RegistryStore(unused[0]!.repository.split("/")[0]!).remove(unused), { always: true });
    return unused;
  });
  if (json) process.stdout.write(`${JSON.stringify({ stack: stack.name, deleted }, null, 2)}\n`);
}

async function imagesOf(stack: Stack, engine: Engine): Promise<Listed[]> {
  type Outputs = { registry?: string; images?: Record<string, string>; jobs?: Record<string, string>; helper?: string };
  const { registry, jobs, helper, ...outputs } = (await engine.outputs(false)) as Outputs;
  const images: Record<string, string> = { ...outputs.images, ...jobs, ...(helper !== undefined && { "jobs that call services": helper }) };
  if (registry === undefined)
    throw new UserError(
      `Stack "${stack.name}" has no registry. On the platform eks, aws ecr describe-images lists the images, and a lifecycle policy deletes old ones.`,
    );
  const { name } = stack;
  const { registry: external } = settingsIn(stack, platformOf(stack));
  if (external)
    throw new UserError(
      `Stack "${name}" stores its images in ${registry}, which may be shared with others. Use the retention rules of that registry.`,
    );
  const { rollbackCandidates } = await import("../workloads/workloads.ts");
  const [kept, running] = await Promise.all([rollbackCandidates(stack, engine), runningImages(stack)]);
  return (await new RegistryStore(registry, await sharedPrefix(stack)).images()).map((image) => {
    const ref = `${image.repository}@${image.digest}`;
    const deployed = Object.keys(images).filter((service) => images[service] === ref);
    const runs = [...new Set([...deployed, ...(running.get(ref) ?? [])])];
    const earlier = Object.keys(kept).filter((service) => kept[service]!.includes(ref) && !runs.includes(service));
    return { ...image, usedBy: [...runs, ...earlier.map((service) => `${service} (rollback)`)] };
  });
}

/** Start of the names of the stack's repositories in the registry of a shared cluster. */
async function sharedPrefix(stack: Stack): Promise<string | undefined> {
  if (platformOf(stack) !== "local") return undefined;
  const [{ clustersOf }, { stackLabelValue }] = await Promise.all([
    import("../../platforms/local/shared-cluster/record.ts"),
    import("../../lib/docker-labels.ts"),
  ]);
  return clustersOf(stackLabelValue(stack)).length > 0 ? `${stack.project}-${stack.name}/` : undefined;
}

function formatImages(images: Listed[]): string {
  const rows = images.map(({ repository, tags, digest, bytes, pushed, where, usedBy }) => [
    `${repository}:${tags.join(",")}`,
    shortDigest(digest),
    megabytes(bytes),
    pushed === undefined ? "" : age(pushed),
    where,
    usedBy.length === 0 ? "nothing" : usedBy.join(", "),
  ]);
  return table(["IMAGE", "DIGEST", "SIZE", "AGE", "IN", "USED BY"], rows);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function sum(images: StoredImage[]): number {
  return images.reduce((total, { bytes }) => total + bytes, 0);
}

async function confirm(question: string, stack: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UserError(
      `${question} Cannot ask, because standard input is not a terminal. Run slipway images --prune --yes --stack ${stack}`,
    );
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${question} [y/N] `).finally(() => lines.close());
  return /^y(es)?$/i.test(answer.trim());
}
