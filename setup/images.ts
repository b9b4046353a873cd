import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { defaultImages } from "../components/images.ts";
import { cacheFolder } from "../lib/cache-folder.ts";
import { dockerClient, hasImage, pullImage } from "../lib/docker-client.ts";
import { locked } from "../lib/file-lock.ts";
import { step } from "../lib/progress.ts";
import { buildNodeImage, nodeImageName } from "./node-image.ts";
import { buildProxyImage, proxyImageName } from "./proxy-image.ts";
import { buildRegistryImage, registryImageName } from "./registry-image.ts";

/** The images that replace the default ones on this machine; read by config/load.ts. */
const record = ".slipway/images.json";

/** Seconds after which a pull counts as failed. */
const pullTimeoutSeconds = 300;

export type ImageKey = "nodeImage" | "registryImage" | "proxyImage";

/** Images that replace the default ones. */
export type Images = Partial<Record<ImageKey, string>>;

/** A default image, and the substitute that is built if it cannot be pulled. */
interface Source {
  upstream: string;
  /** Name of the substitute. */
  substitute: () => Promise<string>;
  build: (name: string) => Promise<void>;
}

const sources: Record<ImageKey, Source> = {
  registryImage: { upstream: defaultImages.registry, substitute: registryImageName, build: buildRegistryImage },
  nodeImage: { upstream: defaultImages.node, substitute: nodeImageName, build: buildNodeImage },
  proxyImage: { upstream: defaultImages.proxy, substitute: proxyImageName, build: buildProxyImage },
};

/**
 * Makes sure that Docker has the images: the default ones if they exist or can be pulled, otherwise substitutes that are built from
 * package registries. Silent if nothing is missing.
 */
export async function ensureImages(keys: ImageKey[]): Promise<Images> {
  const docker = dockerClient();
  const chosen = omit(await recorded(), keys);
  let pullable: boolean | undefined;
  for (const key of keys) {
    const { upstream, substitute, build } = sources[key];
    if (await hasImage(docker, upstream)) continue;
    const name = await substitute();
    if (!(await hasImage(docker, name))) {
      if (pullable !== false) pullable = await tryPull(upstream);
      if (pullable) continue;
      process.stderr.write(`  ${upstream} cannot be pulled. Building ${name} from package registries instead.\n`);
      const exclusively = () => locked(cacheFolder(), `The build of ${name}`, "slipway setup", () => build(name));
      await step(`build ${name}`, exclusively, { always: true });
    }
    chosen[key] = name;
  }
  const text = JSON.stringify(chosen, null, 2) + "\n";
  if (!existsSync(record) || (await readFile(record, "utf8")) !== text) {
    await mkdir(".slipway", { recursive: true });
    await writeFile(record, text);
  }
  return chosen;
}

/** The images that `ensureImages` would choose, if known without pulling or building. */
export async function plannedImages(keys: ImageKey[]): Promise<Images> {
  const docker = dockerClient();
  const known = await recorded();
  const planned = omit(known, keys);
  for (const key of keys) {
    const { upstream, substitute } = sources[key];
    // Without Docker, or before the first setup, assume the default image.
    if (known[key] !== undefined && !(await hasImage(docker, upstream).catch(() => false))) planned[key] = await substitute();
  }
  return planned;
}

async function recorded(): Promise<Images> {
  return existsSync(record) ? (JSON.parse(await readFile(record, "utf8")) as Images) : {};
}

function omit(images: Images, keys: ImageKey[]): Images {
  return Object.fromEntries(Object.entries(images).filter(([key]) => !keys.includes(key as ImageKey)));
}

/** Whether the image could be pulled. */
function tryPull(image: string): Promise<boolean> {
  const options = { abortSignal: AbortSignal.timeout(pullTimeoutSeconds * 1000) };
  return step(`pull ${image}`, () =>
    pullImage(dockerClient(), image, options).then(
      () => true,
      () => false,
    ),
  );
}
