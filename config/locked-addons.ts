import { defaultVersion } from "../components/eks-versions.ts";
import { addonsOf } from "../components/eks-addon-names.ts";
import type { Problem } from "../lib/problem.ts";
import { isMap } from "../lib/property-path.ts";
import type { LockFile } from "./lock-file.ts";

/** The add-ons of a stack's EKS cluster whose version the stack file leaves open. */
export interface LockableAddons {
  /** The Kubernetes version that they are for. */
  kubernetes: string;
  names: string[];
}

/** What is looked up for the settings `eks`; undefined if they have no cluster. Settings of a wrong shape are reported elsewhere. */
export function lockableAddons(eks: unknown): LockableAddons | undefined {
  if (!isMap(eks) || eks["stack"] !== undefined) return undefined;
  const { version = defaultVersion, nodeGroups, addonVersions, containerInsights } = eks;
  const given = isMap(addonVersions) ? addonVersions : {};
  const names = addonsOf({ autoMode: nodeGroups === undefined, containerInsights: containerInsights === true });
  // YAML reads 1.36 as a number.
  return { kubernetes: String(version), names: names.filter((name) => !Object.hasOwn(given, name)) };
}

/** The add-ons without an entry for the Kubernetes version. */
export function unlockedAddons({ kubernetes, names }: LockableAddons, { addons }: LockFile): string[] {
  return names.filter((name) => !Object.hasOwn(addons, name) || addons[name]!.kubernetes !== kubernetes);
}

/**
 * Adds the versions in the lock file to `addonVersions` of the settings.
 *
 * @returns a problem if the lock file has versions for another Kubernetes version. Without any, EKS chooses them.
 */
export function useLockedAddons(eks: unknown, lockFile: LockFile, stack: string): Problem[] {
  const lockable = lockableAddons(eks);
  if (lockable === undefined || !isMap(eks)) return [];
  const { kubernetes, names } = lockable;
  const { file, addons } = lockFile;
  const locked = names.filter((name) => Object.hasOwn(addons, name));
  const [other] = locked.filter((name) => addons[name]!.kubernetes !== kubernetes);
  if (other !== undefined) {
    const message = `is "${kubernetes}", but ${file} has the version of ${other} for Kubernetes ${addons[other]!.kubernetes}. Run slipway lock --stack ${stack}`;
    return [{ path: ["eks", "version"], message }];
  }
  if (locked.length === 0) return [];
  const versions = Object.fromEntries(locked.map((name) => [name, addons[name]!.version]));
  eks["addonVersions"] = { ...versions, ...(eks["addonVersions"] as object | undefined) };
  return [];
}
