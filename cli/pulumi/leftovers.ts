import type Docker from "dockerode";
import { kinds } from "../../engine/docker/kinds.ts";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";
import { stackLabel } from "../../lib/docker-labels.ts";

/** What of an exported state is read, https://www.pulumi.com/docs/iac/operations/stack-management/editing-state-files/. */
export interface ExportedState {
  deployment?: { pending_operations?: { type: string; resource: { type: string; inputs?: Record<string, unknown> } }[] | null };
}

type Listed = { id: string; name: string }[];
type List = (docker: Docker, filters: { label: string[] }) => Promise<Listed>;

const bySpec = (objects: { ID?: string; Spec?: { Name?: string } }[]): Listed =>
  objects.map(({ ID, Spec }) => ({ id: String(ID), name: String(Spec?.Name) }));

/** How the objects of each kind are listed, in the order in which they can be removed. The keys are those of the engine's kinds. */
const lists: Record<string, List> = {
  service: async (docker, filters) => bySpec(await docker.listServices({ filters })),
  container: async (docker, filters) =>
    (await docker.listContainers({ all: true, filters })).map(({ Id, Names }) => ({ id: Id, name: String(Names[0]?.slice(1)) })),
  network: async (docker, filters) => (await docker.listNetworks({ filters })).map(({ Id, Name }) => ({ id: Id, name: Name })),
  secret: async (docker, filters) => bySpec(await docker.listSecrets({ filters })),
  serviceConfig: async (docker, filters) => bySpec(await docker.listConfigs({ filters })),
  volume: async (docker, filters) =>
    (await docker.listVolumes({ filters: JSON.stringify(filters) })).Volumes.map(({ Name }) => ({ id: Name, name: Name })),
};

/** Removes the objects of a kind with a stack's label whose name is chosen, as the embedded engine does. */
async function removeObjects(kind: string, docker: Docker, stack: string, isChosen: (name: string) => boolean): Promise<string[]> {
  // Only managers of a swarm have services, secrets and configs.
  const listed = await lists[kind]!(docker, { label: [`${stackLabel}=${stack}`] }).catch((error: DockerError) =>
    error.statusCode === 503 ? [] : Promise.reject(error),
  );
  const chosen = listed.filter(({ name }) => isChosen(name));
  const known = kinds[kind]!;
  const work = { progress: () => {}, signal: new AbortController().signal };
  for (const { id, name } of chosen) await (known.remove ? known.remove(docker, id, { name }, work) : known.find(docker, id).remove?.({}));
  const title = kind === "serviceConfig" ? "config" : kind;
  return chosen.map(({ name }) => `removed the ${title} ${name}, which an interrupted run has left`);
}

/**
 * Removes the objects, other than volumes, that an interrupted run has created without recording it: the state only has the operation
 * that was pending, and the next run fails because the name is in use. Volumes stay: the next run takes them over.
 *
 * @returns what was removed, for people.
 */
export async function removePending({ deployment }: ExportedState, host: string | undefined, stack: string): Promise<string[]> {
  const pending = (deployment?.pending_operations ?? []).filter(({ type }) => type === "creating");
  const removed: string[] = [];
  for (const kind of Object.keys(lists).filter((one) => one !== "volume")) {
    const ofKind = pending.filter(({ resource }) => resource.type.startsWith(`docker:index/${kind}:`));
    const names = ofKind.map(({ resource }) => resource.inputs?.["name"]);
    if (names.length > 0) removed.push(...(await removeObjects(kind, dockerClient(host), stack, (name) => names.includes(name))));
  }
  return removed;
}

/**
 * Removes what is left of a stack in Docker after all its resources were deleted, with its data: what an interrupted run has created without
 * recording it.
 *
 * @returns what was removed, for people.
 */
export async function removeLeft(host: string | undefined, stack: string): Promise<string[]> {
  const removed: string[] = [];
  for (const kind of Object.keys(lists)) removed.push(...(await removeObjects(kind, dockerClient(host), stack, () => true)));
  return removed;
}
