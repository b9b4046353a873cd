import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import writeFileAtomic from "write-file-atomic";
import { cacheFolder } from "../../lib/cache-folder.ts";
import { sourceHash } from "../../lib/source-hash.ts";

let inPlugin = false;

/** Says that this process is Slipway's plugin, which manages the resources itself (see ../plugin/). */
export function servedByPlugin(): void {
  inPlugin = true;
}

/**
 * A dynamic resource, as pulumi.dynamic.Resource; in the plugin, a resource of the plugin. The serialised provider is cached: to serialise
 * it, the SDK starts a debugger session in this process, which takes most of a second in each run.
 */
export class DynamicResource<Inputs, Outputs extends Inputs = Inputs> extends pulumi.CustomResource {
  /** @param kind Name of the resource type, different for each provider. */
  constructor(
    kind: string,
    provider: pulumi.dynamic.ResourceProvider<Inputs, Outputs>,
    name: string,
    props: pulumi.Inputs,
    opts?: pulumi.CustomResourceOptions,
  ) {
    if (inPlugin) super(`slipway:index:${kind}`, name, props, opts);
    else super(`pulumi-nodejs:dynamic/slipway:${kind}`, name, { ...props, __provider: serialize(kind, provider) }, opts);
  }
}

const serialized = new Map<string, Promise<string>>();

function serialize(kind: string, provider: pulumi.dynamic.ResourceProvider): Promise<string> {
  const known = serialized.get(kind);
  if (known) return known;
  const text = readOrSerialize(kind, provider);
  serialized.set(kind, text);
  return text;
}

/** The npm package contains the serialised providers, because serialising needs TypeScript. */
export const serializedProviders = join(import.meta.dirname, "serialized");

async function readOrSerialize(kind: string, provider: pulumi.dynamic.ResourceProvider): Promise<string> {
  const packed = await readFile(join(serializedProviders, `${kind}.js`), "utf8").catch(() => undefined);
  if (packed !== undefined) return packed;
  const file = cacheFolder("dynamic-providers", await codeHash(), `${kind}.js`);
  try {
    return await readFile(file, "utf8");
  } catch {
    const text = await serializeProvider(provider);
    await store(file, text).catch(() => undefined); // without a cache, the next run only takes longer
    return text;
  }
}

/** The text of a provider in the state. */
export async function serializeProvider(provider: pulumi.dynamic.ResourceProvider): Promise<string> {
  // The function has the form that it has in the SDK, so that the text is the same.
  const { text } = await pulumi.runtime.serializeFunction(() => provider, { allowSecrets: true });
  return text;
}

async function store(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomic(file, text);
}

let hash: Promise<string> | undefined;

/** A hash of all that decides how providers are serialised: their code and all that they may import, the SDK, and Node, which strips the types. */
function codeHash(): Promise<string> {
  const sdk = (createRequire(import.meta.url)("@pulumi/pulumi/package.json") as { version: string }).version;
  hash ??= Promise.all([sourceHash(join(import.meta.dirname, "..")), sourceHash(join(import.meta.dirname, "../../lib"))]).then((sources) =>
    [...sources, sdk, process.version].join("-"),
  );
  return hash;
}
