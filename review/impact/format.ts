import { styleText } from "node:util";
import { Impact, meanings, worst } from "../../lib/impact.ts";
import { formatPath } from "../../lib/property-path.ts";
import { labelOf } from "./rule.ts";
import type { StepImpact } from "./step-impact.ts";

const colours = {
  [Impact.Nothing]: "dim",
  [Impact.Metadata]: "dim",
  [Impact.Rolling]: "green",
  [Impact.Cost]: "yellow",
  [Impact.Access]: "yellow",
  [Impact.Downtime]: "red",
  [Impact.Unclassified]: "magenta",
  [Impact.DataLoss]: "red",
  [Impact.Replacement]: "red",
} as const;

/** The impacts as `slipway impact --json` prints them. */
export function impactsAsJson(impacts: StepImpact[], stack: string): object {
  return {
    stack,
    impact: worst(impacts.map(({ impact }) => impact)),
    resources: impacts
      .filter(({ findings }) => findings.length > 0)
      .map(({ step: { urn, type, name, operation }, impact, findings }) => ({
        urn,
        type,
        name,
        operation,
        impact,
        findings: findings.map(({ impact, reason, rule, changes }) => ({
          impact,
          reason,
          rule,
          properties: changes.map(({ path }) => formatPath(path)),
        })),
      })),
  };
}

/** The impacts as `slipway impact` prints them: the overall impact, then each resource, the worst first. */
export function formatImpacts(impacts: StepImpact[], stack: string): string {
  const overall = worst(impacts.map(({ impact }) => impact));
  const paint = (impact: Impact, text: string) => styleText(colours[impact], text, { stream: process.stdout });
  const changed = impacts.filter(({ findings }) => findings.length > 0);
  const width = Math.max(0, ...changed.flatMap(({ findings }) => findings.map(({ impact }) => impact.length)));
  const lines = changed.flatMap(({ step, findings }) => [
    `  ${labelOf(step)}  ${step.rawOperation}`,
    ...findings.map(({ impact, reason }) => `    ${paint(impact, impact.padEnd(width))}  ${reason}`),
  ]);
  const same = impacts.filter(({ step }) => step.operation === "same" && step.custom).length;
  const unchanged = same > 0 ? [`  ${same} unchanged`] : [];
  return [`impact on stack "${stack}": ${paint(overall, overall)} (${meanings[overall]})`, ...lines, ...unchanged].join("\n");
}
