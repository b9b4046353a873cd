import type Docker from "dockerode";
import { dockerClient } from "../../lib/docker-client.ts";

const engine: Docker = dockerClient();

/** An image in a registry. */
export interface StoredImage {
  /** `<registry>/<service>`. */
  repository: string;
  tags: string[];
  digest: string;
  /** Bytes of all that it consists of, for all its platforms. */
  bytes: number;
  pushed: Date | undefined;
  /** Digests of an index's own images. */
  children: string[];
  /** A Dockerfile's image stays on the engine that built it, too. */
  where: "registry" | "engine" | "registry, engine";
}

interface Manifest {
  config?: { size: number };
  layers?: { size: number }[];
  manifests?: { digest: string }[];
}

const mediaTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** The registry of a stack on this machine: what is in it, by its API, and when that came and how it goes, by its container. */
export class RegistryStore {
  readonly registry: string;

  /** @param registry Where it listens: `127.0.0.1:<port>`. */
  constructor(registry: string) {
    this.registry = registry;
  }

  /** Every image with a tag, by service and the newest first; on the engine those that were built for the registry. */
  async images(): Promise<StoredImage[]> {
    const { repositories } = (await this.ask("_catalog?n=1000")) as { repositories: string[] };
    const stored = (await Promise.all(repositories.map((name) => this.imagesOf(name)))).flat();
    const built = await this.builtImages();
    const tagsOf = ({ repository, tags }: StoredImage) => tags.map((tag) => `${repository}:${tag}`);
    const known = new Set(stored.flatMap(tagsOf));
    const builtTags = new Set(built.flatMap(tagsOf));
    const both = (image: StoredImage) => tagsOf(image).some((tag) => builtTags.has(tag));
    return [
      ...stored.map((image) => (both(image) ? { ...image, where: "registry, engine" as const } : image)),
      ...built.filter((image) => !tagsOf(image).some((tag) => known.has(tag))),
    ];
  }

  /** Deletes images, and then what of their layers no other image has. */
  async remove(images: StoredImage[]): Promise<void> {
    for (const { repository, tags, where } of images.filter(({ where }) => where !== "registry"))
      for (const tag of tags) await engine.getImage(`${repository}:${tag}`).remove({ force: where === "engine" });
    const stored = images.filter(({ where }) => where !== "engine");
    if (stored.length === 0) return;
    for (const { repository, digest, children } of stored)
      for (const each of [digest, ...children]) {
        const url = `http://${this.registry}/v2/${repository.slice(this.registry.length + 1)}/manifests/${each}`;
        const { status } = await fetch(url, { method: "DELETE" });
        if (status !== 202 && status !== 404) throw new Error(`${repository}@${each} cannot be deleted: HTTP ${status} of the registry`);
      }
    const container = await this.container();
    const collect = ["registry", "garbage-collect", "/etc/distribution/config.yml"];
    const run = await container.exec({ Cmd: collect, AttachStdout: true, AttachStderr: true, Env: ["PATH=/bin"] });
    const output = await run.start({});
    await new Promise((end) => output.on("end", end).resume());
    const { ExitCode } = await run.inspect();
    if (ExitCode !== 0) throw new Error(`the registry's garbage collection ended with ${ExitCode}`);
    // It remembers what it had, and would tell the next push that a layer is there which is not.
    await container.restart();
  }

  private async builtImages(): Promise<StoredImage[]> {
    const all = await engine.listImages({ filters: { reference: [`${this.registry}/*`] } });
    return all.flatMap(({ Id, RepoTags, Created, Size }) =>
      (RepoTags ?? []).map((name) => {
        const [repository = "", tag = ""] = [name.slice(0, name.lastIndexOf(":")), name.slice(name.lastIndexOf(":") + 1)];
        return {
          repository,
          tags: [tag],
          digest: Id,
          bytes: Size,
          pushed: new Date(Created * 1000),
          children: [],
          where: "engine" as const,
        };
      }),
    );
  }

  private async imagesOf(name: string): Promise<StoredImage[]> {
    // Where all its images are gone it has none.
    const { tags } = (await this.ask(`${name}/tags/list`).catch(() => ({ tags: null }))) as { tags: string[] | null };
    const described = await Promise.all((tags ?? []).map(async (tag) => ({ tag, ...(await this.describe(name, tag)) })));
    const byDigest = [...Map.groupBy(described, ({ digest }) => digest).values()];
    const images = byDigest.map((same) => ({
      ...same[0]!,
      repository: `${this.registry}/${name}`,
      tags: same.map(({ tag }) => tag).sort(),
      where: "registry" as const,
    }));
    return images
      .map(({ tag: _tag, ...image }) => image)
      .sort((a, b) => Number(b.pushed) - Number(a.pushed) || a.digest.localeCompare(b.digest));
  }

  private async describe(name: string, tag: string) {
    const response = await this.get(`${name}/manifests/${tag}`);
    const digest = String(response.headers.get("docker-content-digest"));
    const manifest = (await response.json()) as Manifest;
    const children = manifest.manifests?.map((child) => child.digest) ?? [];
    const manifests = await Promise.all(children.map(async (child) => (await this.get(`${name}/manifests/${child}`)).json()));
    const bytes = ([manifest, ...manifests] as Manifest[]).flatMap(({ config, layers = [] }) => [...(config ? [config] : []), ...layers]);
    return { digest, children, bytes: bytes.reduce((sum, { size }) => sum + size, 0), pushed: await this.pushed(name, tag) };
  }

  /** Its API does not tell; the file that a tag is does. */
  private async pushed(name: string, tag: string): Promise<Date | undefined> {
    const path = `/var/lib/registry/docker/registry/v2/repositories/${name}/_manifests/tags/${tag}/current/link`;
    const stat = await (await this.container()).infoArchive({ path }).catch(() => undefined);
    const header = stat?.headers["x-docker-container-path-stat"];
    return header === undefined ? undefined : new Date(JSON.parse(Buffer.from(header, "base64").toString()).mtime);
  }

  private async container(): Promise<Docker.Container> {
    const port = Number(this.registry.split(":")[1]);
    const found = (await engine.listContainers()).find(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === port));
    if (!found) throw new Error(`no container of this Docker engine has the registry ${this.registry}`);
    return engine.getContainer(found.Id);
  }

  private async ask(path: string): Promise<unknown> {
    return (await this.get(path)).json();
  }

  private async get(path: string): Promise<Response> {
    const response = await fetch(`http://${this.registry}/v2/${path}`, { headers: { accept: mediaTypes } });
    if (!response.ok) throw new Error(`${this.registry}/v2/${path}: HTTP ${response.status}`);
    return response;
  }
}
