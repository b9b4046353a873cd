import type { Stack } from "../config/stack-file.ts";
import type { Configuration } from "../config/settings.ts";
import type { Deployment } from "../lib/deployment-record.ts";
import { judge, type Verdict } from "./gate.ts";
import type { StepImpact } from "./impact/step-impact.ts";
import { errorsIn, type Scorecard } from "./policy/scorecard.ts";
import { scoreOfStack } from "./policy/stack-score.ts";
import type { VulnerabilityReview } from "./vulnerabilities/judge.ts";
import type { Registered } from "./render/registrations.ts";

/** Everything that a report shows. */
export interface Review {
  project: string;
  stack: string;
  impacts: StepImpact[];
  verdict: Verdict;
  /** The resources of the stack, for the diagram. */
  resources: Pick<Registered, "urn" | "type" | "name" | "parent" | "inputs">[];
  /** @default - the report has no policy section. */
  score?: Pick<Scorecard, "points" | "rules" | "passed" | "findings" | "exceptions">;
  /** What the change does to known vulnerabilities. @default - the stack does not require scans */
  vulnerabilities?: VulnerabilityReview;
  /** The deployments of the stack, the newest first. @default - the report has no section about them. */
  deployments?: Deployment[];
}

/**
 * Reviews the changes of a preview. Policy errors close the gate, except on the platform `local`. `today` is a date such as 2026-12-31.
 *
 * @param vulnerabilities What the change does to them. @default - the stack does not require scans
 */
export async function reviewOf(
  stack: Stack,
  { platform, gate, policy }: Pick<Configuration, "platform" | "gate" | "policy">,
  impacts: StepImpact[],
  today: string,
  vulnerabilities?: VulnerabilityReview,
): Promise<Review> {
  const { resources, score } = await scoreOfStack(stack, policy, impacts, today);
  const errors = platform === "local" ? [] : errorsIn(score);
  const problems = [...score.problems, ...errors, ...(vulnerabilities?.problems ?? [])];
  const verdict = judge(impacts, gate, { platform, today, problems });
  return { project: stack.project, stack: stack.name, impacts, verdict, resources, score, ...(vulnerabilities && { vulnerabilities }) };
}
