import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { extract, pack } from "tar-stream";
import type { DockerError } from "../../lib/docker-client.ts";

/** What there is to go back to. The engine keeps it, so that whoever deploys the stack next, from wherever, has it. */
export interface Versions {
  /** The images of each service that came up, the newest first. */
  cameUp: Record<string, string[]>;
  /** Whether the last `up` did not come to its end. */
  failed: boolean;
}

/** As many as Kubernetes is asked to keep: the present one, and five before. */
const kept = 6;

/** The same, once `images` have all come up. */
export function withImages({ cameUp }: Versions, images: Record<string, string>): Versions {
  const before = (service: string, image: string) => (cameUp[service] ?? []).filter((other) => other !== image);
  const entries = Object.entries(images).map(([service, image]) => [service, [image, ...before(service, image)].slice(0, kept)] as const);
  return { cameUp: Object.fromEntries(entries), failed: false };
}

/** Where an engine keeps the versions of a stack. */
export interface Memory {
  read(): Promise<Versions>;
  write(versions: Versions): Promise<void>;
  /** Once the stack is down. */
  forget(): Promise<void>;
}

const nothing: Versions = { cameUp: {}, failed: false };

/** Beside the routes, in the volume of the proxy, which the stack makes and takes along; Traefik reads no `.json`. */
export function memoryInProxy(docker: Docker, prefix: string): Memory {
  const proxy = docker.getContainer(`${prefix}-proxy`);
  const folder = "/etc/traefik/dynamic";
  return {
    async read() {
      try {
        const archive = extract();
        (await proxy.getArchive({ path: `${folder}/versions.json` })).pipe(archive);
        let text = "";
        for await (const entry of archive) for await (const piece of entry) text += String(piece);
        return JSON.parse(text);
      } catch (error) {
        if ((error as DockerError).statusCode === 404) return nothing;
        throw error;
      }
    },
    async write(versions) {
      const archive = pack();
      archive.entry({ name: "versions.json", mode: 0o644 }, JSON.stringify(versions));
      archive.finalize();
      // Where there is no proxy yet, nothing has come up either.
      await proxy.putArchive(archive as unknown as NodeJS.ReadableStream, { path: folder }).catch(unlessMissing);
    },
    forget: async () => {},
  };
}

/** In a config of Swarm, which all managers have. What a config holds cannot change, so each is another one. */
export function memoryInSwarm(docker: Docker, prefix: string, labels: Record<string, string>): Memory {
  const mark = { ...labels, "dev.slipway.versions": "true" };
  const filters = { label: Object.entries(mark).map(([key, value]) => `${key}=${value}`) };
  const all = async () =>
    (await docker.listConfigs({ filters: filters as never })).sort((a, b) => (b.Version?.Index ?? 0) - (a.Version?.Index ?? 0));
  const remove = async (ids: string[]) => {
    for (const id of ids) await docker.getConfig(id).remove().catch(unlessMissing);
  };
  return {
    async read() {
      const [newest] = await all();
      return newest?.Spec?.Data ? JSON.parse(Buffer.from(newest.Spec.Data, "base64").toString("utf8")) : nothing;
    },
    async write(versions) {
      const before = await all();
      const Data = Buffer.from(JSON.stringify(versions)).toString("base64");
      await docker.createConfig({ Name: `${prefix}-versions-${randomBytes(4).toString("hex")}`, Data, Labels: mark });
      await remove(before.map(({ ID }) => ID));
    },
    forget: async () => remove((await all()).map(({ ID }) => ID)),
  };
}

function unlessMissing(error: DockerError): void {
  if (error.statusCode !== 404) throw error;
}
