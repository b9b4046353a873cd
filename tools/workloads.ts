import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { failureCard } from "../kubernetes/failure-card.ts";
import { KubernetesCluster, type Manifest } from "../kubernetes/cluster.ts";
import { keptImages, release, rememberComingUp, type Release } from "../kubernetes/history.ts";
import type { Stack } from "../stack-file.ts";
import { UserError } from "../components/internal/user-error.ts";
import type { Engine } from "./engines.ts";

/** After a success: what runs now is what `rollback` may go back to later. */
export async function rememberVersions(stack: Stack, engine: Engine): Promise<void> {
  const cluster = await clusterOf(stack, engine);
  if (!cluster) return;
  try {
    await Promise.all((await workloadsOf(stack, cluster)).map((workload) => rememberComingUp(workload, cluster)));
  } catch (error) {
    process.stderr.write(
      `make rollback may not know later that this version came up, for it could not be noted: ${(error as Error).message}\n`,
    );
  }
}

/** After a failure: a card for every workload of the stack whose new version did not come up. */
export async function tellFailures(stack: Stack, engine: Engine): Promise<void> {
  const cluster = await clusterOf(stack, engine);
  if (!cluster) return;
  try {
    for (const workload of await workloadsOf(stack, cluster)) {
      const card = await failureCard(workload, cluster, async () => wayBack(await release(workload, cluster), stack));
      if (card) process.stdout.write(`\n${card}\n`);
    }
  } catch (error) {
    process.stderr.write(`Why the workloads failed cannot be told, for the cluster does not answer: ${(error as Error).message}\n`);
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
  const cluster = await clusterOf(stack, engine);
  if (!cluster) throw new UserError(`Stack "${stack.name}" is not up here, so there is nothing to go back to.`);
  const all = await Promise.all((await workloadsOf(stack, cluster)).map((workload) => release(workload, cluster)));
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
    images[name] = chosen.includes(name) ? String(good) : image;
  }
  return images;
}

/** The images of every service that run or could be gone back to. */
export async function imagesInUse(stack: Stack, engine: Engine): Promise<Record<string, string[]>> {
  const cluster = await clusterOf(stack, engine);
  if (!cluster) return {};
  const all = await workloadsOf(stack, cluster);
  return Object.fromEntries(await Promise.all(all.map(async (w) => [String(w.metadata?.name), await keptImages(w, cluster)] as const)));
}

/** By the file that a local cluster leaves, which is there also where the first update failed, or by the stack's output. */
async function clusterOf(stack: Stack, engine: Engine): Promise<KubernetesCluster | undefined> {
  const file = join(stack.folder, "kubeconfig.yaml");
  const kubeconfig = existsSync(file)
    ? readFileSync(file, "utf8")
    : await engine.outputs(true).then(
        (outputs) => outputs["kubeconfig"],
        () => undefined,
      );
  return typeof kubeconfig === "string" ? new KubernetesCluster(kubeconfig) : undefined;
}

async function workloadsOf({ project, name }: Stack, cluster: KubernetesCluster): Promise<Manifest[]> {
  const ours = "app.kubernetes.io/managed-by=pulumi";
  const kinds = await Promise.all(["Deployment", "StatefulSet"].map((kind) => cluster.select("apps/v1", kind, `${project}-${name}`, ours)));
  // A list leaves out what kind its items are.
  return kinds.flatMap((workloads, i) => workloads.map((w) => ({ ...w, kind: ["Deployment", "StatefulSet"][i] })));
}
