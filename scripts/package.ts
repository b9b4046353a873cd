import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { dynamic } from "@pulumi/pulumi";
import { command } from "../lib/command.ts";
import { step } from "../lib/progress.ts";

type ResourceProvider = dynamic.ResourceProvider;

/** The folder with the npm package, which is built from the sources: the same files, with JavaScript instead of TypeScript. */
export const packageFolder = "dist";

/** Folders of the package. */
const folders = ["cli", "components", "config", "engine", "lib", "platforms", "review", "setup"];

/** Files of the package besides the folders. */
const files = ["LICENSE", "README.md", "CHANGELOG.md", "stacks/schema.json"];

/** Sources of modules that build images. The tags of the images contain a hash of them. */
const imageSources = ["setup/node-image.ts", "setup/proxy-image.ts", "setup/registry-image.ts"];

/** Builds the npm package. It can then be published, or packed with `npm pack ./dist`. */
export async function buildPackage(): Promise<void> {
  rmSync(packageFolder, { recursive: true, force: true });
  const compile = (project: string, ...options: string[]) =>
    command(process.execPath, ["node_modules/typescript-native/bin/tsc", "--project", project, ...options], { lines: Infinity });
  await compile("tsconfig.package.json");
  // The page of the dashboard runs in a browser, so it has other types.
  await compile(
    "cli/dashboard/page",
    "--noEmit",
    "false",
    "--rewriteRelativeImportExtensions",
    "--rootDir",
    ".",
    "--outDir",
    packageFolder,
  );
  const tracked = (await command("git", ["ls-files", "--cached", "--others", "--exclude-standard", ...folders])).trim().split("\n");
  const isNeeded = (file: string) => imageSources.includes(file) || !/\.ts$|_test\.go$|with-node\.sh$|tsconfig\.json$/.test(file);
  const assets = tracked.filter(isNeeded);
  for (const file of [...assets, ...files]) copy(file);
  cpSync(".node-version", join(packageFolder, "node-version"));
  chmodSync(join(packageFolder, "cli/start.cjs"), 0o755);
  await serializeProviders(join(packageFolder, "components/internal"));
  writeFileSync(join(packageFolder, "package.json"), `${JSON.stringify(await packageDescription(), null, 2)}\n`);
}

/** Writes the providers of all dynamic resources as the state has them. */
async function serializeProviders(folder: string): Promise<void> {
  const { serializeProvider, serializedProviders } = await load<typeof import("../components/internal/dynamic-resource.ts")>(
    join(folder, "dynamic-resource.js"),
  );
  mkdirSync(serializedProviders, { recursive: true });
  for await (const file of glob(join(folder, "*.js"))) {
    const source = readFileSync(file, "utf8");
    if (!source.includes(" extends DynamicResource")) continue;
    const module = await load<Record<string, ResourceProvider>>(file);
    for (const [, kind, provider] of source.matchAll(/super\("(\w+)", (\w+), name/g))
      writeFileSync(join(serializedProviders, `${kind}.js`), await serializeProvider(module[provider!]!));
  }
}

function load<T>(file: string): Promise<T> {
  return import(pathToFileURL(file).href) as Promise<T>;
}

/** Copies a file. JavaScript that imports TypeScript imports what it is compiled to. */
function copy(file: string): void {
  const to = join(packageFolder, file);
  mkdirSync(dirname(to), { recursive: true });
  const imported = /(?<=from "|import "|import\(")(\.[^"]*)\.ts(?=")/g;
  if (/\.c?js$/.test(file)) writeFileSync(to, readFileSync(file, "utf8").replaceAll(imported, "$1.js"));
  else cpSync(file, to);
}

interface PackageDescription {
  dependencies: Record<string, string>;
  exports: Record<string, string>;
}

/** The package.json of the package: that of the sources, without what only the sources need. */
async function packageDescription(): Promise<object> {
  const source = JSON.parse(readFileSync("package.json", "utf8")) as PackageDescription & Record<string, unknown>;
  const {
    private: _private,
    scripts: _scripts,
    workspaces: _workspaces,
    devDependencies: _development,
    exports,
    dependencies,
    ...rest
  } = source;
  const compiled = Object.entries(exports).map(([path, file]) => {
    if (!file.endsWith(".ts")) return [path, file];
    const base = file.replace(/\.ts$/, "");
    return [path, { types: `${base}.d.ts`, default: `${base}.js` }];
  });
  // A program that has the SDK itself must share it with the package: a newer one then serves both.
  const shared = Object.entries(dependencies).map(([name, version]) => [name, name.startsWith("@pulumi/") ? `^${version}` : version]);
  return { ...rest, bin: { slipway: "cli/start.cjs" }, exports: Object.fromEntries(compiled), dependencies: Object.fromEntries(shared) };
}

/** Packs the package into a folder. Returns the path of the tarball. */
export async function packPackage(folder: string): Promise<string> {
  const output = await command("npm", ["pack", `./${packageFolder}`, "--json", "--pack-destination", folder]);
  const [{ filename }] = JSON.parse(output) as [{ filename: string }];
  return join(folder, filename);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await step("build the npm package", buildPackage, { always: true });
  process.stdout.write(`${await packPackage(".")}\n`);
}
