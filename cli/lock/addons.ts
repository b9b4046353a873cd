import type { EksSettings } from "../../config/schema/eks.ts";
import type { LockedAddon, LockFile } from "../../config/lock-file.ts";
import { lockableAddons, unlockedAddons, type LockableAddons } from "../../config/locked-addons.ts";
import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";
import { defaultAddonVersions } from "../../platforms/eks/addon-versions.ts";
import { awsMessage, awsQuery } from "../../platforms/eks/preflight/aws-cli.ts";

/** What changed in a lock file for an EKS add-on. */
export interface AddonChange {
  addon: string;
  /** The Kubernetes version that the add-on is for. */
  kubernetes: string;
  /** Versions of the add-on. Missing if there was or is no entry. */
  before?: string;
  after?: string;
}

/** The add-ons of a stack whose version the stack file leaves open; undefined if it creates no EKS cluster. */
export function addonsIn(stack: Stack): LockableAddons | undefined {
  return platformOf(stack) === "eks" ? lockableAddons(settingsIn(stack, "eks")) : undefined;
}

/**
 * Looks up the default versions of add-ons without an entry, and of those to update, and removes entries that the cluster does not have.
 *
 * @returns a note, and the entries as they were, if AWS cannot be asked.
 */
export async function lockAddons(
  stack: Stack,
  before: LockFile,
  update: string[],
): Promise<{ addons: LockFile["addons"]; changes: AddonChange[]; note?: string }> {
  const lockable = addonsIn(stack);
  const { kubernetes, names } = lockable ?? { kubernetes: "", names: [] };
  const kept = Object.fromEntries(Object.entries(before.addons).filter(([name]) => names.includes(name)));
  const open = lockable ? unlockedAddons(lockable, before) : [];
  const asked = names.filter((name) => open.includes(name) || update.includes(name));
  const found = await lookUp(stack, kubernetes, asked).catch((error: Error) => error);
  const note =
    found instanceof Error
      ? `The versions of EKS add-ons were not looked up, because AWS did not answer: ${awsMessage(found)}. Log in, and run slipway lock --stack ${stack.name}`
      : undefined;
  const addons = { ...kept, ...(found instanceof Error ? {} : found) };
  return { addons, changes: changesBetween(before.addons, addons), ...(note && { note }) };
}

async function lookUp(stack: Stack, kubernetes: string, names: string[]): Promise<Record<string, LockedAddon>> {
  const { region, profile } = settingsIn(stack, "eks") as Partial<EksSettings>;
  if (names.length === 0 || typeof region !== "string") return {};
  const versions = await defaultAddonVersions(awsQuery({ region, profile }), kubernetes, names);
  return Object.fromEntries(Object.entries(versions).map(([name, version]) => [name, { version, kubernetes }]));
}

function changesBetween(before: LockFile["addons"], after: LockFile["addons"]): AddonChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((addon): AddonChange[] => {
    const [old, now] = [before[addon], after[addon]];
    if (old?.version === now?.version && old?.kubernetes === now?.kubernetes) return [];
    const { kubernetes } = (now ?? old)!;
    return [{ addon, kubernetes, ...(old && { before: old.version }), ...(now && { after: now.version }) }];
  });
}
