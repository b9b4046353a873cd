import childProcess from "node:child_process";
import fs from "node:fs";
import nodeModule from "node:module";
import os from "node:os";
import path from "node:path";
import tls from "node:tls";
import ociName from "@sigstore/oci/dist/name.js";
import ociRegistry from "@sigstore/oci/dist/registry.js";

// Serialised with the providers in registry-push.ts: the comment at the head of that file applies here too.

/** A repository in a registry, and the credentials for it. */
export interface RegistryTarget {
  repository: string;
  username?: string;
  password?: string;
  /** Certificates of authorities in PEM form, trusted besides the usual ones. */
  ca?: string;
  /** Whether the registry has no TLS. */
  plainHttp?: boolean;
}

/** An image in the local blob store. */
export interface StoredImage {
  /** Path of the program that pushes. @default - Node.js does */
  client?: string;
  tag: string;
  digest: string;
  blobs: string;
}

/** Whether the registry has the tag or digest. Assumed if the registry rejects the credentials, such as an expired token. */
export async function isThere(inputs: RegistryTarget, reference: string): Promise<boolean> {
  try {
    if (inputs.plainHttp) return await isThereWithoutTls(inputs, reference);
    await (await connect(inputs, 0, 5000)).checkManifest(reference);
    return true;
  } catch (error) {
    return [401, 403].includes((error as { statusCode?: number }).statusCode ?? 0);
  }
}

/** Asks without the client, which uses TLS except for loopback addresses, and without the program, which another machine may not have. */
async function isThereWithoutTls(inputs: RegistryTarget, reference: string): Promise<boolean> {
  const { registry, path: repository } = ociName.parseImageName(inputs.repository);
  const login = inputs.username ? { username: inputs.username, password: inputs.password ?? "" } : storedCredentials(registry);
  const headers: Record<string, string> = {
    accept: "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json",
    ...(login && { authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}` }),
  };
  const signal = AbortSignal.timeout(5000);
  const { status } = await fetch(`http://${registry}/v2/${repository}/manifests/${reference}`, { method: "HEAD", headers, signal });
  return status === 200 || status === 401 || status === 403;
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
  await (inputs.client === undefined ? pushOnce(inputs) : pushWith(inputs.client, inputs)).catch(
    (error: Error & { statusCode?: number }) => {
      const login = [401, 403].includes(error.statusCode ?? 0)
        ? " Log in to the registry with slipway login or docker login, or set credentials that may push."
        : "";
      throw new Error(`${inputs.repository}: the push failed: ${error.message.replace(/\.$/, "")}.${login}`);
    },
  );
}

/** Pushes with the program lib/registry-client. */
function pushWith(client: string, inputs: RegistryTarget & StoredImage): Promise<void> {
  const { repository, tag, digest, blobs, username, password, ca, plainHttp } = inputs;
  const registries = { [ociName.parseImageName(repository).registry]: { username, password, ca, plainHttp } };
  return new Promise((done, failed) => {
    const child = childProcess.execFile(client, (error, stdout) => {
      if (error) return failed(new Error(error.message));
      const { problem, message } = JSON.parse(stdout) as { problem?: string; message?: string };
      if (problem === undefined) done();
      else failed(Object.assign(new Error(message), { statusCode: problem === "unauthorized" ? 401 : undefined }));
    });
    child.stdin!.on("error", () => {}); // a program that ends without reading it
    child.stdin!.end(JSON.stringify({ push: { repository, tag, digest, blobs }, registries }));
  });
}

/** What is attached to an image, by a module that is loaded by its path: it needs more code than a provider should have. */
export interface Attaching {
  attest?: { module: string; request: string };
}

/** Prepares the attestations of an image, which takes a while. Returns a function that attaches them, once the image is in the registry. */
export function attaching(inputs: RegistryTarget & Pick<StoredImage, "digest"> & Partial<StoredImage> & Attaching): () => Promise<unknown> {
  if (!inputs.attest) return async () => {};
  const { module, request } = inputs.attest;
  return nodeModule.createRequire(module)(module).attestingPush(inputs, request);
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
  const client = new ociRegistry.RegistryClient(host, repository, {
    retry,
    timeout,
    proxy: undefined,
    noProxy: undefined,
    ...trust(registry, inputs.ca),
  });
  const credentials = inputs.username ? { username: inputs.username, password: inputs.password ?? "" } : storedCredentials(registry);
  // A registry without authentication sends no challenge, and signIn fails.
  if (credentials)
    await client.signIn(credentials).catch((error: Error) => /^Invalid challenge: $/.test(error.message) || Promise.reject(error));
  return client;
}

/** The authorities that are trusted, if there are others than usual: those given, and those of the Docker Engine for the registry. */
function trust(registry: string, given: string | undefined): { ca?: string[] } {
  // https://docs.docker.com/engine/security/certificates/
  const folder = path.join("/etc/docker/certs.d", registry);
  const files = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith(".crt")) : [];
  const added = [...(given ? [given] : []), ...files.map((name) => fs.readFileSync(path.join(folder, name), "utf8"))];
  return added.length > 0 ? { ca: [...tls.getCACertificates("default"), ...added] } : {};
}

/**
 * Credentials as the Docker CLI finds them: in the variable DOCKER_AUTH_CONFIG, with the credential helper for the registry, with the default
 * helper, or in the configuration file.
 */
export function storedCredentials(registry: string): { username: string; password: string } | undefined {
  const keys = registry === "docker.io" ? ["https://index.docker.io/v1/", "docker.io"] : [registry, `https://${registry}`];
  return credentialsOfVariable(keys) ?? credentialsOfDocker(keys);
}

function credentialsOfVariable(keys: string[]): { username: string; password: string } | undefined {
  try {
    return credentialsIn(JSON.parse(process.env["DOCKER_AUTH_CONFIG"] || "{}"), keys);
  } catch {
    return undefined; // Docker ignores what is no JSON, and the error would show a part of it
  }
}

function credentialsOfDocker(keys: string[]): { username: string; password: string } | undefined {
  const file = path.join(process.env["DOCKER_CONFIG"] || path.join(os.homedir(), ".docker"), "config.json");
  if (!fs.existsSync(file)) return undefined;
  const config = JSON.parse(fs.readFileSync(file, "utf8"));
  const helper = keys.map((key) => config.credHelpers?.[key]).find(Boolean) ?? config.credsStore;
  if (helper) {
    const answer = childProcess.spawnSync(`docker-credential-${helper}`, ["get"], { input: keys[0], encoding: "utf8" });
    if (answer.status !== 0) return undefined; // the helper has no credentials for this registry
    const { Username, Secret } = JSON.parse(answer.stdout);
    return { username: Username, password: Secret };
  }
  return credentialsIn(config, keys);
}

function credentialsIn(
  config: { auths?: Record<string, { auth?: string; identitytoken?: string }> },
  keys: string[],
): { username: string; password: string } | undefined {
  const stored = keys.map((key) => config.auths?.[key]).find(Boolean);
  if (!stored?.auth) return undefined;
  const [username = "", ...rest] = Buffer.from(stored.auth, "base64").toString().split(":");
  return { username, password: stored.identitytoken ?? rest.join(":") };
}
