import path from "node:path";
import tarStream from "tar-stream";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";

// Serialised into the state with the providers that use it; see registry-push.ts.

/** A file of a running proxy's file provider. Its folder is a volume of the proxy. */
export interface ProxyFile {
  /** Endpoint of the Docker host. @default - the one that the `docker` command uses. */
  engine?: string;
  /** Id of the proxy's container. */
  proxy: string;
  /** Path in the container, without slot and extension. */
  file: string;
}

/** Which of two files is in use. Docker does not write a file atomically, so the proxy could read half of a single one. */
type Slot = "a" | "b";

/** The proxy's entry point for HTTP, in its container. */
export function webEntryPoint(): { name: string; port: number } {
  return { name: "web", port: 8000 };
}

/** The proxy's current routes; undefined if it has none or does not exist. */
export async function readRoutes(at: ProxyFile): Promise<{ slot: Slot; content: string } | undefined> {
  for (const slot of ["a", "b"] as const) {
    const content = await readSlot(at, slot);
    if (content !== undefined && !hasNoRoutes(content)) return { slot, content };
  }
  return undefined;
}

/** Writes routes. Ends when the proxy uses them, and no earlier ones. */
export function writeRoutes(at: ProxyFile, content: string): Promise<void> {
  return inTurn(at, async () => write(at, content, await readRoutes(at)));
}

/** Changes the proxy's current routes, if it has any. Ends when the proxy uses the changed ones only. */
export function changeRoutes(at: ProxyFile, change: (content: string) => string): Promise<void> {
  return inTurn(at, async () => {
    const before = await readRoutes(at);
    if (before) await write(at, change(before.content), before);
  });
}

/** Empties the file: the proxy's image has no program that could remove it. Ends when the proxy no longer uses the routes. */
export function emptyRoutes(at: ProxyFile): Promise<void> {
  return inTurn(at, async () => {
    const before = await readRoutes(at);
    if (before) await emptySlot(at, before.slot);
  });
}

/** Writes the new file completely before it empties the old one. Until then both define the routes, and Traefik uses the first. */
async function write(at: ProxyFile, content: string, before: { slot: Slot; content: string } | undefined): Promise<void> {
  if (before?.content === content) return;
  const [next, other] = before?.slot === "a" ? (["b", "a"] as const) : (["a", "b"] as const);
  await writeSlot(at, next, content);
  await emptySlot(at, other);
}

/**
 * Does one change of a file after another: the replicas of a service hand over at the same time, and each reads what it then changes. Every
 * resource has its own copy of this code, so what they share is global; all run in one process.
 */
async function inTurn(at: ProxyFile, work: () => Promise<void>): Promise<void> {
  const shared = globalThis as { slipwayRoutes?: Map<string, Promise<void>> };
  const changes = (shared.slipwayRoutes ??= new Map());
  const key = [at.engine, at.proxy, at.file].join(" ");
  const done = (changes.get(key) ?? Promise.resolve()).then(work);
  changes.set(
    key,
    done.catch(() => {}),
  );
  return done;
}

/** Files without routes are empty, or answer the question of `isLoaded`. */
function hasNoRoutes(content: string): boolean {
  return content === "{}\n" || content.startsWith("# no routes");
}

/** Empties a slot, and waits until the proxy has loaded that: it then has also loaded what was written before. */
async function emptySlot(at: ProxyFile, slot: Slot): Promise<void> {
  // An address that only this version of the file answers, and only from within the container.
  const address = `127.${[1, 2, 3].map(() => 1 + Math.floor(Math.random() * 254)).join(".")}`;
  const router = {
    rule: `ClientIP(\`127.0.0.0/8\`) && Host(\`${address}\`) && Path(\`/ping\`)`,
    // Before all routes of users, which may be long.
    priority: 1_000_000,
    entryPoints: [webEntryPoint().name],
    service: "ping@internal",
  };
  const routers = { [`${path.posix.basename(at.file)}-${slot}-loaded`]: router };
  await writeSlot(at, slot, `# no routes\n${JSON.stringify({ http: { routers } }, null, 2)}\n`);
  const deadline = Date.now() + loadSeconds() * 1000;
  while (!(await isLoaded(at, address))) {
    if (Date.now() > deadline)
      throw new Error(
        `the proxy ${at.proxy.slice(0, 12)} has not loaded ${at.file}.${slot}.yaml after ${loadSeconds()} s. Its log says why: docker logs ${at.proxy.slice(0, 12)}`,
      );
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

/** Seconds that the proxy has to load a file. It takes a fifth of a second, and many times that on a busy machine. */
function loadSeconds(): number {
  return 60;
}

/** Whether the proxy answers an address; also if it does not run, so that nobody uses its routes. */
async function isLoaded({ engine, proxy }: ProxyFile, address: string): Promise<boolean> {
  const { name, port } = webEntryPoint();
  // The image has one program, and this is its only request: HEAD /ping.
  const options = ["--ping=true", `--ping.entrypoint=${name}`, `--entrypoints.${name}.address=${address}:${port}`];
  try {
    const exec = await dockerClient(engine)
      .getContainer(proxy)
      .exec({ Cmd: ["traefik", "healthcheck", ...options], AttachStdout: true, AttachStderr: true });
    const output = await exec.start({});
    for await (const _ of output) void _;
    return (await exec.inspect()).ExitCode === 0;
  } catch (error) {
    // 404: no such container. 409: it does not run.
    if ([404, 409].includes((error as DockerError).statusCode ?? 0)) return true;
    throw error;
  }
}

async function readSlot({ engine, proxy, file }: ProxyFile, slot: Slot): Promise<string | undefined> {
  try {
    const archive = tarStream.extract();
    (
      await dockerClient(engine)
        .getContainer(proxy)
        .getArchive({ path: `${file}.${slot}.yaml` })
    ).pipe(archive);
    let text = "";
    for await (const entry of archive) for await (const piece of entry) text += String(piece);
    return text;
  } catch (error) {
    if ((error as DockerError).statusCode === 404) return undefined;
    throw error;
  }
}

async function writeSlot({ engine, proxy, file }: ProxyFile, slot: Slot, content: string): Promise<void> {
  const archive = tarStream.pack();
  archive.entry({ name: `${path.posix.basename(file)}.${slot}.yaml`, mode: 0o644 }, content);
  archive.finalize();
  const folder = { path: path.posix.dirname(file) };
  await dockerClient(engine)
    .getContainer(proxy)
    .putArchive(archive as unknown as NodeJS.ReadableStream, folder);
}
