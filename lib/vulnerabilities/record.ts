import { createHash } from "node:crypto";
import { z } from "zod";
import { Level, type Finding } from "./finding.ts";
import type { GoReport } from "./govulncheck.ts";

/** What a deployment records about the vulnerabilities of a service, to compare the next one with. */
export const vulnerabilityRecord = z.object({
  /** Version of the database. */
  database: z.string(),
  /** IDs of reachable vulnerabilities. */
  reachable: z.array(z.string()),
  /** IDs of those in modules of the program that it does not call. */
  others: z.array(z.string()),
  /** The modules and their versions: eight digits of a hash of each. The names would be a hundred times as long. */
  modules: z.string(),
});
export type VulnerabilityRecord = z.infer<typeof vulnerabilityRecord>;

/** The records in the outputs of a stack, by service and job. */
export function recordsIn(outputs: Record<string, unknown>): Record<string, VulnerabilityRecord> {
  return z.record(z.string(), vulnerabilityRecord).catch({}).parse(outputs["vulnerabilities"]);
}

export function recordOf({ findings, modules }: GoReport, database: string): VulnerabilityRecord {
  const ids = (isReachable: boolean) => findings.filter(({ level }) => (level === Level.Reachable) === isReachable).map(({ id }) => id);
  return { database, reachable: ids(true), others: ids(false), modules: modules.map(short).join("") };
}

/** Where a vulnerability comes from. */
export const Cause = {
  /** The change makes it reachable. */
  Introduced: "introduced",
  /** It was reachable in the last deployment. */
  Existing: "existing",
  /** The program had the same module before, and the database did not know the vulnerability. */
  Published: "published",
  /** The last deployment has recorded nothing. */
  Unknown: "unknown",
} as const;
export type Cause = (typeof Cause)[keyof typeof Cause];

/**
 * Where a reachable vulnerability comes from.
 *
 * @param record of the last deployment. Undefined if it has recorded nothing.
 * @param isDeployed whether the service was part of it.
 */
export function causeOf(
  { id, module, version }: Pick<Finding, "id" | "module" | "version">,
  record: VulnerabilityRecord | undefined,
  isDeployed: boolean,
): Cause {
  if (record === undefined) return isDeployed ? Cause.Unknown : Cause.Introduced;
  if (record.reachable.includes(id)) return Cause.Existing;
  if (record.others.includes(id)) return Cause.Introduced;
  const known: string[] = record.modules.match(/.{8}/g) ?? [];
  return known.includes(short(`${module}@${version}`)) ? Cause.Published : Cause.Introduced;
}

function short(module: string): string {
  return createHash("sha256").update(module).digest("hex").slice(0, 8);
}
