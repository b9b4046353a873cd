import { existsSync } from "node:fs";
import { glob } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { command, succeeds } from "../../lib/command.ts";
import { goProgram } from "../../lib/go-program.ts";
import { UserError } from "../../lib/user-error.ts";

/** A Go module of the repository. Paths are absolute. */
export interface Module {
  path: string;
  folder: string;
}

/** A program: a main package, and what the source of its packages says. */
export interface Program extends Facts {
  module: Module;
  /** Folder of the main package. Absolute. */
  folder: string;
}

/** What go-facts prints about a program; see go-facts/main.go. */
export interface Facts {
  importPath: string;
  imports: string[];
  listens: { values: SourceValue[]; isHttp: boolean; at: string }[];
  routes: { path: string; at: string }[];
  env: { name: string; default?: string; isOptional: boolean; at: string }[];
  assets: { path: string; at: string }[];
  servers: string[];
  handlesSignals: boolean;
}

/** A text that an expression may have, with variables of the environment as `${NAME}`. */
export interface SourceValue {
  text: string;
  env?: string;
  /** Flag whose default the text is. */
  flag?: string;
}

/** Folders without modules of the repository. */
const ignored = /(^|\/)(node_modules|vendor|testdata|dist|[._][^/]*)(\/|$)/;

/**
 * The programs of all modules in a folder and below it.
 *
 * @throws UserError if there is no module or no program, or Go is missing or cannot read a module.
 */
export async function findPrograms(root: string): Promise<Program[]> {
  const hasGo = await succeeds("go", ["version"]);
  const folders = await moduleFolders(root, hasGo);
  if (folders.length === 0)
    throw new UserError(
      `${join(basename(root), "go.mod")}: does not exist, and neither does one in a folder below. Run slipway init in a Go repository, or create a module: go mod init example.org/${basename(root)}`,
    );
  if (!hasGo)
    throw new UserError("Go is not on the PATH. Slipway reads the source with it, and compiles it. Install Go: https://go.dev/doc/install");
  // Modules below one with programs are often its tools or examples.
  const ofRoot = folders.includes(root) && folders.length > 1 ? await programsIn([root], root) : [];
  const found = ofRoot.length > 0 ? ofRoot : await programsIn(folders, root);
  if (found.length === 0)
    throw new UserError(
      `${folders.map((folder) => join(relative(root, folder), "go.mod")).join(", ")}: no package main, so there is no program to deploy. Slipway deploys programs; run slipway init where their module is.`,
    );
  return found;
}

async function programsIn(folders: string[], root: string): Promise<Program[]> {
  const [facts, listed] = await Promise.all([goProgram(join(import.meta.dirname, "go-facts")), Promise.all(folders.map(listPackages))]);
  const packages = listed.flat();
  const input = { root, packages: packages.map(({ dir, importPath, files }) => ({ dir, importPath, files })) };
  const found = JSON.parse(await command(facts, [], { input: JSON.stringify(input) })) as Facts[];
  return found.map((facts) => {
    const { module, dir } = packages.find(({ importPath }) => importPath === facts.importPath)!;
    return { ...facts, module, folder: dir };
  });
}

/** Folders of the modules: those in go.work if there is one, otherwise all. */
async function moduleFolders(root: string, hasGo: boolean): Promise<string[]> {
  if (existsSync(join(root, "go.work")) && hasGo) {
    const { Use = [] } = JSON.parse(await command("go", ["work", "edit", "-json"], { cwd: root })) as { Use?: { DiskPath: string }[] };
    return Use.map(({ DiskPath }) => resolve(root, DiskPath));
  }
  const found: string[] = [];
  for await (const file of glob("**/go.mod", { cwd: root, exclude: (path) => ignored.test(path) }))
    if (!ignored.test(file)) found.push(dirname(join(root, file)));
  return found.sort();
}

interface ListedPackage {
  module: Module;
  dir: string;
  importPath: string;
  files: string[];
}

/** The packages of a module. The modules that it imports are not needed, and are only downloaded if Go cannot read it without them. */
async function listPackages(folder: string): Promise<ListedPackage[]> {
  const list = (env: Record<string, string>) =>
    command("go", ["list", "-e", "-find", "-json=Dir,ImportPath,GoFiles,CgoFiles,Module", "./..."], {
      cwd: folder,
      env: { CGO_ENABLED: "1", GOOS: "linux", ...env },
    });
  const output = await list({ GOPROXY: "off" }).catch(() =>
    list({}).catch((error: Error) => {
      throw new UserError(`${join(folder, "go.mod")}: Go cannot list the packages. Correct it, or run: go mod tidy\n${error.message}`);
    }),
  );
  const listed = JSON.parse(`[${output.replaceAll(/^\}\n\{/gm, "},\n{")}]`) as Listed[];
  return listed.flatMap(({ Dir, ImportPath, GoFiles = [], CgoFiles = [], Module }) =>
    Dir === undefined
      ? []
      : [{ module: { path: Module?.Path ?? ImportPath, folder }, dir: Dir, importPath: ImportPath, files: [...GoFiles, ...CgoFiles] }],
  );
}

interface Listed {
  Dir?: string;
  ImportPath: string;
  GoFiles?: string[];
  CgoFiles?: string[];
  Module?: { Path: string };
}
