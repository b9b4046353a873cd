import { realpathSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { registryOf } from "../../lib/docker-client.ts";
import { command } from "../../lib/command.ts";
import { registryAccesses } from "../../lib/registry-access.ts";
import type { Provenance } from "../../review/render/artifact.ts";
import type { Source } from "../../review/render/gitops.ts";
import { originOf } from "../history/origin.ts";

/** Where a controller gets an artifact from. */
export function ociSource({ repository, tag }: Reference): Source {
  const host = registryOf(`${repository}/x`);
  const plainHttp = registryAccesses()[host]?.plainHttp === true || /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host);
  return { kind: "oci", repository, tag, plainHttp };
}

/** Where a controller gets a folder of this checkout from: its remote repository, the branch, and the path in it. */
export async function gitSource(out: string): Promise<Source> {
  const [path, url, { commit }] = await Promise.all([pathInRepository(out), remoteUrl(), originOf()]);
  return { kind: "git", url: path === undefined ? undefined : url, branch: commit?.branch ?? "main", path: path ?? "." };
}

/**
 * Where the content of an artifact comes from, as far as git says. A checkout that differs from its commit has no revision.
 *
 * @param out Folder of the rendering, which is no difference.
 */
export async function provenanceOf(out: string): Promise<Provenance> {
  const path = await pathInRepository(out);
  const others = path === undefined || path === "." ? [] : [`:(top,exclude)${path}`];
  const [source, { commit }, created, changes] = await Promise.all([
    remoteUrl(),
    originOf(),
    git("log", "-1", "--format=%cI"),
    command("git", ["status", "--porcelain", "--", ":(top)", ...others], options).catch(() => "unknown"),
  ]);
  const isKnown = commit !== undefined && changes === "";
  return {
    ...(source && { source }),
    ...(isKnown && { revision: `${commit.branch ?? "HEAD"}@sha1:${commit.sha}` }),
    ...(isKnown && created && { created }),
  };
}

/** Path of a folder from the root of the repository. Undefined if it is in none. */
async function pathInRepository(folder: string): Promise<string | undefined> {
  const root = await git("rev-parse", "--show-toplevel");
  const path = root === undefined ? ".." : relative(root, realpathOf(resolve(folder)));
  return path === ".." || path.startsWith("../") ? undefined : path || ".";
}

/** `oci://ghcr.io/acme/shop-manifests:prod`, in parts. */
export interface Reference {
  repository: string;
  tag: string;
}

/** Reads the reference of an artifact by tag. Undefined if it has another form. */
export function parseReference(text: string): Reference | undefined {
  const [, repository, tag] =
    /^oci:\/\/((?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d+)?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+):(\w[\w.-]{0,127})$/.exec(text) ?? [];
  return repository === undefined || tag === undefined ? undefined : { repository, tag };
}

/** URL of the remote repository in a form that Flux and Argo CD take, without credentials. */
async function remoteUrl(): Promise<string | undefined> {
  const url = await git("remote", "get-url", "origin");
  return url === undefined ? undefined : withoutCredentials(url);
}

/** git@github.com:acme/shop.git is an URL for git only. */
export function withoutCredentials(url: string): string | undefined {
  const [, user, host, path] = /^(?:([^@/]+)@)?([^:/]+):(?!\/\/)(.+)$/.exec(url) ?? [];
  if (host !== undefined) return `ssh://${user === undefined ? "" : `${user}@`}${host}/${path}`;
  const parsed = URL.parse(url);
  if (parsed === null || !["https:", "http:", "ssh:"].includes(parsed.protocol)) return undefined;
  parsed.password = "";
  if (parsed.protocol !== "ssh:") parsed.username = "";
  return parsed.href;
}

const options = { timeoutSeconds: 10, env: { GIT_OPTIONAL_LOCKS: "0" } };

async function git(...args: string[]): Promise<string | undefined> {
  const text = await command("git", args, options).catch(() => "");
  return text.trim() || undefined;
}

/** The real path of a folder that may not exist yet. git prints real paths, too. */
function realpathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return join(realpathOf(dirname(path)), relative(dirname(path), path));
  }
}
