import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../../lib/user-error.ts";

/** How a package manager does what an upgrade needs. All of them read the user's configuration, such as the registry in .npmrc. */
export interface PackageManager {
  name: "npm" | "pnpm" | "yarn";
  lockFile: string;
  /** Prints the version and the engines of a package in the registry as JSON. */
  view: (spec: string) => string[];
  /** Installs what package.json says, and updates the lock file. */
  install: string[];
  /** Further arguments of an install in the folder of the upgrade, which is below the project but not a part of it. */
  inStage: string[];
  /** Updates only the lock file. @default - not possible */
  lock?: string[];
  /** Files of the project that configure it, besides package.json. */
  configuration: string[];
}

const npm: PackageManager = {
  name: "npm",
  lockFile: "package-lock.json",
  view: (spec) => ["view", spec, "version", "engines", "--json"],
  install: ["install", "--no-audit", "--no-fund", "--loglevel=error"],
  inStage: [],
  lock: ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
  configuration: [".npmrc"],
};

const pnpm: PackageManager = {
  name: "pnpm",
  lockFile: "pnpm-lock.yaml",
  view: (spec) => ["view", spec, "version", "engines", "--json"],
  install: ["install", "--no-frozen-lockfile", "--reporter=append-only"],
  inStage: ["--ignore-workspace"],
  lock: ["install", "--lockfile-only", "--ignore-scripts"],
  configuration: [".npmrc", ".pnpmfile.cjs"],
};

/** Yarn 1. */
const classicYarn: PackageManager = {
  name: "yarn",
  lockFile: "yarn.lock",
  view: (spec) => ["info", spec, "--json"],
  install: ["install", "--non-interactive"],
  inStage: [],
  configuration: [".npmrc", ".yarnrc"],
};

/** Yarn 2 and later. */
const yarn: PackageManager = {
  name: "yarn",
  lockFile: "yarn.lock",
  view: (spec) => ["npm", "info", spec, "--fields", "version,engines", "--json"],
  install: ["install", "--no-immutable"],
  inStage: [],
  lock: ["install", "--no-immutable", "--mode=update-lockfile"],
  configuration: [".yarnrc.yml", ".yarn"],
};

/** A project's package manager, and where it installs. */
export interface Installation {
  manager: PackageManager;
  /** The folder of the lock file and of node_modules: the project's, or that of the workspace above it. */
  root: string;
}

/**
 * The package manager of a project: that of the lock file, in the project or above it, otherwise the one that package.json names, otherwise npm.
 *
 * @throws UserError if it is another one, or Yarn without node_modules.
 */
export function packageManagerOf(project: string): Installation {
  for (let folder = project; ; folder = dirname(folder)) {
    const isProject = folder === project;
    const manager = managerIn(folder);
    if (manager && (isProject || hasWorkspaces(folder))) return { manager, root: folder };
    if (existsSync(join(folder, ".git")) || dirname(folder) === folder) return { manager: npm, root: project };
  }
}

function managerIn(folder: string): PackageManager | undefined {
  const has = (file: string) => existsSync(join(folder, file));
  const { packageManager } = descriptionIn(folder);
  const [, named, major] = /^(\w+)@(\d+)/.exec(typeof packageManager === "string" ? packageManager : "") ?? [];
  if (named === "bun" || has("bun.lock") || has("bun.lockb"))
    throw new UserError(`${folder}: is installed with bun, which slipway upgrade cannot use. Run: bun update slipway, then slipway check`);
  if (has("pnpm-lock.yaml") || named === "pnpm") return pnpm;
  if (has("yarn.lock") || named === "yarn") {
    if (has(".pnp.cjs"))
      throw new UserError(
        `${folder}: is installed with Yarn Plug'n'Play, and Slipway needs node_modules. Set nodeLinker: node-modules in .yarnrc.yml.`,
      );
    return has(".yarnrc.yml") || Number(major) > 1 ? yarn : classicYarn;
  }
  return has("package-lock.json") || named === "npm" ? npm : undefined;
}

function hasWorkspaces(folder: string): boolean {
  return descriptionIn(folder)["workspaces"] !== undefined || existsSync(join(folder, "pnpm-workspace.yaml"));
}

function descriptionIn(folder: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
  } catch {
    return {}; // missing, or reported by whoever needs it
  }
}
