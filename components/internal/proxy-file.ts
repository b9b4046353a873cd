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

/** The proxy's current routes; undefined if it has none or does not exist. */
export async function readRoutes(at: ProxyFile): Promise<{ slot: Slot; content: string } | undefined> {
  for (const slot of ["a", "b"] as const) {
    const content = await readSlot(at, slot);
    if (content !== undefined && content !== noRoutes()) return { slot, content };
  }
  return undefined;
}

/** Writes the new file completely before it empties the old one. Until then both define the routes, and Traefik uses the first. */
export async function writeRoutes(at: ProxyFile, content: string): Promise<void> {
  const before = await readRoutes(at);
  if (before?.content === content) return;
  await writeSlot(at, before?.slot === "a" ? "b" : "a", content);
  if (before) await writeSlot(at, before.slot, noRoutes());
}

/** Empties the file: the proxy's image has no program that could remove it. */
export async function emptyRoutes(at: ProxyFile): Promise<void> {
  const before = await readRoutes(at);
  if (before) await writeSlot(at, before.slot, noRoutes());
}

function noRoutes(): string {
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
