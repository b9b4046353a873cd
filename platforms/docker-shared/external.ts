import type { DockerError } from "../../lib/docker-client.ts";
import { settingProblem } from "../setting-problem.ts";

/** Whether Docker has no such object. */
export function isMissing(inspection: Promise<unknown>): Promise<boolean> {
  return inspection.then(
    () => false,
    (error: DockerError) => error.statusCode === 404 || Promise.reject(error),
  );
}

/** Problem with a network or volume that is `external` and does not exist. */
export function missingObject(path: string[], kind: "network" | "volume", name: string, stack: string): string {
  const remedy = `Create it (docker ${kind} create ${name}), or remove external in stacks/Pulumi.${stack}.yaml`;
  return settingProblem(path, `the ${kind} "${name}" does not exist on the Docker host. ${remedy}`);
}
