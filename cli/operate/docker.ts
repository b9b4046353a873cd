import type Docker from "dockerode";
import type { Properties } from "../../engine/docker/kind.ts";
import { serviceLabel, stackLabel } from "../../lib/docker-labels.ts";
import { poll } from "../../lib/poll.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Operations } from "./operate.ts";

/** Seconds within which a restarted container must be healthy. */
const healthySeconds = 120;

/** The containers of a stack on one Docker host, one after the other. */
export function containerOperations(docker: Docker, stack: string): Operations {
  const containers = () => docker.listContainers({ filters: { label: [`${stackLabel}=${stack}`, serviceLabel] } });
  return {
    services: async () => [...new Set((await containers()).map(({ Labels }) => String(Labels[serviceLabel])))].sort(),
    async restart(service) {
      const own = (await containers()).filter(({ Labels }) => Labels[serviceLabel] === service);
      for (const { Id, Names } of own) {
        const container = docker.getContainer(Id);
        await container.restart();
        const isHealthy = async () => ((await container.inspect()).State.Health?.Status ?? "healthy") === "healthy" || undefined;
        const onTimeout = () =>
          new UserError(
            `${String(Names[0]).slice(1)}: is not healthy ${healthySeconds} s after its restart. See its logs: slipway logs ${service}.`,
          );
        await poll(isHealthy, { timeoutSeconds: healthySeconds, onTimeout });
      }
      return `restarted ${own.length === 1 ? "1 container" : `${own.length} containers`} of ${service}`;
    },
    scale: (service) =>
      Promise.reject(
        new UserError(
          `The platform docker does not change the number of containers without a deployment. Set services.${service}.replicas, and run slipway up.`,
        ),
      ),
  };
}

/** The services of a stack in a swarm: as `docker service update --force` and `docker service scale` do it. */
export function swarmOperations(docker: Docker, stack: string): Operations {
  const services = async () =>
    (await docker.listServices({ filters: { label: [`${stackLabel}=${stack}`, serviceLabel] } })) as Properties[];
  const nameOf = ({ Spec }: Properties) => String(Spec.Labels[serviceLabel]);
  const change = async (service: string, changed: (spec: Properties) => Properties) => {
    const { ID, Spec, Version } = (await services()).find((one) => nameOf(one) === service)!;
    await docker.getService(ID as string).update({ ...changed(Spec as Properties), version: Version.Index });
    return `service ${String(Spec.Name)}`;
  };
  return {
    services: async () => (await services()).map(nameOf).sort(),
    async restart(service) {
      const force = (spec: Properties) => ({
        ...spec,
        TaskTemplate: { ...spec["TaskTemplate"], ForceUpdate: Number(spec["TaskTemplate"].ForceUpdate ?? 0) + 1 },
      });
      return `${await change(service, force)} replaces its tasks`;
    },
    async scale(service, replicas) {
      const scaled = (spec: Properties) => ({ ...spec, Mode: { Replicated: { Replicas: replicas } } });
      return `${await change(service, scaled)} has ${replicas} ${replicas === 1 ? "replica" : "replicas"} now; services.${service}.replicas in the stack file is unchanged`;
    },
  };
}
