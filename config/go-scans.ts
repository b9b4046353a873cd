import { ImageBuilder } from "../components/image-builder.ts";
import { scanGoImage } from "../components/vulnerability-scan.ts";
import { notice } from "../lib/notice.ts";
import { knownDatabase } from "../lib/vulnerabilities/database.ts";
import { recordOf, type VulnerabilityRecord } from "../lib/vulnerabilities/record.ts";
import { UserError } from "../lib/user-error.ts";
import type { imageSources } from "./image-sources.ts";

export { scanGoImage } from "../components/vulnerability-scan.ts";

type Sources = ReturnType<typeof imageSources>;

/** Those that the builder `go` builds, so that their source can be scanned. */
export function builtByGo(sources: Sources): Sources {
  return new Map([...sources].filter(([, { builder }]) => builder !== ImageBuilder.Dockerfile));
}

/**
 * What a deployment records about the vulnerabilities of what Go builds, by service and job. Nothing about what cannot be scanned: that must not
 * stop a deployment.
 */
export async function vulnerabilityRecords(sources: Sources): Promise<Record<string, VulnerabilityRecord>> {
  const database = await knownDatabase();
  if (!database) return {};
  const records: Record<string, VulnerabilityRecord> = {};
  for (const [name, source] of builtByGo(sources)) {
    try {
      records[name] = recordOf(await scanGoImage(source, database, name), database.version);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      notice("warning", `the vulnerabilities of ${name} are not recorded: ${error.message}`);
    }
  }
  return records;
}
