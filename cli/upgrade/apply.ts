import { cpSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { command } from "../../lib/command.ts";
import { UserError } from "../../lib/user-error.ts";
import { writeAll, type Change } from "../init/changes.ts";
import { forget, keep, restore } from "./backup.ts";
import type { Installation } from "./package-manager.ts";
import { linkPackages } from "./stage.ts";

export interface Application {
  project: string;
  installation: Installation;
  /** Folder of the upgrade, in the same file system as the project. */
  work: string;
  /** The staged packages, whose node_modules become the project's. */
  stage: string;
  /** The version that must be installed in the end. */
  version: string;
  /** package.json with the exact version, which is installed. */
  exactPackage: string;
  /** package.json, and the stack files. */
  changes: Change[];
  /** A tarball that is copied into the project. @default - none */
  tarball?: { from: string; to: string };
  /** Whether package.json names the same tarball as before, which has other contents now. @default false */
  isSameSpec?: boolean;
}

/**
 * Writes an upgrade: files, and what the package manager installs. If anything fails, all of it is as before, byte for byte.
 *
 * @throws UserError if a file has changed since the upgrade was planned, or the package manager fails.
 */
export async function applyUpgrade(application: Application): Promise<void> {
  const { project, installation, work, changes, tarball } = application;
  for (const { path, before } of changes)
    if (readIfExists(path) !== before)
      throw new UserError(`${path}: has changed since the upgrade was planned. Nothing was changed; run slipway upgrade again.`);
  const { manager, root } = installation;
  const ignoreInterrupt = () => {}; // the package manager gets it, too, and fails
  process.on("SIGINT", ignoreInterrupt);
  try {
    const files = [...changes.map(({ path }) => join(project, path)), join(root, manager.lockFile), ...(tarball ? [tarball.to] : [])];
    const folders = [...new Set([root, project])].map((folder) => join(folder, "node_modules"));
    const moved = keep(work, files, folders);
    await install(application, moved);
    forget(work);
  } catch (error) {
    restore(work);
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`The upgrade failed, and all files and node_modules are as before:\n${error.message}`, { cause: error });
  } finally {
    process.off("SIGINT", ignoreInterrupt);
  }
}

async function install(application: Application, moved: { path: string; kept: string }[]): Promise<void> {
  const { project, installation, stage, version, exactPackage, changes, tarball, isSameSpec } = application;
  const { manager, root } = installation;
  const lockFile = join(root, manager.lockFile);
  // With npm, only what the new version and the project's own paths and scripts change is left to do. Others are as fast from their store.
  if (manager.name === "npm" && root === project) renameSync(join(stage, "node_modules"), join(project, "node_modules"));
  else if (manager.name === "npm") for (const { path, kept } of moved) linkPackages(kept, path);
  if (tarball) cpSync(tarball.from, tarball.to);
  if (isSameSpec && manager.name === "npm" && existsSync(lockFile)) writeFileSync(lockFile, withoutSlipway(readFileSync(lockFile, "utf8")));
  writeAll(changes);
  const file = join(project, "package.json");
  const wanted = readFileSync(file, "utf8");
  // A range such as ^1.2.3 would install the newest version that matches, which is not the one that was shown.
  const isExact = wanted === exactPackage || manager.lock === undefined;
  if (!isExact) writeFileSync(file, exactPackage);
  await command(manager.name, manager.install, { cwd: root });
  if (!isExact) {
    writeFileSync(file, wanted);
    await command(manager.name, manager.lock!, { cwd: root });
  }
  const installed = installedVersion(project);
  if (installed !== version) throw new UserError(`${manager.name} installed Slipway ${installed ?? "nowhere"} instead of ${version}.`);
}

/** A lock file of npm without the digest of Slipway's tarball, which has changed. */
function withoutSlipway(text: string): string {
  const lock = JSON.parse(text) as { packages?: Record<string, unknown> };
  delete lock.packages?.["node_modules/slipway"];
  return `${JSON.stringify(lock, null, 2)}\n`;
}

function readIfExists(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** The version of Slipway that a program in a folder imports; undefined if there is none. */
export function installedVersion(folder: string): string | undefined {
  const file = join(folder, "node_modules/slipway/package.json");
  if (existsSync(file)) return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  return dirname(folder) === folder ? undefined : installedVersion(dirname(folder));
}
