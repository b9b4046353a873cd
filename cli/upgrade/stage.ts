import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { command } from "../../lib/command.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Installation } from "./package-manager.ts";
import { stagedPackage } from "./package-json.ts";
import type { Target } from "./target.ts";

/**
 * Installs the packages of the project with the new version into a folder of its own.
 *
 * @throws UserError if that fails.
 */
export async function stagePackages(folder: string, project: string, { manager, root }: Installation, target: Target): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const absolute = (path: string) => resolve(project, path);
  const spec = target.tarball === undefined ? target.version : `file:${target.tarball}`;
  writeFileSync(join(folder, "package.json"), stagedPackage(readFileSync(join(project, "package.json"), "utf8"), spec, absolute));
  // Configuration may have credentials, so it is not copied.
  for (const file of manager.configuration) {
    const source = [project, root].map((one) => join(one, file)).find((path) => existsSync(path));
    if (source !== undefined) symlinkSync(source, join(folder, file));
  }
  const lockFile = join(root, manager.lockFile);
  if (root === project && existsSync(lockFile)) copyFileSync(lockFile, join(folder, manager.lockFile));
  // Otherwise Yarn takes the folder for a part of the workspace above it.
  if (root !== project && manager.name === "yarn") writeFileSync(join(folder, manager.lockFile), "");
  // What is the same in both versions is not downloaded again. Others than npm link packages from their own store, which is as fast.
  if (manager.name === "npm" && existsSync(join(root, "node_modules")))
    linkPackages(join(root, "node_modules"), join(folder, "node_modules"));
  try {
    await command(manager.name, [...manager.install, ...manager.inStage], { cwd: folder });
  } catch (error) {
    throw new UserError(`Slipway ${target.version} cannot be installed. Nothing was changed.\n${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * Copies installed packages without copying data: npm replaces the files of a package that it changes, and never writes into them.
 *
 * @param from folder node_modules.
 */
export function linkPackages(from: string, to: string): void {
  linkTree(from, to);
  // The one file that npm writes again. It trusts this record of what is installed only if no folder is newer.
  const record = ".package-lock.json";
  if (!existsSync(join(from, record))) return;
  rmSync(join(to, record));
  writeFileSync(join(to, record), readFileSync(join(from, record)));
}

function linkTree(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else linkFile(source, target);
  }
}

function linkFile(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to); // a file system without hard links
  }
}
