import type Docker from "dockerode";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";
import { stackLabel } from "../../lib/docker-labels.ts";

/** What of an exported state is read, https://www.pulumi.com/docs/iac/operations/stack-management/editing-state-files/. */
export interface ExportedState {
  deployment?: { pending_operations?: { type: string; resource: { type: string; inputs?: Record<string, unknown> } }[] | null };
}

/** A kind of Docker objects of a stack. */
interface Kind {
  /** Type of their resources. */
  type: string;
  title: string;
  list(docker: Docker, filters: { label: string[] }): Promise<{ id: string; name: string }[]>;
  remove(docker: Docker, id: string): Promise<unknown>;
}

const container: Kind = {
  type: "docker:index/container:Container",
  title: "container",
  list: async (docker, filters) =>
    (await docker.listContainers({ all: true, filters })).map(({ Id, Names }) => ({ id: Id, name: String(Names[0]?.slice(1)) })),
  remove: (docker, id) => docker.getContainer(id).remove({ force: true, v: true }),
};

const network: Kind = {
  type: "docker:index/network:Network",
  title: "network",
  list: async (docker, filters) => (await docker.listNetworks({ filters })).map(({ Id, Name }) => ({ id: Id, name: Name })),
  remove: (docker, id) => docker.getNetwork(id).remove(),
};

const service: Kind = {
  type: "docker:index/service:Service",
  title: "service",
  list: async (docker, filters) => (await docker.listServices({ filters })).map(({ ID, Spec }) => ({ id: ID, name: String(Spec?.Name) })),
  remove: (docker, id) => docker.getService(id).remove(),
};

const secret: Kind = {
  type: "docker:index/secret:Secret",
  title: "secret",
  list: async (docker, filters) => (await docker.listSecrets({ filters })).map(({ ID, Spec }) => ({ id: ID, name: String(Spec?.Name) })),
  remove: (docker, id) => docker.getSecret(id).remove(),
};

const config: Kind = {
  type: "docker:index/serviceConfig:ServiceConfig",
  title: "config",
  list: async (docker, filters) => (await docker.listConfigs({ filters })).map(({ ID, Spec }) => ({ id: ID, name: String(Spec?.Name) })),
  remove: (docker, id) => docker.getConfig(id).remove(),
};

const volume: Kind = {
  type: "docker:index/volume:Volume",
  title: "volume",
  list: async (docker, filters) =>
    (await docker.listVolumes({ filters: JSON.stringify(filters) })).Volumes.map(({ Name }) => ({ id: Name, name: Name })),
  remove: (docker, id) => docker.getVolume(id).remove(),
};

/** In the order in which they can be removed. */
const kinds = [service, container, network, secret, config, volume];

async function objectsOf(kind: Kind, docker: Docker, stack: string): Promise<{ id: string; name: string }[]> {
  // Only managers of a swarm have services, secrets and configs.
  return kind
    .list(docker, { label: [`${stackLabel}=${stack}`] })
    .catch((error: DockerError) => (error.statusCode === 503 ? [] : Promise.reject(error)));
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
  for (const kind of kinds.filter((one) => one !== volume)) {
    const names = pending.filter(({ resource }) => resource.type === kind.type).map(({ resource }) => resource.inputs?.["name"]);
    if (names.length === 0) continue;
    const docker = dockerClient(host);
    for (const { id, name } of await objectsOf(kind, docker, stack)) {
      if (!names.includes(name)) continue;
      await kind.remove(docker, id);
      removed.push(`removed the ${kind.title} ${name}, which an interrupted run has left`);
    }
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
  const docker = dockerClient(host);
  const removed: string[] = [];
  for (const kind of kinds)
    for (const { id, name } of await objectsOf(kind, docker, stack)) {
      await kind.remove(docker, id);
      removed.push(`removed the ${kind.title} ${name}, which an interrupted run has left`);
    }
  return removed;
}
