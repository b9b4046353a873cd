import type Docker from "dockerode";
import { dockerClient } from "../../lib/docker-client.ts";

const docker: Docker = dockerClient();

/** An image that was built for the stack. */
export interface StoredImage {
  /** `<registry>/<service>`. */
  repository: string;
  tags: string[];
  digest: string;
  /** Total size of its configurations and layers, for all platforms, in bytes. */
  bytes: number;
  /** When it was pushed, or for an image in Docker only, when it was built. Undefined if unknown. */
  pushed: Date | undefined;
  /** Digests of the images of an index. */
  children: string[];
  /** Digests of what refers to the image or its children, such as attestations, and of the lists of them. They are kept and deleted with it. */
  referrers: string[];
  /** Where it is stored. An image that was built from a Dockerfile is also in Docker's image store. */
  where: "registry" | "Docker" | "registry, Docker";
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

/**
 * The tag under which a registry without the referrers API lists what refers to an image:
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema.
 */
function referrersTag(digest: string): string {
  return digest.replace(":", "-");
}

function isReferrersTag(tag: string): boolean {
  return /^sha256-[0-9a-f]{64}$/.test(tag);
}

/** The images of a stack's registry on this machine. Uses the registry's API, and its container for what the API does not offer. */
export class RegistryStore {
  readonly registry: string;
  private readonly below: string;

  /**
   * @param registry Address of the registry: `127.0.0.1:<port>`.
   * @param below Start of the names of the stack's repositories, if other stacks use the registry too.
   */
  constructor(registry: string, below = "") {
    this.registry = registry;
    this.below = below;
  }

  /** All tagged images in the registry, the newest of each repository first, and then the images in Docker that were built for it. */
  async images(): Promise<StoredImage[]> {
    const { repositories } = (await this.getJson("_catalog?n=1000")) as { repositories: string[] };
    const own = repositories.filter((name) => name.startsWith(this.below));
    const stored = (await Promise.all(own.map((name) => this.imagesOf(name)))).flat();
    const built = await this.builtImages();
    const tagsOf = ({ repository, tags }: StoredImage) => tags.map((tag) => `${repository}:${tag}`);
    const known = new Set(stored.flatMap(tagsOf));
    const builtTags = new Set(built.flatMap(tagsOf));
    const both = (image: StoredImage) => tagsOf(image).some((tag) => builtTags.has(tag));
    return [
      ...stored.map((image) => (both(image) ? { ...image, where: "registry, Docker" as const } : image)),
      ...built.filter((image) => !tagsOf(image).some((tag) => known.has(tag))),
    ];
  }

  /** Deletes images, and the layers that no other image uses. */
  async remove(images: StoredImage[]): Promise<void> {
    for (const { repository, tags, where } of images.filter(({ where }) => where !== "registry"))
      for (const tag of tags) await docker.getImage(`${repository}:${tag}`).remove({ force: where === "Docker" });
    const stored = images.filter(({ where }) => where !== "Docker");
    if (stored.length === 0) return;
    for (const { repository, digest, children, referrers } of stored)
      for (const each of [...referrers, digest, ...children]) {
        const url = `http://${this.registry}/v2/${repository.slice(this.registry.length + 1)}/manifests/${each}`;
        const { status } = await fetch(url, { method: "DELETE" });
        if (status !== 202 && status !== 404)
          throw new Error(`${repository}@${each}: cannot be deleted: the registry answers HTTP ${status}.`);
      }
    const container = await this.container();
    const collect = ["registry", "garbage-collect", "/etc/distribution/config.yml"];
    const run = await container.exec({ Cmd: collect, AttachStdout: true, AttachStderr: true, Env: ["PATH=/bin"] });
    const output = await run.start({});
    await new Promise((end) => output.on("end", end).resume());
    const { ExitCode } = await run.inspect();
    if (ExitCode !== 0) throw new Error(`The garbage collection of registry ${this.registry} failed with exit code ${ExitCode}.`);
    // The registry caches which layers it has. Without a restart, it would report deleted layers as existing to the next push.
    await container.restart();
  }

  private async builtImages(): Promise<StoredImage[]> {
    const all = await docker.listImages({ filters: { reference: [`${this.registry}/${this.below}*`] } });
    return all.flatMap(({ Id, RepoTags, Created, Size }) =>
      (RepoTags ?? []).map((name) => {
        const [repository, tag] = [name.slice(0, name.lastIndexOf(":")), name.slice(name.lastIndexOf(":") + 1)];
        return {
          repository,
          tags: [tag],
          digest: Id,
          bytes: Size,
          pushed: new Date(Created * 1000),
          children: [],
          referrers: [],
          where: "Docker" as const,
        };
      }),
    );
  }

  private async imagesOf(name: string): Promise<StoredImage[]> {
    // A repository without images has no tags (404).
    const { tags } = (await this.getJson(`${name}/tags/list`).catch(() => ({ tags: null }))) as { tags: string[] | null };
    const [lists, ofImages] = [new Set((tags ?? []).filter(isReferrersTag)), (tags ?? []).filter((tag) => !isReferrersTag(tag))];
    const described = await Promise.all(ofImages.map(async (tag) => ({ tag, ...(await this.describe(name, tag, lists)) })));
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

  private async describe(name: string, tag: string, referrersTags: Set<string>) {
    const response = await this.get(`${name}/manifests/${tag}`);
    const digest = String(response.headers.get("docker-content-digest"));
    const manifest = (await response.json()) as Manifest;
    const children = manifest.manifests?.map((child) => child.digest) ?? [];
    const manifests = await Promise.all(children.map(async (child) => (await this.get(`${name}/manifests/${child}`)).json()));
    const bytes = ([manifest, ...manifests] as Manifest[]).flatMap(({ config, layers = [] }) => [...(config ? [config] : []), ...layers]);
    const listed = [digest, ...children].map(referrersTag).filter((list) => referrersTags.has(list));
    const referrers = (await Promise.all(listed.map((list) => this.referrersIn(name, list)))).flat();
    return { digest, children, referrers, bytes: bytes.reduce((sum, { size }) => sum + size, 0), pushed: await this.pushed(name, tag) };
  }

  /** Digests of the manifests in a list of referrers, and of the list itself. */
  private async referrersIn(name: string, tag: string): Promise<string[]> {
    const response = await this.get(`${name}/manifests/${tag}`);
    const { manifests = [] } = (await response.json()) as Manifest;
    return [...manifests.map(({ digest }) => digest), String(response.headers.get("docker-content-digest"))];
  }

  /** The modification time of the tag's file. The API does not return it. */
  private async pushed(name: string, tag: string): Promise<Date | undefined> {
    const path = `/var/lib/registry/docker/registry/v2/repositories/${name}/_manifests/tags/${tag}/current/link`;
    const stat = await (await this.container()).infoArchive({ path }).catch(() => undefined);
    const header = stat?.headers["x-docker-container-path-stat"];
    return header === undefined ? undefined : new Date(JSON.parse(Buffer.from(header, "base64").toString()).mtime);
  }

  private async container(): Promise<Docker.Container> {
    const port = Number(this.registry.split(":")[1]);
    const found = (await docker.listContainers()).find(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === port));
    if (!found) throw new Error(`No container on this Docker host publishes the registry ${this.registry}.`);
    return docker.getContainer(found.Id);
  }

  private async getJson(path: string): Promise<unknown> {
    return (await this.get(path)).json();
  }

  private async get(path: string): Promise<Response> {
    const response = await fetch(`http://${this.registry}/v2/${path}`, { headers: { accept: mediaTypes } });
    if (!response.ok) throw new Error(`http://${this.registry}/v2/${path} answers HTTP ${response.status}.`);
    return response;
  }
}
