import { createRequire } from "node:module";
import "./slim-kubernetes-package.ts";

// The Pulumi SDK and two other packages load these at their start, but only need them for what Slipway rarely does. Without them the SDK starts
// in less than half of the time, and with 45 MB less memory. Import this file before the SDK.
const require = createRequire(import.meta.url);

/** Packages that are loaded on their first use, by the package that loads them. */
const lazy: Record<string, string[]> = {
  // To serialise functions; components/internal/dynamic-resource.ts caches the result. Without TypeScript, the SDK loads an old one that it contains.
  "@pulumi/pulumi": ["typescript", "@npmcli/arborist", "@pulumi/pulumi/vendor/typescript@3.8.3/typescript.js", "@pulumi/pulumi/automation"],
  // To talk to a registry.
  "@sigstore/oci": ["make-fetch-happen"],
  // To build images, with BuildKit or from a folder.
  dockerode: ["@grpc/proto-loader", "tar-fs"],
  // To reach a Docker host over SSH.
  "docker-modem": ["./ssh"],
};
for (const [user, names] of Object.entries(lazy)) for (const name of names) loadOnFirstUse(user, name);

/** Puts a stand-in into the cache of CommonJS modules (https://nodejs.org/api/modules.html#requirecache), which loads the package on its first use. */
function loadOnFirstUse(user: string, name: string): void {
  const found = find(user, name);
  if (found === undefined) return;
  const { path, requireFrom } = found;
  let loaded: Loaded | undefined;
  const load = () => {
    if (loaded === undefined) {
      delete require.cache[path];
      loaded = requireFrom(name) as Loaded;
    }
    return loaded;
  };
  // A package may be a function.
  const exports = new Proxy(() => {}, {
    // Compiled TypeScript copies the exports of a module without this mark, except of one that it imports by default.
    get: (_target, key) => (key === "__esModule" ? name !== "make-fetch-happen" : load()[key]),
    has: (_target, key) => key in load(),
    apply: (_target, _this, args) => load()(...(args as unknown[])),
  });
  const standIn: Partial<NodeJS.Module> = { id: path, filename: path, path, exports, loaded: true, children: [], paths: [] };
  require.cache[path] ??= standIn as NodeJS.Module;
}

type Loaded = Record<PropertyKey, unknown> & ((...args: unknown[]) => unknown);

/** Undefined if one of the packages is not installed. */
function find(user: string, name: string): { path: string; requireFrom: NodeJS.Require } | undefined {
  try {
    const requireFrom = createRequire(require.resolve(user));
    return { path: requireFrom.resolve(name), requireFrom };
  } catch {
    return undefined;
  }
}
