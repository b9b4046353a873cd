import { gateSettings } from "../../config/schema/gate.ts";
import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";
import type { JsonStep } from "../../engine/planned-step.ts";
import type { Deployment } from "../../lib/deployment-record.ts";
import { worst } from "../../lib/impact.ts";
import { judge } from "../../review/gate.ts";
import { labelOf } from "../../review/impact/rule.ts";
import { impactsOf } from "../../review/impact/step-impact.ts";
import type { PlanStep } from "../../review/preview/formats.ts";
import { readSteps } from "../../review/preview/read.ts";

/** How many impacts a record has, the worst. The first deployment of a large stack has thousands. */
const maxImpacts = 50;

/** What the steps of a run did to users, by the rules of the preview, and the approvals of `slipway:gate` for them. `today` is a date such as 2026-12-31. */
export function judgementOf(
  stack: Stack,
  steps: JsonStep[],
  today: string,
): Pick<Deployment, "impact" | "impacts" | "furtherImpacts" | "approvals"> {
  const found = impactsOf({ project: stack.project, stack: stack.name, steps: readSteps(steps as PlanStep[]) });
  const changed = found.filter(({ findings }) => findings.length > 0);
  const impacts = changed.slice(0, maxImpacts).map(({ step, impact, findings }) => ({
    resource: labelOf(step),
    operation: step.rawOperation,
    impact,
    reasons: findings.map(({ reason }) => reason),
  }));
  const settings = gateSettings.safeParse(settingsIn(stack, "gate"));
  const approved = settings.success ? judge(found, settings.data, { platform: platformOf(stack), today }).approved : [];
  const approvals = approved.map(({ step, finding: { impact }, change, approval }) => {
    const { reason, approvedBy, until } = approval!;
    return { change, resource: labelOf(step), impact, reason, approvedBy, until };
  });
  const further = changed.length - impacts.length;
  return {
    impact: worst(changed.map(({ impact }) => impact)),
    impacts,
    ...(further > 0 && { furtherImpacts: further }),
    ...(approvals.length > 0 && { approvals }),
  };
}
