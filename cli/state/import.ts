import { existsSync, readFileSync } from "node:fs";
import { StateLocation } from "../../config/schema/kubernetes.ts";
import { platformOf, type Stack } from "../../config/stack-file.ts";
import { takeOverFields } from "../../engine/kubernetes/managed-fields.ts";
import { providerUrn, type ResourceState } from "../../engine/state/checkpoint.ts";
import { KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { UserError } from "../../lib/user-error.ts";
import { plain } from "../../lib/values.ts";
import { embeddedStore, hasState, moveHistory, Place, resourcesIn, retire, writeToPulumi } from "./places.ts";
import { clusterSettingsOf } from "./stores.ts";

/**
 * Stores an exported state at a place, and puts a state at another place out of use.
 *
 * @returns how many resources it has, and where old states are kept, for people.
 * @throws UserError, before anything is changed, if the file is no state of this stack, or the place has a state already or is not where the
 * stack is deployed from.
 */
export async function importState(stack: Stack, file: string, to: Place, force: boolean): Promise<{ resources: number; notes: string[] }> {
  rejectUnusedPlace(stack, to);
  if (file !== "-" && !existsSync(file)) throw new UserError(`${file}: does not exist. Correct the path.`);
  const text = readFileSync(file === "-" ? 0 : file, "utf8");
  const shown = file === "-" ? "standard input" : file;
  let resources: ResourceState[];
  try {
    resources = resourcesIn(text, stack, shown);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${shown}: ${error.message}`) : error;
  }
  const before = await Promise.all(Object.values(Place).map(async (place) => ((await hasState(stack, place)) ? [place] : [])));
  const places = before.flat();
  if (places.includes(to) && !force)
    throw new UserError(
      `Stack "${stack.name}" has a state in the ${to} already. Export it first: slipway state export --from ${to} --stack ${stack.name}. To replace it, set --force.`,
    );
  await write(stack, to, { resources, text, force });
  const notes: (string | undefined)[] = [];
  for (const place of places.filter((one) => one !== to)) {
    notes.push(await moveHistory(stack, place, to), await retire(stack, place));
  }
  const count = resources.filter(({ custom, type }) => custom && !type.startsWith("pulumi:")).length;
  return { resources: count, notes: notes.filter((note) => note !== undefined) };
}

function rejectUnusedPlace(stack: Stack, to: Place): void {
  if (to === Place.Pulumi) return;
  const usual = platformOf(stack) === "kubernetes" ? (clusterSettingsOf(stack)?.state ?? StateLocation.Cluster) : StateLocation.File;
  if (usual === to) return;
  const remedy =
    platformOf(stack) === "kubernetes"
      ? `Set slipway:kubernetes.state to ${to} first`
      : "Only stacks on the platform kubernetes have their state in a cluster";
  throw new UserError(`--to: must be ${usual}, where stack "${stack.name}" is deployed from (got "${to}"). ${remedy}.`);
}

interface Imported {
  resources: ResourceState[];
  text: string;
  force: boolean;
}

async function write(stack: Stack, to: Place, { resources, text, force }: Imported): Promise<void> {
  if (to === Place.Pulumi) return writeToPulumi(stack, text);
  const store = embeddedStore(stack, to);
  await store.locked("slipway state import", async () => {
    // What is replaced may be damaged.
    await store.load().catch((error: Error) => (force ? undefined : Promise.reject(error)));
    await takeOver(resources);
    await store.save(resources);
  });
}

/** Makes Slipway the owner of what the Pulumi CLI has applied. */
async function takeOver(resources: ResourceState[]): Promise<void> {
  const providers = new Map(resources.filter(({ type }) => type === "pulumi:providers:kubernetes").map(({ urn, inputs }) => [urn, inputs]));
  const objects = Map.groupBy(
    resources.filter(({ type }) => type.startsWith("kubernetes:")),
    (resource) => providerUrn(resource) ?? "",
  );
  for (const [provider, all] of objects) {
    const { kubeconfig, context } = plain(providers.get(provider) ?? {});
    if (kubeconfig === undefined && context === undefined) continue;
    const cluster = new KubernetesCluster(kubeconfig, context);
    for (const { inputs } of all) await takeOverFields(plain<Manifest>(inputs), cluster);
  }
}
