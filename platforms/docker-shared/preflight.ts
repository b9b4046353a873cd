import { dockerClient } from "../../lib/docker-client.ts";
import type { Configuration } from "../../config/settings.ts";
import type { DockerPlatform } from "../../config/support.ts";
import { withoutDaemon } from "../no-daemon.ts";
import { portHolders, problemsWithUsedPorts } from "../ports.ts";
import { publishedPorts } from "../published-ports.ts";
import { settingProblem } from "../setting-problem.ts";
import { problemsWithNetworks } from "./networks.ts";
import { isLocal, usedPorts, type DockerHostSettings } from "./settings.ts";
import { problemsWithVolumes, type PlannedVolume } from "./volumes.ts";

/** What to report if the Docker daemon cannot be reached; undefined if it can. Without it, nothing else can be checked. */
export async function problemsWithoutDaemon(
  platform: DockerPlatform,
  { host }: Pick<DockerHostSettings, "host">,
): Promise<string[] | undefined> {
  const error = await dockerClient(host)
    .ping()
    .then(
      () => undefined,
      (error: Error) => error,
    );
  if (!error) return undefined;
  if (host === undefined) return withoutDaemon();
  const reason = ((error.cause ?? error) as Error).message;
  const message = `cannot connect to the Docker daemon at ${host} (${reason}). Check that \`docker -H ${host} info\` works`;
  return [settingProblem([platform, "host"], message)];
}

/** Ports, networks and volumes on the Docker host that are not as the stack needs them. */
export async function problemsOnDockerHost(
  platform: DockerPlatform,
  settings: DockerHostSettings,
  volumes: PlannedVolume[],
  { stack, services }: Pick<Configuration, "stack" | "services">,
): Promise<string[]> {
  const { host, networks = {} } = settings;
  const docker = dockerClient(host);
  return [
    ...(await problemsWithUsedPorts(
      platform,
      usedPorts(settings),
      publishedPorts(services),
      await portHolders(docker),
      stack,
      isLocal(host),
    )),
    ...(await problemsWithNetworks(platform, docker, networks, stack)),
    ...(await problemsWithVolumes(platform, docker, volumes, stack)),
  ];
}
