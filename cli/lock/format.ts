import { settingsNamespace } from "../../config/config-value.ts";
import { formatPath, type Path } from "../../lib/property-path.ts";
import type { Stack } from "../../config/stack-file.ts";
import type { LockChange, LockReport, LockResult } from "./lock.ts";

/** What changed in a lock file, a line for each service and add-on. */
export function formatChanges({ changes, addons }: Pick<LockResult, "changes" | "addons">): string {
  const rows = [
    ...changes.map((change) => [`${head(change)} ${change.service}`, change.image, contents(change)] as const),
    ...addons.map((change) => [`${head(change)} ${change.addon}`, `for Kubernetes ${change.kubernetes}`, betweenVersions(change)] as const),
  ];
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
  const [first, second] = [width(0), width(1)];
  return rows.map(([name, of, content]) => `${name.padEnd(first)}  ${of.padEnd(second)}  ${content}\n`).join("");
}

interface Change {
  before?: string;
  after?: string;
}

function head({ before, after }: Change): string {
  return before === undefined ? "+" : after === undefined ? "-" : "~";
}

function betweenVersions({ before, after }: Change): string {
  return before === after ? String(after) : [before, after].filter(Boolean).join(" → ");
}

function contents(change: LockChange): string {
  const { user } = change;
  return user === undefined ? betweenVersions(change) : `${betweenVersions(change)}, user ${user.name} is ${user.uid}:${user.gid}`;
}

/** Notes for a preview, a line for each. */
export function formatReport({ moved, deleted, openAddons }: LockReport, { name }: Pick<Stack, "name">): string[] {
  const pathOf = (root: string, service: string, at: Path) => `${settingsNamespace}:${formatPath([root, service, ...at])}`;
  const update = (service: string) => `slipway lock --update ${service} --stack ${name}`;
  return [
    ...moved.map(
      ({ service, root, at, image, before, after }) =>
        `${pathOf(root, service, at)}: the tag ${image} has moved: ${before} → ${after}. The stack keeps the locked digest. To use the new one: ${update(service)}`,
    ),
    ...deleted.map(
      ({ service, root, at, image, digest }) =>
        `${pathOf(root, service, at)}: the registry of ${image} no longer has the locked ${digest}. To use what the tag is now: ${update(service)}`,
    ),
    ...(openAddons
      ? [
          `${settingsNamespace}:eks.addonVersions: no version of ${openAddons.names.join(", ")}. EKS then installs its default and never updates it. To record the versions for Kubernetes ${openAddons.kubernetes}: slipway lock --stack ${name}`,
        ]
      : []),
  ];
}
