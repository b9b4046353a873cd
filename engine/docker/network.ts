import type { DockerError } from "../../lib/docker-client.ts";
import { told } from "./container.ts";
import { toObject, type Kind, type Properties } from "./kind.ts";

/** docker.Network, of any driver. */
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
      .catch(told(name)),
  async remove(docker, id) {
    // Swarm lets go of an overlay network a moment after the last of its tasks.
    for (const until = Date.now() + 30_000; ; await new Promise((wake) => setTimeout(wake, 200))) {
      const error: DockerError | undefined = await docker
        .getNetwork(id)
        .remove()
        .then(
          () => undefined,
          (e: DockerError) => e,
        );
      if (!error) return;
      if (!/in use|active endpoints/.test(error.message) || Date.now() > until) throw error;
    }
  },
};

/** docker.Volume. */
export const volume: Kind = {
  properties: "name labels driver driverOpts",
  find: (docker, id) => docker.getVolume(id),
  async create(docker, { name, labels, driver, driverOpts }) {
    await docker.createVolume({ Name: name, Labels: toObject(labels), Driver: driver, DriverOpts: driverOpts }).catch(told(name));
    return { id: name };
  },
  async remove(docker, id) {
    for (const until = Date.now() + 10_000; ; await new Promise((wake) => setTimeout(wake, 200))) {
      const error: DockerError | undefined = await docker
        .getVolume(id)
        .remove({})
        .then(
          () => undefined,
          (e: DockerError) => e,
        );
      if (!error) return;
      if (error.statusCode !== 409 || Date.now() > until) throw error;
      // Swarm keeps the containers of tasks that are over for a while, and they what they had mounted.
      for (const { Id, State, Labels } of await docker.listContainers({ all: true, filters: { volume: [id] } }))
        if (Labels["com.docker.swarm.task.id"] && State !== "running")
          await docker
            .getContainer(Id)
            .remove({ force: true })
            .catch(() => {});
    }
  },
};
