import { formatPath, type Path } from "../../lib/property-path.ts";
import type { Stack } from "../../config/stack-file.ts";
import type { LockChange, LockReport } from "./lock.ts";

/** What changed in a lock file, a line for each service. */
export function formatChanges(changes: LockChange[]): string {
  const width = (key: "service" | "image") => Math.max(...changes.map((change) => change[key].length));
  const [service, image] = [width("service"), width("image")];
  return changes
    .map((change) => `${head(change)} ${change.service.padEnd(service)}  ${change.image.padEnd(image)}  ${digests(change)}\n`)
    .join("");
}

function head({ before, after }: LockChange): string {
  return before === undefined ? "+" : after === undefined ? "-" : "~";
}

function digests({ before, after, user }: LockChange): string {
  const content = before === after ? after : [before, after].filter(Boolean).join(" → ");
  return user === undefined ? String(content) : `${content}, user ${user.name} is ${user.uid}:${user.gid}`;
}

/** Notes for a preview, a line for each. */
export function formatReport({ moved, deleted }: LockReport, { project, name }: Pick<Stack, "project" | "name">): string[] {
  const pathOf = (root: string, service: string, at: Path) => `${project}:${formatPath([root, service, ...at])}`;
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
  ];
}
