import type Docker from "dockerode";
import { settingsIn, type Stack } from "../../config/stack-file.ts";
import type { Properties } from "../../engine/docker/kind.ts";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";
import { emptyDirLabel, stackLabel, stackLabelValue } from "../../lib/docker-labels.ts";
import type { Engine } from "../engines.ts";
import { historyInProxy, historyInSwarm, withImages } from "./docker-history.ts";
import {
  containersOf,
  failedJobs,
  failedSwarmJobs,
  imageOf,
  troubleWithContainers,
  troubleWithService,
  type Trouble,
} from "./docker-trouble.ts";
import { afterJob } from "./failure-card.ts";
import type { Release, Workloads } from "./workloads.ts";

/** What runs of a service, and why its new version failed. */
interface Found {
  name: string;
  image: string;
  trouble: Trouble | undefined;
}

/** The services of a stack on one Docker host or in a swarm. */
export function dockerWorkloads(stack: Stack, platform: "docker" | "swarm", engine: Engine): Workloads {
  const docker = dockerClient((settingsIn(stack, platform) as { host?: string }).host);
  const prefix = `${stack.project}-${stack.name}`;
  const labels = { [stackLabel]: stackLabelValue(stack) };
  const history = platform === "docker" ? historyInProxy(docker, prefix) : historyInSwarm(docker, prefix, labels);
  const find = () => (platform === "docker" ? inContainers(docker, labels) : inSwarm(docker, labels));

  async function releases(): Promise<Release[]> {
    const [{ cameUp, failed }, found] = await Promise.all([history.read(), find()]);
    return [...new Set([...found.map(({ name }) => name), ...Object.keys(cameUp)])].map((name) => {
      const { trouble, image } = found.find((f) => f.name === name) ?? {};
      const [newest, ...others] = cameUp[name] ?? [];
      if (trouble) return { name, image: trouble.image, good: newest, healthy: false };
      // Docker shows nothing of some failures, such as a missing image: everything is as it was after the last success.
      if (failed) return { name, image: undefined, good: newest, healthy: false };
      return { name, image, good: image === newest ? others[0] : newest, healthy: true };
    });
  }

  /** Deletes the emptyDirs without a task that Swarm leaves on this node. Docker's own pruning keeps volumes with options. */
  async function deleteEmptyDirs(): Promise<void> {
    const filters = { label: [`${stackLabel}=${stackLabelValue(stack)}`, emptyDirLabel], dangling: ["true"] };
    const { Volumes } = await docker.listVolumes({ filters: JSON.stringify(filters) });
    const ifGoneOrUsed = (error: DockerError) => error.statusCode === 404 || error.statusCode === 409 || Promise.reject(error);
    for (const { Name } of Volumes) await docker.getVolume(Name).remove().catch(ifGoneOrUsed);
  }

  return {
    async recordVersions() {
      const { images = {} } = (await engine.outputs(false)) as { images?: Record<string, string> };
      await history.write(withImages(await history.read(), images));
      if (platform === "swarm") await deleteEmptyDirs();
    },
    async failureCards(rollback, afterDeployment) {
      // The error about a node that is no swarm manager has been printed.
      if (platform === "swarm" && !(await docker.info()).Swarm.ControlAvailable) return [];
      if (afterDeployment) await history.write({ ...(await history.read()), failed: true });
      const [all, jobs] = await Promise.all([
        releases(),
        platform === "docker" ? failedJobs(docker, labels) : failedSwarmJobs(docker, labels),
      ]);
      const ofJobs = Object.entries(jobs).map(([name, { image: _image, ...trouble }]) => ({
        service: name,
        title: `The job ${name} of stack ${stack.name} failed`,
        ...trouble,
        rollback: afterJob(stack.name),
      }));
      const ofServices = (await find()).flatMap(({ name, trouble }) => {
        if (!trouble) return [];
        const { where, reason, log, likely } = trouble;
        const title = `The rollout of service ${name} of stack ${stack.name} failed`;
        return [{ service: name, title, where, reason, log, likely, rollback: rollback(all.find((release) => release.name === name)!) }];
      });
      return [...ofServices, ...ofJobs];
    },
    releases,
    keptImages: async () => (await history.read()).cameUp,
    async forget() {
      await history.forget();
      await deleteEmptyDirs();
    },
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
