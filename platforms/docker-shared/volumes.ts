import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";
import type { Configuration } from "../../config/load.ts";
import type { DockerPlatform } from "../../config/support.ts";
import { stackLabel } from "./common.ts";
import { isMissing, missingLine } from "./preflight.ts";

/** A persistent volume of a service, as it is on the engine. */
export interface PlannedVolume {
  service: string;
  /** Its name in the service. */
  volume: string;
  /** Its name on the engine; of a stateful service one for each replica. */
  names: string[];
  /** Whether it exists, and stays when the stack goes. */
  external: boolean;
  driver?: string;
  options?: Record<string, string>;
}

/** The persistent volumes of a stack. `first` is the number of a stateful service's first replica. */
export function plannedVolumes(
  services: Configuration["services"],
  given: Configuration["docker"]["volumes"] = {},
  prefix: string,
  first: number,
): PlannedVolume[] {
  return Object.entries(services).flatMap(([service, { kind, volumes = {}, replicas = 2 }]) =>
    Object.keys(volumes)
      .filter((volume) => volumes[volume]!.kind === "persistent")
      .map((volume) => {
        const { name = `${prefix}-${service}-${volume}`, external = false, ...rest } = given[`${service}.${volume}`] ?? {};
        const names = kind === "stateful" ? Array.from({ length: replicas }, (_, i) => `${name}-${first + i}`) : [name];
        return { service, volume, names, external, ...rest };
      }),
  );
}

/** Makes a volume, but one that exists already is only named. */
export function createVolume(
  { names, external, driver, options }: PlannedVolume,
  labels: docker.types.input.VolumeLabel[],
  opts: pulumi.CustomResourceOptions,
): pulumi.Input<string>[] {
  return external ? names : names.map((name) => new docker.Volume(name, { name, labels, driver, driverOpts: options }, opts).name);
}

/** Volumes that are to exist and do not, and those that would be made where somebody else's is: two would write to one. */
export async function problemsWithVolumes(
  platform: DockerPlatform,
  host: string | undefined,
  planned: PlannedVolume[],
  stack: string,
): Promise<string[]> {
  const engine = dockerClient(host);
  const lines = planned.flatMap(({ service, volume, names, external }) =>
    names.map(async (name) => {
      const path = `volumes.${service}.${volume}`;
      const found = engine.getVolume(name).inspect();
      if (external) return (await isMissing(found)) ? [missingLine(platform, path, "volume", name, stack)] : [];
      const owner = await found.then(
        ({ Labels }) => ({ stack: (Labels as Record<string, string> | null)?.[stackLabel] }),
        (error: DockerError) => (error.statusCode === 404 ? { stack } : Promise.reject(error)),
      );
      return owner.stack === stack ? [] : [foreignLine(platform, path, name, owner.stack, stack)];
    }),
  );
  return (await Promise.all(lines)).flat();
}

function foreignLine(platform: DockerPlatform, path: string, name: string, owner: string | undefined, stack: string): string {
  const whose = owner === undefined ? "is there already, and this stack did not make it" : `belongs to the stack "${owner}"`;
  const use = platform === "docker" ? ", or external: true to use that one" : "";
  return `${pulumi.getProject()}:${platform}.${path}: the volume "${name}" ${whose}. In stacks/Pulumi.${stack}.yaml set another name${use}`;
}
