import type { Configuration } from "../../config/settings.ts";
import { readStack, type Stack } from "../../config/stack-file.ts";
import { imagesIn } from "../../lib/deployment-record.ts";
import { currentDatabase, updateDatabase } from "../../lib/vulnerabilities/database.ts";
import { recordsIn } from "../../lib/vulnerabilities/record.ts";
import { UserError } from "../../lib/user-error.ts";
import { configurationOf } from "../../review/configuration.ts";
import { isTooMuch, judgeVulnerabilities, type LastDeployment, type VulnerabilityReview } from "../../review/vulnerabilities/judge.ts";
import { scanStack, type StackScan } from "../../review/vulnerabilities/scan-stack.ts";
import { engineFor } from "../engines.ts";

export interface ScanOptions {
  stack: string;
  /** Services and jobs. Empty for all. */
  names: string[];
  /** Whether to get the newest database first. */
  update: boolean;
}

/** What `slipway scan` found. */
export interface ScanResult extends StackScan {
  stack: string;
  /** Whether there is more than the stack allows. */
  isVulnerable: boolean;
}

/** @throws UserError if a program does not compile, or there is no service of a name. */
export async function scan({ stack: name, names, update }: ScanOptions): Promise<ScanResult> {
  const stack = readStack(name, { withoutSecrets: true });
  const now = new Date();
  const { database, problem } = await (update ? updateDatabase() : currentDatabase(now));
  const configuration = await configurationOf(stack);
  const { images } = await lastDeploymentOf(stack);
  const found = await scanStack(configuration, { database, now, names, deployed: images });
  const { maxSeverity } = configuration.supplyChain;
  const isVulnerable = found.services.some(({ findings }) => findings.some((finding) => isTooMuch(finding, maxSeverity)));
  return { stack: name, isVulnerable, ...found, warnings: [...(problem === undefined ? [] : [problem]), ...found.warnings] };
}

/** What the change of a stack does to its vulnerabilities. */
export async function reviewedVulnerabilities(stack: Stack, configuration: Configuration): Promise<VulnerabilityReview> {
  const now = new Date();
  const [{ database, problem }, last] = await Promise.all([currentDatabase(now), lastDeploymentOf(stack)]);
  const found = await scanStack(configuration, { database, now, deployed: last.images });
  const warnings = [...(problem === undefined ? [] : [problem]), ...found.warnings];
  return judgeVulnerabilities({ ...found, warnings }, configuration, last);
}

/** A stack that was never deployed has no outputs. */
async function lastDeploymentOf(stack: Stack): Promise<LastDeployment> {
  const engine = await engineFor(stack);
  const outputs = await engine.outputs(false).catch((error: Error) => {
    if (error instanceof UserError) return {};
    throw error;
  });
  const { images = {}, jobs = {} } = imagesIn(outputs);
  return { records: recordsIn(outputs), images: { ...jobs, ...images } };
}
