import { baselineCapabilities, SecurityLevel } from "../../../../lib/security-level.ts";
import type { WebServiceArgs } from "../../../web-service-args.ts";
import { problemWithNumber, type Report } from "../../../../lib/problem.ts";

/** IDs are 32-bit numbers, and the last two are reserved. */
const maxId = 2 ** 31 - 1;

const asBaseline = `security.level: ${SecurityLevel.Baseline} with a reason`;

export function checkSecurity(args: WebServiceArgs, report: Report): void {
  const { security = {} } = args;
  const isBaseline = security.level === SecurityLevel.Baseline;
  checkUser(args, isBaseline, report);
  const { reason, capabilities = [], readOnlyRootFilesystem } = security;
  report(
    ["security", "reason"],
    isBaseline
      ? !reason?.trim() && "is required at level baseline. Say why the service needs it; the scorecard and the report show it"
      : reason !== undefined && "requires security.level: baseline. Set it, or remove the reason",
  );
  report(
    ["security", "readOnlyRootFilesystem"],
    !isBaseline &&
      readOnlyRootFilesystem === false &&
      `requires ${asBaseline}. Set it, or mount a volume for each folder the program writes to`,
  );
  report(
    ["security", "capabilities"],
    !isBaseline && capabilities.length > 0 && `requires ${asBaseline}. Set it, or remove the capabilities; ports below 1024 need none`,
  );
  for (const [i, capability] of capabilities.entries()) {
    report(
      ["security", "capabilities", i],
      !baselineCapabilities.includes(capability) &&
        `must be one of ${baselineCapabilities.join(", ")} (got "${capability}"). ${remedyFor(capability)}`,
    );
    report(["security", "capabilities", i], capabilities.indexOf(capability) < i && `repeats "${capability}". Remove it`);
  }
}

function remedyFor(capability: string): string {
  const bare = capability.toUpperCase().replace(/^CAP_/, "");
  return baselineCapabilities.includes(bare) ? `Write ${bare}` : "Remove it: with others, a program can take over its node";
}

function checkUser({ user, group, assignedIds }: WebServiceArgs, isBaseline: boolean, report: Report): void {
  for (const [key, id] of Object.entries({ user, group }))
    report([key], problemWithNumber(id, 0) ?? (id !== undefined && id > maxId && `must be at most ${maxId} (got ${id})`));
  report(["user"], user === 0 && !isBaseline && `must not be 0, which is root. Set a user ID of the image, or ${asBaseline}`);
  for (const [key, id] of Object.entries({ user, group }))
    report([key], assignedIds && id !== undefined && "must be omitted, because the cluster assigns it (assignedIds). Remove one of them");
  report(
    ["security", "level"],
    assignedIds && isBaseline && "must be restricted, because the cluster assigns the user (assignedIds). Remove one of them",
  );
  report(["group"], group !== undefined && user === undefined && isBaseline && "requires user. Set it");
}
