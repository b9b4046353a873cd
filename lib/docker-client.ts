import childProcess from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import stream from "node:stream";
import Docker from "dockerode";

// Parts of this file are serialised with the provider in proxy-route.ts: default imports only, see registry-push.ts.

/**
 * A client for the Docker daemon that the `docker` command would use: `DOCKER_HOST`, otherwise the current context, otherwise the local
 * socket (https://docs.docker.com/engine/manage-resources/contexts/).
 */
export function dockerClient(host = process.env["DOCKER_HOST"] || contextHost()): Docker {
  return reportUnreachable(host?.startsWith("ssh://") ? overSsh(host) : new Docker(endpointOf(host)));
}

/** The error if the Docker daemon disappears during a run. */
export const dockerUnreachable =
  "the Docker daemon no longer answers. Completed steps are recorded. Make sure that `docker info` works, then run the command again.";

/** Replaces every kind of connection error by one message. Errors that the daemon itself returns have a status. */
function reportUnreachable(docker: Docker): Docker {
  const dial = docker.modem.dial.bind(docker.modem);
  docker.modem.dial = (options, done) =>
    dial(options, (error: DockerError | null, ...rest) =>
      done?.(error && error.statusCode === undefined ? new Error(dockerUnreachable, { cause: error }) : error, ...rest),
    );
  return docker;
}

/** The endpoint in dockerode's form. Undefined for `DOCKER_HOST`, which dockerode reads itself; it does not know contexts. */
function endpointOf(host: string | undefined): Docker.DockerOptions | undefined {
  if (host === undefined || host === process.env["DOCKER_HOST"]) return undefined;
  // Without `host: undefined`, dockerode would take the host of DOCKER_HOST instead of the socket.
  if (host.startsWith("unix://")) return { socketPath: host.slice("unix://".length), host: undefined };
  const { protocol, hostname, port } = new URL(host.replace(/^tcp:/, "http:"));
  return { protocol: protocol === "https:" ? "https" : "http", host: hostname, port: port || 2375 };
}

/**
 * Connects like the `docker` command: through this machine's `ssh`, so its keys, agent and configuration apply. Connections are kept open
 * for further requests, because opening one is slow.
 */
function overSsh(host: string): Docker {
  const { username, hostname, port } = new URL(host);
  const to = [...(username ? ["-l", username] : []), ...(port ? ["-p", port] : []), "--", hostname];
  const agent = new http.Agent({ keepAlive: true });
  agent.createConnection = () => {
    const options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=30"];
    return connectionOf(childProcess.spawn("ssh", [...options, ...to, "docker", "system", "dial-stdio"]), `ssh ${hostname}`);
  };
  // The types of dockerode lack `agent`, which its connections accept (docker-modem, lib/modem.js).
  return new Docker({ protocol: "http", host: "docker", port: 80, agent } as Docker.DockerOptions);
}

/** The standard streams of a program as a connection for HTTP. An idle connection does not keep this process running. */
function connectionOf(child: childProcess.ChildProcessWithoutNullStreams, name: string): stream.Duplex {
  let errors = "";
  child.stderr.on("data", (text) => (errors += text));
  const connection = new stream.Duplex({
    read: () => void child.stdout.resume(),
    // A failure is reported when the program exits.
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
    else connection.destroy(new Error(`${name}: ${errors.trim() || `exit code ${code}`}`));
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

/** The problem if no Docker daemon answers, with its remedy. */
export const noDocker =
  "cannot connect to the Docker daemon. Start Docker (on Debian and Ubuntu, slipway setup installs and starts it as root), or set DOCKER_HOST";

/** An error that the Docker API returned. */
export interface DockerError extends Error {
  statusCode?: number;
  json?: { message?: string };
}

/** The registry of an image: `docker.io` if its name contains none. */
export function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}

export async function hasImage(docker: Docker, reference: string): Promise<boolean> {
  const missing = (error: DockerError) => (error.statusCode === 404 ? false : Promise.reject(error));
  return docker
    .getImage(reference)
    .inspect()
    .then(() => true, missing);
}

/** Pulls an image. An `abortSignal` cancels the pull. */
export async function pullImage(
  docker: Docker,
  reference: string,
  options: { abortSignal?: AbortSignal; authconfig?: object } = {},
): Promise<void> {
  await finished(docker, await docker.pull(reference, options));
}

export interface ImageBuildOptions {
  tag: string;
  platform?: string;
  args?: Record<string, string>;
  /** The Dockerfile, relative to the folder. @default "Dockerfile" */
  dockerfile?: string;
  /** Stage to build. @default - the last one */
  target?: string;
}

/** Builds an image from a folder with a Dockerfile. */
export async function buildImage(docker: Docker, folder: string, { tag, args, ...options }: ImageBuildOptions): Promise<void> {
  await finished(
    docker,
    await docker.buildImage({ context: folder, src: ["."] }, { t: tag, ...options, buildargs: args, rm: true, forcerm: true }),
  );
}

/** Pushes an image and returns its digest in the registry. */
export async function pushImage(docker: Docker, reference: string, authconfig: object): Promise<string> {
  const events = await finished(docker, await docker.getImage(reference).push({ authconfig }));
  return events.find((event) => event.aux?.Digest)?.aux?.Digest ?? "";
}

interface ProgressEvent {
  aux?: { Digest?: string };
  /** Output of a build. */
  stream?: string;
  error?: string;
}

/** How many of the last output lines the error of a build shows. */
const outputLines = 20;

/** @throws Error with the last output lines, if the work failed: Docker reports that as an event, because the answer has already begun. */
async function finished(docker: Docker, stream: NodeJS.ReadableStream): Promise<ProgressEvent[]> {
  const events = await new Promise<ProgressEvent[]>((done, failed) =>
    docker.modem.followProgress(stream, (error, all) => (error ? failed(error) : done(all))),
  );
  const failure = events.find((event) => event.error !== undefined);
  if (!failure) return events;
  const output = events.map(({ stream: text = "" }) => text).join("");
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  throw new Error([failure.error, ...lines.slice(-outputLines).map((line) => `  | ${line}`)].join("\n"));
}
