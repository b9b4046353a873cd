import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";

/**
 * A client of the engine that the `docker` command would use: `DOCKER_HOST`, else the current context, else the local
 * socket (https://docs.docker.com/engine/manage-resources/contexts/).
 */
export function dockerEngine(): Docker {
  const host = process.env["DOCKER_HOST"] || contextHost();
  if (host) process.env["DOCKER_HOST"] = host; // dockerode knows the variable, but no contexts
  return new Docker();
}

function contextHost(): string | undefined {
  const folder = process.env["DOCKER_CONFIG"] || join(homedir(), ".docker");
  const read = (file: string) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined);
  const context: string | undefined = process.env["DOCKER_CONTEXT"] || read(join(folder, "config.json"))?.currentContext;
  if (!context || context === "default") return undefined;
  const id = createHash("sha256").update(context).digest("hex");
  return read(join(folder, "contexts/meta", id, "meta.json"))?.Endpoints?.docker?.Host;
}

/** What to do where no engine answers. */
export const noEngine =
  "no Docker engine answers. Start Docker (on Debian and Ubuntu `make setup` as root installs and starts one), or point DOCKER_HOST to one";
