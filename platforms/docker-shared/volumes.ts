import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { OwnedVolume } from "../../components/container-host.ts";
import type { DockerError } from "../../lib/docker-client.ts";
import { stackLabel } from "../../lib/docker-labels.ts";
import { labelOfStack } from "../stack-label.ts";
import type { Configuration } from "../../config/settings.ts";
import type { DockerPlatform } from "../../config/support.ts";
import { dockerUser, resolveSecurity } from "../../components/security.ts";
import { settingProblem } from "../setting-problem.ts";
import { isMissing, missingObject } from "./external.ts";

/** A persistent volume of a service. */
export interface PlannedVolume {
  service: string;
  /** Its name in the service. */
  volume: string;
  /** Its names on the Docker host: of a stateful service, one for each replica. */
  names: string[];
  /** Whether it exists already, and is kept when the stack is deleted. */
  external: boolean;
  /** User and group ID that own it. Undefined if that is up to the image. */
  owner: string | undefined;
  driver?: string;
  options?: Record<string, string>;
}

/**
 * The persistent volumes of a stack.
 *
 * @param first number of a stateful service's first replica
 */
export function plannedVolumes(
  services: Configuration["services"],
  settings: Configuration["docker"]["volumes"] = {},
  prefix: string,
  first: number,
): PlannedVolume[] {
  return Object.entries(services).flatMap(([service, given]) => {
    const { kind, volumes = {}, replicas = 2 } = given;
    const owner = dockerUser(resolveSecurity(given));
    return Object.keys(volumes)
      .filter((volume) => volumes[volume]!.kind === "persistent")
      .map((volume) => {
        const { name = `${prefix}-${service}-${volume}`, external = false, ...rest } = settings[`${service}.${volume}`] ?? {};
        const names = kind === "stateful" ? Array.from({ length: replicas }, (_, i) => `${name}-${first + i}`) : [name];
        return { service, volume, names, external, owner, ...rest };
      });
  });
}

/** A volume with its names, and with what was created for it, unless it existed already. */
export interface CreatedVolume extends Omit<PlannedVolume, "names"> {
  names: pulumi.Input<string>[];
  created: docker.Volume[];
}

/** Creates a volume, unless it exists already. */
export function createVolume(
  volume: PlannedVolume,
  labels: docker.types.input.VolumeLabel[],
  opts: pulumi.CustomResourceOptions,
): CreatedVolume {
  const { names, external, driver, options } = volume;
  if (external) return { ...volume, created: [] };
  const created = names.map((name) => new docker.Volume(name, { name, labels, driver, driverOpts: options }, opts));
  return { ...volume, names: created.map(({ name }) => name), created };
}

/** The volumes whose owner is set, with their names on the Docker host. */
export function ownedVolumes(volumes: CreatedVolume[]): OwnedVolume[] {
  return volumes.flatMap(({ names, owner }) => (owner === undefined ? [] : names.map((name) => ({ name, owner }))));
}

/**
 * External volumes that do not exist, and new ones whose name is in use: Docker would reuse the existing volume, and two stacks would
 * write to it.
 */
export async function problemsWithVolumes(
  platform: DockerPlatform,
  docker: Docker,
  planned: PlannedVolume[],
  stack: string,
): Promise<string[]> {
  const own = labelOfStack(stack);
  const problems = planned.flatMap(({ service, volume, names, external }) =>
    names.map(async (name) => {
      const path = [platform, "volumes", `${service}.${volume}`];
      const inspection = docker.getVolume(name).inspect();
      if (external) return (await isMissing(inspection)) ? [missingObject(path, "volume", name, stack)] : [];
      const owner = await inspection.then(
        ({ Labels }) => ({ stack: (Labels as Record<string, string> | null)?.[stackLabel] }),
        (error: DockerError) => (error.statusCode === 404 ? { stack: own } : Promise.reject(error)),
      );
      return owner.stack === own ? [] : [takenVolume(platform, path, name, owner.stack, stack)];
    }),
  );
  return (await Promise.all(problems)).flat();
}

function takenVolume(platform: DockerPlatform, path: string[], name: string, owner: string | undefined, stack: string): string {
  const problem = owner === undefined ? "already exists, and this stack did not create it" : `belongs to the stack "${owner}"`;
  const reuse = platform === "docker" ? ", or external: true to use this volume" : "";
  return settingProblem(path, `the volume "${name}" ${problem}. Set another name in stacks/Pulumi.${stack}.yaml${reuse}`);
}
