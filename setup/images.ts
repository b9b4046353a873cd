import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cacheFolder } from "../lib/cache-folder.ts";
import { locked } from "../lib/file-lock.ts";
import { localClusterDefaults } from "../components/local-cluster.ts";
import { proxyImage } from "../components/internal/proxy.ts";
import { dockerEngine, hasImage, pullImage } from "../lib/docker-client.ts";
import { buildNodeImage, nodeImageName } from "./node-image.ts";
import { step } from "../lib/progress.ts";
import { buildProxyImage, proxyImageName } from "./proxy-image.ts";
import { buildRegistryImage, registryImageName } from "./registry-image.ts";

/** What config.ts reads: the images that platforms use on this machine, where they are not the usual ones. */
const record = ".slipway/images.json";

/** Seconds that the answer of an image registry may take; a slow but working pull goes on for longer. */
const pullSeconds = 300;

export type ImageKey = "nodeImage" | "registryImage" | "proxyImage";

interface Wanted {
  key: ImageKey;
  upstream: string;
  standIn: () => Promise<string>;
  build: (name: string) => Promise<void>;
}

const wanted: Wanted[] = [
  { key: "registryImage", upstream: localClusterDefaults.registryImage, standIn: registryImageName, build: buildRegistryImage },
  { key: "nodeImage", upstream: localClusterDefaults.nodeImage, standIn: nodeImageName, build: buildNodeImage },
  { key: "proxyImage", upstream: proxyImage, standIn: proxyImageName, build: buildProxyImage },
];

/**
 * Sees that Docker has the images that are named: the usual ones where they are or can be pulled, else stand-ins that
 * are built from package registries. Says nothing when all is there.
 */
export async function ensureImages(keys: ImageKey[]): Promise<void> {
  const engine = dockerEngine();
  // Those of other platforms stay as they are.
  const known: Record<string, string> = existsSync(record) ? JSON.parse(await readFile(record, "utf8")) : {};
  const chosen = Object.fromEntries(Object.entries(known).filter(([key]) => !keys.includes(key as ImageKey)));
  let pullable: boolean | undefined;
  for (const { key, upstream, standIn, build } of wanted.filter((w) => keys.includes(w.key))) {
    if (await hasImage(engine, upstream)) continue;
    const name = await standIn();
    if (!(await hasImage(engine, name))) {
      if (pullable !== false) pullable = await tryPull(upstream);
      if (pullable) continue;
      process.stderr.write(`  ${upstream} cannot be pulled here; building ${name} from package registries instead\n`);
      const exclusively = () => locked(cacheFolder(), `The build of ${name}`, "setup", () => build(name));
      await step(`build ${name}`, exclusively, { always: true });
    }
    chosen[key] = name;
  }
  const text = JSON.stringify(chosen, null, 2) + "\n";
  if (existsSync(record) && (await readFile(record, "utf8")) === text) return;
  await mkdir(".slipway", { recursive: true });
  await writeFile(record, text);
}

/** Whether an image could be pulled. */
function tryPull(image: string): Promise<boolean> {
  return step(`try to pull ${image}`, () =>
    pullImage(dockerEngine(), image, { abortSignal: AbortSignal.timeout(pullSeconds * 1000) }).then(
      () => true,
      () => false,
    ),
  );
}
