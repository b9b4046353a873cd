import childProcess from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import ociName from "@sigstore/oci/dist/name.js";
import ociRegistry from "@sigstore/oci/dist/registry.js";

// Serialised with the providers in registry-push.ts: the comment at the head of that file applies here too.

/** A repository in a registry, and the credentials for it. */
export interface RegistryTarget {
  repository: string;
  username?: string;
  password?: string;
}

/** An image in the local blob store. */
export interface StoredImage {
  tag: string;
  digest: string;
  blobs: string;
}

/** Whether the registry has the tag or digest. Assumed if the registry rejects the credentials, such as an expired token. */
export async function isThere(inputs: RegistryTarget, reference: string): Promise<boolean> {
  try {
    await (await connect(inputs, 0, 5000)).checkManifest(reference);
    return true;
  } catch (error) {
    return [401, 403].includes((error as { statusCode?: number }).statusCode ?? 0);
  }
}

/** The digest of a tag; undefined if the registry does not have the tag or does not answer. */
export async function digestIn(inputs: RegistryTarget, tag: string): Promise<string | undefined> {
  return connect(inputs, 0, 5000)
    .then((client) => client.checkManifest(tag))
    .then(
      ({ digest }) => digest,
      () => undefined,
    );
}

/** Pushes an image with its manifests and layers, unless its tag exists with the same digest. */
export async function push(inputs: RegistryTarget & StoredImage): Promise<void> {
  await pushOnce(inputs).catch((error: Error & { statusCode?: number }) => {
    const login = [401, 403].includes(error.statusCode ?? 0)
      ? " Log in to the registry with docker login, or set credentials that may push."
      : "";
    throw new Error(`${inputs.repository}: the push failed: ${error.message}.${login}`);
  });
}

async function pushOnce(inputs: RegistryTarget & StoredImage): Promise<void> {
  const client = await connect(inputs, 3);
  const blob = (digest: string) => fs.readFileSync(path.join(inputs.blobs, digest.replace(":", "/")));
  const pushManifest = async (digest: string, reference?: string): Promise<void> => {
    const text = blob(digest).toString();
    const manifest = JSON.parse(text);
    for (const child of manifest.manifests ?? []) await pushManifest(child.digest);
    const content = manifest.layers ? [manifest.config, ...manifest.layers] : [];
    await Promise.all(content.map((c: { digest: string }) => client.uploadBlob(blob(c.digest))));
    await client.uploadManifest(text, { mediaType: manifest.mediaType, reference });
  };
  // Registries with immutable tags reject a push of an existing tag, even with the same digest.
  const tagged = await client.checkManifest(inputs.tag).catch(() => undefined);
  if (tagged?.digest !== inputs.digest) await pushManifest(inputs.digest, inputs.tag);
}

async function connect(inputs: RegistryTarget, retry: number, timeout?: number) {
  const { registry, path: repository } = ociName.parseImageName(inputs.repository);
  const host = registry === "docker.io" ? "index.docker.io" : registry;
  const client = new ociRegistry.RegistryClient(host, repository, { retry, timeout, proxy: undefined, noProxy: undefined });
  const credentials = inputs.username ? { username: inputs.username, password: inputs.password ?? "" } : storedCredentials(registry);
  // A registry without authentication sends no challenge, and signIn fails.
  if (credentials)
    await client.signIn(credentials).catch((error: Error) => /^Invalid challenge: $/.test(error.message) || Promise.reject(error));
  return client;
}

/** Credentials stored by `docker login`: from the credential helper for the registry, the default helper, or the configuration file. */
export function storedCredentials(registry: string): { username: string; password: string } | undefined {
  const file = path.join(process.env["DOCKER_CONFIG"] || path.join(os.homedir(), ".docker"), "config.json");
  if (!fs.existsSync(file)) return undefined;
  const config = JSON.parse(fs.readFileSync(file, "utf8"));
  const keys = registry === "docker.io" ? ["https://index.docker.io/v1/", "docker.io"] : [registry, `https://${registry}`];
  const helper = keys.map((key) => config.credHelpers?.[key]).find(Boolean) ?? config.credsStore;
  if (helper) {
    const answer = childProcess.spawnSync(`docker-credential-${helper}`, ["get"], { input: keys[0], encoding: "utf8" });
    if (answer.status !== 0) return undefined; // the helper has no credentials for this registry
    const { Username, Secret } = JSON.parse(answer.stdout);
    return { username: Username, password: Secret };
  }
  const stored = keys.map((key) => config.auths?.[key]).find(Boolean);
  if (!stored?.auth) return undefined;
  const [username = "", ...rest] = Buffer.from(stored.auth, "base64").toString().split(":");
  return { username, password: stored.identitytoken ?? rest.join(":") };
}
