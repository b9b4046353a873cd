import { createInterface } from "node:readline/promises";
import { UserError } from "../../lib/user-error.ts";
import { locked } from "../../lib/file-lock.ts";
import type { Stack } from "../../config/stack-file.ts";
import type { Engine } from "../engines.ts";
import { runningImages } from "./running.ts";
import { step } from "../../lib/progress.ts";
import { RegistryStore, type StoredImage } from "./registry-store.ts";

interface Listed extends StoredImage {
  /** Who runs it, or could go back to it. */
  usedBy: string[];
}

/** Lists the images that a stack has in its registry, and who uses them. */
export async function listImages(stack: Stack, engine: Engine): Promise<void> {
  process.stdout.write(table(await imagesOf(stack, engine)));
}

/** Removes the images that nobody uses, once that is agreed to; `yes` agrees beforehand. */
export async function pruneImages(stack: Stack, engine: Engine, yes: boolean): Promise<void> {
  await locked(stack.folder, `Stack "${stack.name}"`, "images", async () => {
    const unused = (await imagesOf(stack, engine)).filter(({ usedBy }) => usedBy.length === 0);
    if (unused.length === 0) return void process.stdout.write("Every image is in use.\n");
    process.stdout.write(table(unused));
    const what = `${unused.length} ${unused.length === 1 ? "image" : "images"} of ${megabytes(sum(unused))}`;
    if (!yes && !(await agrees(`Remove ${what}?`, stack.name))) return void process.stdout.write("Nothing was removed.\n");
    await step(`remove ${what}`, () => new RegistryStore(unused[0]!.repository.split("/")[0]!).remove(unused), { always: true });
  });
}

async function imagesOf(stack: Stack, engine: Engine): Promise<Listed[]> {
  const { registry, images = {} } = (await engine.outputs(false)) as { registry?: string; images?: Record<string, string> };
  if (registry === undefined)
    throw new UserError(
      `Stack "${stack.name}" has no registry of its own. On eks, ECR shows its images (aws ecr describe-images), and their lifecycle policy removes old ones.`,
    );
  const { project, name, config } = stack;
  const { registry: elsewhere } = JSON.parse(config[`${project}:${config[`${project}:platform`]}`] ?? "{}") as { registry?: object };
  if (elsewhere)
    throw new UserError(
      `Stack "${name}" has its images in ${registry}, which others may use too: that registry's own rules say what it keeps.`,
    );
  const { imagesInUse } = await import("../workloads/workloads.ts");
  const [kept, running] = await Promise.all([imagesInUse(stack, engine), runningImages(stack)]);
  return (await new RegistryStore(registry).images()).map((image) => {
    const ref = `${image.repository}@${image.digest}`;
    const deployed = Object.keys(images).filter((service) => images[service] === ref);
    const runs = [...new Set([...deployed, ...(running.get(ref) ?? [])])];
    const earlier = Object.keys(kept).filter((service) => kept[service]!.includes(ref) && !runs.includes(service));
    return { ...image, usedBy: [...runs, ...earlier.map((service) => `${service} (to go back to)`)] };
  });
}

function table(images: Listed[]): string {
  const rows = images.map(({ repository, tags, digest, bytes, pushed, where, usedBy }) => [
    `${repository}:${tags.join(",")}`,
    digest.slice(0, "sha256:".length + 12),
    megabytes(bytes),
    pushed === undefined ? "" : age(pushed),
    where,
    usedBy.length === 0 ? "nobody" : usedBy.join(", "),
  ]);
  const all = [["IMAGE", "DIGEST", "SIZE", "AGE", "IN", "USED BY"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map(
      (row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd() + "\n",
    )
    .join("");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function sum(images: StoredImage[]): number {
  return images.reduce((total, { bytes }) => total + bytes, 0);
}

/** As kubectl says it: in the greatest unit of which there is one at least. */
function age(since: Date): string {
  const seconds = Math.max(0, (Date.now() - since.getTime()) / 1000);
  const [unit, size] = (
    [
      ["d", 86_400],
      ["h", 3600],
      ["m", 60],
    ] as const
  ).find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / size)}${unit}`;
}

async function agrees(question: string, stack: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UserError(`${question} Nobody is there to answer; say so beforehand: make images PRUNE=1 YES=1 STACK=${stack}`);
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await lines.question(`${question} [y/N] `).finally(() => lines.close());
  return /^y(es)?$/i.test(answer.trim());
}
