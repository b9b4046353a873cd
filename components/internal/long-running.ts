import type * as docker from "@pulumi/docker";

/** Log files of a container: at most 3 of 10 MB. */
export const logDriver = { name: "json-file", options: { "max-size": "10m", "max-file": "3" } };

/** Arguments of every container that keeps running: it restarts by itself, and its logs rotate. */
export function longRunning(labels: docker.types.input.ContainerLabel[]) {
  return {
    labels,
    // Not "unless-stopped": a Docker daemon that restarts after a crash stops the containers that still run, and then
    // treats them as stopped on purpose.
    restart: "always",
    logDriver: logDriver.name,
    logOpts: logDriver.options,
  };
}
