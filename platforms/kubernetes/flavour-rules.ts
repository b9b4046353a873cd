import { Flavour, type KubernetesSettings } from "../../config/schema/kubernetes.ts";
import type { Jobs, Services } from "../../config/settings.ts";
import { collect, type Problem } from "../../lib/problem.ts";
import { SecurityLevel } from "../../lib/security-level.ts";
import { assignsIds } from "./flavour-effects.ts";

/** What is wrong with services and jobs on a cluster of a flavour. */
export function problemsWithFlavour(
  settings: Pick<KubernetesSettings, "userIds">,
  flavour: Flavour,
  { services, jobs }: { services: Services; jobs: Jobs },
): Problem[] {
  if (!assignsIds(settings, flavour)) return [];
  const remedy =
    "Remove it and let the image run with any user, or set kubernetes.userIds: fixed and have an administrator grant the ServiceAccount a security context constraint such as nonroot-v2";
  const asRoot =
    "Set restricted, or set kubernetes.userIds: fixed and have an administrator grant the ServiceAccount a security context constraint such as anyuid";
  return collect((report) => {
    for (const [root, all] of Object.entries({ services, jobs }))
      for (const [name, { user, group, security }] of Object.entries(all)) {
        for (const [key, id] of Object.entries({ user, group }))
          report(
            [root, name, key],
            id !== undefined && `must be omitted, because the cluster assigns the IDs of pods (got ${id}). ${remedy}`,
          );
        report(
          [root, name, "security", "level"],
          security?.level === SecurityLevel.Baseline && `must not be baseline, because the cluster assigns the user of pods. ${asRoot}`,
        );
      }
  });
}
