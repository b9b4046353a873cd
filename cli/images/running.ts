import type Docker from "dockerode";
import { dockerClient } from "../../lib/docker-client.ts";
import type { Stack } from "../../config/stack-file.ts";

/** What is there on the engine for a stack without Kubernetes: containers and services of Swarm, by the image that they run. */
export async function runningImages({ project, name, config }: Stack): Promise<Map<string, string[]>> {
  const platform = config[`${project}:platform`];
  const running = new Map<string, string[]>();
  if (platform !== "docker" && platform !== "swarm") return running;
  const { host } = JSON.parse(config[`${project}:${platform}`] ?? "{}") as { host?: string };
  const engine = dockerClient(host);
  const filters = { label: [`dev.slipway.stack=${name}`] };
  for (const [image, holder] of [...(await containersOf(engine, filters)), ...(await servicesOf(engine, filters))]) {
    const holders = running.get(image) ?? [];
    const short = holder.replace(`${project}-${name}-`, "");
    if (!holders.includes(short)) running.set(image, [...holders, short]);
  }
  return running;
}

/** As they were asked for, by digest: a list of containers has their tags alone. */
async function containersOf(engine: Docker, filters: { label: string[] }): Promise<[string, string][]> {
  const containers = await engine.listContainers({ all: true, filters });
  return Promise.all(
    containers.map(async ({ Id, Names, Labels }) => {
      const { Config } = await engine.getContainer(Id).inspect();
      return [Config.Image, Labels["dev.slipway.service"] ?? String(Names[0]).slice(1)] as [string, string];
    }),
  );
}

async function servicesOf(engine: Docker, filters: { label: string[] }): Promise<[string, string][]> {
  if (!(await engine.info()).Swarm.ControlAvailable) return [];
  const services = await engine.listServices({ filters });
  return services.map(({ Spec }) => {
    const { ContainerSpec } = Spec?.TaskTemplate as { ContainerSpec: { Image: string; Labels?: Record<string, string> } };
    return [ContainerSpec.Image, Spec?.Labels?.["dev.slipway.service"] ?? String(Spec?.Name)];
  });
}
