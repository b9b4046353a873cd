import type { KubernetesSettings } from "../config/schema/kubernetes.ts";
import { settingsIn, type Stack } from "../config/stack-file.ts";
import { UserError } from "../lib/user-error.ts";
import type { Engine } from "./engines.ts";

/** Type of the resource that records which cluster a stack is on. Its id is the UID of the namespace kube-system. */
const identityType = "pulumi-nodejs:dynamic/slipway:ClusterIdentity";

/**
 * An engine that first makes sure that the context still leads to the cluster that the stack is on, and that the deployer has the rights that
 * the stack needs there. The program checks the first too, but not before a refresh, and `down` does not run the program.
 */
export function onRecordedCluster(stack: Stack, engine: Engine): Engine {
  const check = async () => {
    const settings = settingsIn(stack, "kubernetes") as Partial<KubernetesSettings>;
    // The program reports it, together with what else is wrong.
    if (settings.context === undefined) return;
    const target: KubernetesSettings = { ...settings, context: settings.context };
    const [[recorded], { reach }] = await Promise.all([engine.idsOf(identityType), import("../platforms/kubernetes/target.ts")]);
    const reached = await reach(target);
    // Of a stack that is nowhere yet, the program reports it.
    if (typeof reached === "string" && recorded === undefined) return;
    if (typeof reached === "string") throw new UserError(`Stack "${stack.name}" cannot be reached:\n  - ${reached}`);
    rejectOtherCluster(stack.name, target, { recorded, found: reached.id });
    return { target, cluster: reached.cluster };
  };
  const checkRights = async () => {
    const checked = await check();
    if (checked) await (await import("./permissions.ts")).rejectMissingRights(stack, checked.target, checked.cluster);
  };
  return {
    ...engine,
    up: async () => (await checkRights(), engine.up()),
    preview: async () => (await checkRights(), engine.preview()),
    previewAsJson: async () => (await checkRights(), engine.previewAsJson()),
    down: async () => (await check(), engine.down()),
  };
}

/** @throws UserError if the cluster is another one than the recorded one, and not the one that the settings accept. */
function rejectOtherCluster(
  name: string,
  settings: KubernetesSettings,
  { recorded, found }: { recorded: string | undefined; found: string },
): void {
  if (recorded === undefined || found === recorded) return;
  if (found === settings.cluster) {
    // A refresh asks for it (components/internal/cluster-identity.ts).
    process.env["SLIPWAY_CLUSTER"] = found;
    return;
  }
  throw new UserError(
    `slipway:kubernetes.context: "${settings.context}" leads to another cluster (${found}) than the one that stack "${name}" is on (${recorded}). Nothing was changed. Correct the context, or set slipway:kubernetes.cluster to ${found} to move the stack there.`,
  );
}
