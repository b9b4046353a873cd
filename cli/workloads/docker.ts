import type Docker from "dockerode";
import { dockerEngine } from "../../lib/docker-client.ts";
import type { Properties } from "../../engine/docker/kind.ts";
import { containersOf, imageOf, troubleWithContainers, troubleWithService, type Trouble } from "./docker-trouble.ts";
import { memoryInProxy, memoryInSwarm, withImages } from "./docker-history.ts";
import { cardOf } from "./failure-card.ts";
import type { Release } from "./kubernetes-history.ts";
import type { Stack } from "../../config/stack-file.ts";
import type { Engine } from "../engines.ts";
import type { Workloads } from "./workloads.ts";

/** What runs of a service, and what is wrong with it. */
interface Found {
  name: string;
  image: string;
  trouble: Trouble | undefined;
}

/** The services of a stack on a Docker engine or in a swarm. */
export function dockerWorkloads(stack: Stack, platform: "docker" | "swarm", engine: Engine): Workloads {
  const docker = dockerEngine(JSON.parse(stack.config[`${stack.project}:${platform}`] ?? "{}").host);
  const prefix = `${stack.project}-${stack.name}`;
  const labels = { "dev.slipway.stack": stack.name };
  const memory = platform === "docker" ? memoryInProxy(docker, prefix) : memoryInSwarm(docker, prefix, labels);
  const find = () => (platform === "docker" ? inContainers(docker, labels) : inSwarm(docker, labels));

  async function releases(): Promise<Release[]> {
    const [{ cameUp, failed }, found] = await Promise.all([memory.read(), find()]);
    return [...new Set([...found.map(({ name }) => name), ...Object.keys(cameUp)])].map((name) => {
      const { trouble, image } = found.find((f) => f.name === name) ?? {};
      const [newest, ...others] = cameUp[name] ?? [];
      if (trouble) return { name, image: trouble.image, good: newest, healthy: false };
      // A failure of which the engine shows nothing, as an image that is not there: all is as it last came up.
      if (failed) return { name, image: undefined, good: newest, healthy: false };
      return { name, image, good: image === newest ? others[0] : newest, healthy: true };
    });
  }

  return {
    async remember() {
      const { images = {} } = (await engine.outputs(false)) as { images?: Record<string, string> };
      await memory.write(withImages(await memory.read(), images));
    },
    async cards(wayBack) {
      // An engine that is no manager has been told of.
      if (platform === "swarm" && !(await docker.info()).Swarm.ControlAvailable) return [];
      await memory.write({ ...(await memory.read()), failed: true });
      const all = await releases();
      return (await find()).flatMap(({ name, trouble }) =>
        trouble
          ? cardOf(`Service ${name} of stack ${stack.name} did not roll out`, [
              ["at", [trouble.where]],
              ["reason", trouble.reason],
              ["log", trouble.log.map((line) => `| ${line}`)],
              ["likely", [trouble.likely]],
              ["go back", [wayBack(all.find((release) => release.name === name)!)]],
            ])
          : [],
      );
    },
    releases,
    keptImages: async () => (await memory.read()).cameUp,
    forget: () => memory.forget(),
  };
}

async function inContainers(docker: Docker, labels: Record<string, string>): Promise<Found[]> {
  const all = [...(await containersOf(docker, labels))].map(async ([name, containers]) => ({
    name,
    image: containers[0]!.Config.Image,
    trouble: await troubleWithContainers(docker, containers),
  }));
  return Promise.all(all);
}

async function inSwarm(docker: Docker, labels: Record<string, string>): Promise<Found[]> {
  const label = [...Object.entries(labels).map(([key, value]) => `${key}=${value}`), "dev.slipway.service"];
  const services: Properties[] = await docker.listServices({ filters: { label } });
  const all = services.map(async (service) => ({
    name: String(service.Spec.Labels["dev.slipway.service"]),
    image: imageOf(service.Spec),
    trouble: await troubleWithService(docker, service),
  }));
  return Promise.all(all);
}
