import type Docker from "dockerode";
import type { DockerError } from "../../lib/docker-client.ts";
import { patience } from "../../lib/patience.ts";
import { pollUntil } from "../../lib/poll.ts";
import { failed } from "./container.ts";
import { toObject, type Kind, type Properties } from "./kind.ts";

/** docker.Network, with any driver. */
export const network: Kind = {
  properties: "name labels driver options internal attachable ipamConfigs checkDuplicate",
  find: (docker, id) => docker.getNetwork(id),
  create: (docker, { name, labels, driver, options, internal, attachable, ipamConfigs }) =>
    docker
      .createNetwork({
        Name: name,
        Labels: toObject(labels),
        Driver: driver,
        Options: options,
        Internal: internal,
        Attachable: attachable,
        CheckDuplicate: true,
        IPAM: ipamConfigs?.length && {
          Config: ipamConfigs.map(({ subnet, gateway, ipRange }: Properties) => ({ Subnet: subnet, Gateway: gateway, IPRange: ipRange })),
        },
      })
      .catch(failed(name)),
  remove: (docker, id) =>
    removeOnceUnused(
      () => docker.getNetwork(id).remove(),
      (error) => /in use|active endpoints/.test(error.message),
      patience("network"),
    ),
};

/** docker.Volume. */
export const volume: Kind = {
  properties: "name labels driver driverOpts",
  find: (docker, id) => docker.getVolume(id),
  async create(docker, { name, labels, driver, driverOpts }) {
    await docker.createVolume({ Name: name, Labels: toObject(labels), Driver: driver, DriverOpts: driverOpts }).catch(failed(name));
    return { id: name };
  },
  async remove(docker, id) {
    const remove = async () => {
      // Swarm keeps the containers of finished tasks for a while, and they keep the volume in use.
      await docker
        .getVolume(id)
        .remove({})
        .catch(async (error: DockerError) => {
          if (error.statusCode === 409) await removeFinishedTasks(docker, id);
          throw error;
        });
    };
    await removeOnceUnused(remove, (error) => error.statusCode === 409, patience("volume"));
  },
};

/** Retries `remove` while the object is in use. */
async function removeOnceUnused(remove: () => Promise<unknown>, isInUse: (error: DockerError) => boolean, timeoutSeconds: number) {
  let last: DockerError;
  const removed = () =>
    remove().then(
      () => true,
      (error: DockerError) => {
        if (!isInUse(error)) throw error;
        last = error;
        return false;
      },
    );
  await pollUntil(removed, { timeoutSeconds, intervalMs: 200, onTimeout: () => last });
}

/** Removes the containers of finished Swarm tasks that mount a volume. */
async function removeFinishedTasks(docker: Docker, volume: string): Promise<void> {
  for (const { Id, State, Labels } of await docker.listContainers({ all: true, filters: { volume: [volume] } }))
    if (Labels["com.docker.swarm.task.id"] && State !== "running")
      await docker
        .getContainer(Id)
        .remove({ force: true })
        .catch(() => {});
}
