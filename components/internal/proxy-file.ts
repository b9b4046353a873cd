import path from "node:path";
import tarStream from "tar-stream";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";

// Serialised into the state with the providers that use it, see registry-push.ts.

/** Routes in a running proxy: a file of its file provider, without its ending. A volume of the proxy holds its folder. */
export interface ProxyFile {
  /** Endpoint of the engine. @default - the one that the `docker` command uses. */
  engine?: string;
  /** Id of the container of the proxy. */
  proxy: string;
  file: string;
}

/** Which of two files is in use: the engine does not write a file at once, and the proxy would read half of it. */
type Slot = "a" | "b";

/** The routes that the proxy has now; undefined where it has none, or is not there. */
export async function readRoutes(at: ProxyFile): Promise<{ slot: Slot; content: string } | undefined> {
  for (const slot of ["a", "b"] as const) {
    const content = await readSlot(at, slot);
    if (content !== undefined && content !== nothing()) return { slot, content };
  }
  return undefined;
}

/** The new file is whole before the old one is emptied; until then both say where the service is, and Traefik takes the first. */
export async function writeRoutes(at: ProxyFile, content: string): Promise<void> {
  const before = await readRoutes(at);
  if (before?.content === content) return;
  await writeSlot(at, before?.slot === "a" ? "b" : "a", content);
  if (before) await writeSlot(at, before.slot, nothing());
}

/** In the proxy's container there is nothing to remove a file with: an empty one is what can be left. */
export async function emptyRoutes(at: ProxyFile): Promise<void> {
  const before = await readRoutes(at);
  if (before) await writeSlot(at, before.slot, nothing());
}

function nothing(): string {
  return "{}\n";
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
