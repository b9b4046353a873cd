import { StateLocation, type KubernetesSettings } from "../config/schema/kubernetes.ts";
import type { Stack } from "../config/stack-file.ts";
import { UserError } from "../lib/user-error.ts";
import type { Engine } from "./engines.ts";
import { clusterSettingsOf, forgetCluster, lastCluster, reachOnce, recordCluster } from "./state/stores.ts";

/** Type of the resource that records which cluster a stack is on. Its id is the UID of the namespace kube-system. */
const identityType = "pulumi-nodejs:dynamic/slipway:ClusterIdentity";

/**
 * An engine that first makes sure that the context still leads to the cluster that the stack is on, and that the deployer has the rights that
 * the stack needs there. The program checks the first too, but not before a refresh, and `down` does not run the program.
 */
export function onRecordedCluster(stack: Stack, engine: Engine): Engine {
  // A state in the cluster cannot say that it is the wrong cluster, so this checkout remembers the right one.
  const settings = clusterSettingsOf(stack);
  const remembers = engine.isEmbedded && settings?.state !== StateLocation.File;
  const recordedCluster = async () => (remembers ? lastCluster(stack) : (await engine.idsOf(identityType))[0]);
  const check = async () => {
    // The program reports it, together with what else is wrong.
    if (settings === undefined) return;
    const [recorded, reached] = await Promise.all([recordedCluster(), reachOnce(stack, settings)]);
    // Of a stack that is nowhere yet, the program reports it.
    if (typeof reached === "string" && recorded === undefined && !remembers) return;
    if (typeof reached === "string") throw new UserError(`Stack "${stack.name}" cannot be reached:\n  - ${reached}`);
    rejectOtherCluster(stack.name, settings, { recorded, found: reached.id });
    return { settings, ...reached };
  };
  const checkKnown = async () => {
    if (settings === undefined)
      throw new UserError(`slipway:kubernetes: is invalid, so nobody knows where the stack is. Run slipway check --stack ${stack.name}`);
    return check();
  };
  const checkRights = async () => {
    const checked = await check();
    if (checked) await (await import("./permissions.ts")).rejectMissingRights(stack, checked.settings, checked.cluster);
    return checked;
  };
  return {
    ...engine,
    async up(command) {
      const checked = await checkRights();
      if (checked && remembers) recordCluster(stack, checked.id);
      return engine.up(command);
    },
    preview: async () => (await checkRights(), engine.preview()),
    previewAsJson: async () => (await checkRights(), engine.previewAsJson()),
    // Those of a stack with the same name on another cluster are not those of this one.
    async deployments() {
      if (remembers) await check();
      return engine.deployments();
    },
    checkPlace: async () => void (await checkKnown()),
    drift: async () => (await checkKnown(), engine.drift()),
    restoreDrift: async (approve) => (await checkKnown(), engine.restoreDrift(approve)),
    async down() {
      await checkKnown();
      const succeeded = await engine.down();
      if (succeeded) forgetCluster(stack);
      return succeeded;
    },
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
