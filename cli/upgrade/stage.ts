import { constants, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
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
  if (root === project) {
    if (existsSync(lockFile)) cpSync(lockFile, join(folder, manager.lockFile));
    // What is the same in both versions is not downloaded again. Others than npm link packages from their own store, which is as fast.
    if (manager.name === "npm" && existsSync(join(project, "node_modules")))
      copyTree(join(project, "node_modules"), join(folder, "node_modules"));
  } else if (manager.name === "yarn") writeFileSync(join(folder, manager.lockFile), ""); // otherwise it belongs to the workspace above
  try {
    await command(manager.name, [...manager.install, ...manager.inStage], { cwd: folder });
  } catch (error) {
    throw new UserError(`Slipway ${target.version} cannot be installed. Nothing was changed.\n${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Copies a folder with its links as they are, and on file systems that can without copying data. */
export function copyTree(from: string, to: string): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true, mode: constants.COPYFILE_FICLONE });
}
