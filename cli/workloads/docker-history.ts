import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { extract, pack } from "tar-stream";
import type { DockerError } from "../../lib/docker-client.ts";

/** The versions that a rollback can return to. Docker stores them, so any machine can roll back. */
export interface Versions {
  /** Images of each service that became healthy, the newest first. */
  cameUp: Record<string, string[]>;
  /** Whether the last `up` failed. */
  failed: boolean;
}

/** As many as Kubernetes keeps: the current version and five earlier ones. */
const kept = 6;

/** The versions after all `images` became healthy. */
export function withImages({ cameUp }: Versions, images: Record<string, string>): Versions {
  const before = (service: string, image: string) => (cameUp[service] ?? []).filter((other) => other !== image);
  const entries = Object.entries(images).map(([service, image]) => [service, [image, ...before(service, image)].slice(0, kept)] as const);
  return { cameUp: Object.fromEntries(entries), failed: false };
}

/** Where Docker stores the versions of a stack. */
export interface History {
  read(): Promise<Versions>;
  write(versions: Versions): Promise<void>;
  /** Deletes the record, after the stack is down. */
  forget(): Promise<void>;
}

const nothing: Versions = { cameUp: {}, failed: false };

/** In the proxy's volume, beside the routes: it is created and deleted with the stack. Traefik ignores `.json` files. */
export function historyInProxy(docker: Docker, prefix: string): History {
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
      // Without a proxy nothing has become healthy yet.
      await proxy.putArchive(archive as unknown as NodeJS.ReadableStream, { path: folder }).catch(unlessMissing);
    },
    forget: async () => {},
  };
}

/** In a Swarm config, which all managers share. Configs are immutable, so each change creates a new one. */
export function historyInSwarm(docker: Docker, prefix: string, labels: Record<string, string>): History {
  const ownLabels = { ...labels, "dev.slipway.versions": "true" };
  const filters = { label: Object.entries(ownLabels).map(([key, value]) => `${key}=${value}`) };
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
      await docker.createConfig({ Name: `${prefix}-versions-${randomBytes(4).toString("hex")}`, Data, Labels: ownLabels });
      await remove(before.map(({ ID }) => ID));
    },
    forget: async () => remove((await all()).map(({ ID }) => ID)),
  };
}

function unlessMissing(error: DockerError): void {
  if (error.statusCode !== 404) throw error;
}
