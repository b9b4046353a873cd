import type Docker from "dockerode";
import { dockerClient } from "../../lib/docker-client.ts";
import { stackLabel, stackLabelValue } from "../../lib/docker-labels.ts";
import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";

/** For the platforms docker and swarm: the names of the stack's containers and Swarm services, by the image that they run. */
export async function runningImages(stack: Stack): Promise<Map<string, string[]>> {
  const { project, name } = stack;
  const platform = platformOf(stack);
  const running = new Map<string, string[]>();
  if (platform !== "docker" && platform !== "swarm") return running;
  const { host } = settingsIn(stack, platform) as { host?: string };
  const docker = dockerClient(host);
  const filters = { label: [`${stackLabel}=${stackLabelValue(stack)}`] };
  for (const [image, fullName] of [...(await containersOf(docker, filters)), ...(await servicesOf(docker, filters))]) {
    const users = running.get(image) ?? [];
    const user = fullName.replace(`${project}-${name}-`, "");
    if (!users.includes(user)) running.set(image, [...users, user]);
  }
  return running;
}

/** Inspects each container, because a list of containers has no image digests. */
async function containersOf(docker: Docker, filters: { label: string[] }): Promise<[string, string][]> {
  const containers = await docker.listContainers({ all: true, filters });
  return Promise.all(
    containers.map(async ({ Id, Names, Labels }) => {
      const { Config } = await docker.getContainer(Id).inspect();
      return [Config.Image, Labels["dev.slipway.service"] ?? String(Names[0]).slice(1)] as [string, string];
    }),
  );
}

async function servicesOf(docker: Docker, filters: { label: string[] }): Promise<[string, string][]> {
  if (!(await docker.info()).Swarm.ControlAvailable) return [];
  const services = await docker.listServices({ filters });
  return services.map(({ Spec }) => {
    const { ContainerSpec } = Spec!.TaskTemplate as { ContainerSpec: { Image: string; Labels?: Record<string, string> } };
    return [ContainerSpec.Image, Spec!.Labels?.["dev.slipway.service"] ?? String(Spec!.Name)];
  });
}
