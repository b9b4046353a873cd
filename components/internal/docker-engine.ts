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

/** A refusal of the engine's API. */
export interface DockerError extends Error {
  statusCode?: number;
}

export async function hasImage(engine: Docker, reference: string): Promise<boolean> {
  const missing = (error: DockerError) => (error.statusCode === 404 ? false : Promise.reject(error));
  return engine
    .getImage(reference)
    .inspect()
    .then(() => true, missing);
}

/** Pulls an image; a `signal` bounds it. */
export async function pullImage(engine: Docker, reference: string, signal?: AbortSignal): Promise<void> {
  await finished(engine, await engine.pull(reference, { abortSignal: signal }));
}

export interface ImageBuildOptions {
  tag: string;
  platform?: string;
  args?: Record<string, string>;
}

/** Builds an image from a folder with a Dockerfile. */
export async function buildImage(engine: Docker, folder: string, { tag, platform, args }: ImageBuildOptions): Promise<void> {
  await finished(
    engine,
    await engine.buildImage({ context: folder, src: ["."] }, { t: tag, platform, buildargs: args, rm: true, forcerm: true }),
  );
}

/** Pushes an image and returns its digest in the registry. */
export async function pushImage(engine: Docker, reference: string, authconfig: object): Promise<string> {
  const events = await finished(engine, await engine.getImage(reference).push({ authconfig }));
  return events.find((event) => event.aux?.Digest)?.aux?.Digest ?? "";
}

interface ProgressEvent {
  aux?: { Digest?: string };
}

function finished(engine: Docker, stream: NodeJS.ReadableStream): Promise<ProgressEvent[]> {
  return new Promise((done, failed) => engine.modem.followProgress(stream, (error, events) => (error ? failed(error) : done(events))));
}
