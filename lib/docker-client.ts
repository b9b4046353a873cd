import childProcess from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import stream from "node:stream";
import Docker from "dockerode";

// Some of it is serialised with the provider in proxy-route.ts: default imports only, see registry-push.ts.

/**
 * A client of the engine that the `docker` command would use: `DOCKER_HOST`, else the current context, else the local
 * socket (https://docs.docker.com/engine/manage-resources/contexts/).
 */
export function dockerClient(host = process.env["DOCKER_HOST"] || contextHost()): Docker {
  return reportUnreachable(host?.startsWith("ssh://") ? overSsh(host) : new Docker(endpointOf(host)));
}

/** What is said where an engine goes away in the middle of something. */
export const dockerUnreachable =
  "the Docker engine does not answer any more. What was done until then is noted: see that `docker info` works, and the next run carries on";

/** Connections break in many ways, of which people need to know one thing. What the engine itself answers has a status. */
function reportUnreachable(engine: Docker): Docker {
  const dial = engine.modem.dial.bind(engine.modem);
  engine.modem.dial = (options, done) =>
    dial(options, (error: DockerError | null, ...rest) =>
      done?.(error && error.statusCode === undefined ? new Error(dockerUnreachable, { cause: error }) : error, ...rest),
    );
  return engine;
}

/** The endpoint as dockerode takes it, which knows the variable itself, but no contexts. */
function endpointOf(host: string | undefined): Docker.DockerOptions | undefined {
  if (host === undefined || host === process.env["DOCKER_HOST"]) return undefined;
  if (host.startsWith("unix://")) return { socketPath: host.slice("unix://".length) };
  const { protocol, hostname, port } = new URL(host.replace(/^tcp:/, "http:"));
  return { protocol: protocol === "https:" ? "https" : "http", host: hostname, port: port || 2375 };
}

/**
 * As the `docker` command does it: with the `ssh` of this machine, so that its keys, agent and configuration hold. Connections
 * are kept for the next request, for each takes a moment to make.
 */
function overSsh(host: string): Docker {
  const { username, hostname, port } = new URL(host);
  const to = [...(username ? ["-l", username] : []), ...(port ? ["-p", port] : []), "--", hostname];
  const agent = new http.Agent({ keepAlive: true });
  agent.createConnection = () => {
    const options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=30"];
    return connectionOf(childProcess.spawn("ssh", [...options, ...to, "docker", "system", "dial-stdio"]), `ssh ${hostname}`);
  };
  // Its types have no agent, which its connections take (docker-modem, lib/modem.js).
  return new Docker({ protocol: "http", host: "docker", port: 80, agent } as Docker.DockerOptions);
}

/** What a program reads and writes, as a connection for HTTP. One that is idle keeps no process from ending. */
function connectionOf(child: childProcess.ChildProcessWithoutNullStreams, name: string): stream.Duplex {
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  const connection = new stream.Duplex({
    read: () => void child.stdout.resume(),
    // Why it fails is told when the program ends.
    write: (chunk, _encoding, done) => void child.stdin.write(chunk, () => done()),
    final: (done) => void child.stdin.end(done),
    destroy(error, done) {
      child.kill();
      done(error);
    },
  });
  child.stdout.on("data", (chunk) => void (connection.push(chunk) || child.stdout.pause()));
  child.stdin.on("error", () => {});
  child.on("error", (error) => connection.destroy(error));
  child.on("close", (code) => {
    if (code === 0) connection.push(null);
    else connection.destroy(new Error(`${name}: ${said.trim() || `exit code ${code}`}`));
  });
  const parts = [child, child.stdin, child.stdout, child.stderr] as unknown as { ref(): void; unref(): void }[];
  return Object.assign(connection, {
    ref: () => parts.forEach((part) => part.ref()),
    unref: () => parts.forEach((part) => part.unref()),
    setKeepAlive: () => connection,
    setNoDelay: () => connection,
    setTimeout: () => connection,
  });
}

function contextHost(): string | undefined {
  const folder = process.env["DOCKER_CONFIG"] || path.join(os.homedir(), ".docker");
  const read = (file: string) => (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : undefined);
  const context: string | undefined = process.env["DOCKER_CONTEXT"] || read(path.join(folder, "config.json"))?.currentContext;
  if (!context || context === "default") return undefined;
  const id = crypto.createHash("sha256").update(context).digest("hex");
  return read(path.join(folder, "contexts/meta", id, "meta.json"))?.Endpoints?.docker?.Host;
}

/** What to do where no engine answers. */
export const noDocker =
  "cannot connect to the Docker daemon. Start Docker (on Debian and Ubuntu, slipway setup installs and starts it as root), or set DOCKER_HOST";

/** A refusal of the engine's API. */
export interface DockerError extends Error {
  statusCode?: number;
  json?: { message?: string };
}

/** The registry that an image is in: `docker.io` where its name says none. */
export function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}

export async function hasImage(engine: Docker, reference: string): Promise<boolean> {
  const missing = (error: DockerError) => (error.statusCode === 404 ? false : Promise.reject(error));
  return engine
    .getImage(reference)
    .inspect()
    .then(() => true, missing);
}

/** Pulls an image; an `abortSignal` bounds it. */
export async function pullImage(
  engine: Docker,
  reference: string,
  options: { abortSignal?: AbortSignal; authconfig?: object } = {},
): Promise<void> {
  await finished(engine, await engine.pull(reference, options));
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
