import type { Author } from "../../engine/provider.ts";
import { meanings } from "../../lib/impact.ts";
import { formatPath } from "../../lib/property-path.ts";
import { formatValue, labelOf } from "../../review/impact/rule.ts";
import type { StepImpact } from "../../review/impact/step-impact.ts";
import { impactOf, placeOf, type DriftedObject, type DriftReport } from "./report.ts";

/** The drift as `slipway drift --json` prints it. */
export function driftAsJson(report: DriftReport): object {
  const impact = ({ impact, findings }: StepImpact) => ({
    impact,
    reasons: findings.map(({ impact, reason, rule }) => ({ impact, reason, rule })),
  });
  return {
    stack: report.stack,
    drifted: report.objects.length > 0,
    impact: impactOf(report),
    compared: report.compared,
    objects: report.objects.map(({ happened, restored, id, missing, changes, needsBuild }) => ({
      urn: happened.step.urn,
      type: happened.step.type,
      name: happened.step.name,
      id,
      status: missing === undefined ? "changed" : "missing",
      ...(missing !== undefined && { problem: missing }),
      properties: changes.map(({ path, before, after, author }) => ({
        path: formatPath(path),
        state: before,
        live: after,
        ...(author && { changedBy: author.manager, changedAt: author.time }),
      })),
      happened: impact(happened),
      restored: { ...impact(restored), ...(needsBuild && { needsBuild }) },
    })),
    uncompared: report.uncompared,
  };
}

/** The drift as `slipway drift` prints it, the worst first. */
export function formatDrift(report: DriftReport): string {
  const { stack, objects, uncompared, compared } = report;
  const overall = impactOf(report);
  const lines = [`drift of stack "${stack}": ${headline(report)}${objects.length > 0 ? `, ${overall} (${meanings[overall]})` : ""}`];
  for (const object of objects) lines.push(...formatObject(object));
  for (const [problem, alike] of Map.groupBy(uncompared, (one) => one.problem))
    lines.push(`  not compared: ${alike.map(labelOf).join(", ")}`, `    ${problem}`);
  if (compared > objects.length) lines.push(`  ${compared - objects.length} unchanged`);
  return lines.join("\n");
}

/** `2 of 14 objects differ from the state`, `no drift` */
export function headline({ objects, uncompared, compared }: DriftReport): string {
  const all = compared + uncompared.length;
  const unknown = uncompared.length > 0 ? `, ${uncompared.length} of ${all} objects could not be compared` : "";
  if (objects.length === 0) return uncompared.length === 0 ? `none in ${compared} objects` : `unknown${unknown}`;
  return `${objects.length} of ${all} objects ${objects.length === 1 ? "differs" : "differ"} from the state${unknown}`;
}

function formatObject(object: DriftedObject): string[] {
  const { happened, restored, missing, changes, needsBuild } = object;
  const { step } = happened;
  return [
    `  ${labelOf(step)}${placeOf(object, step)}  ${missing ?? "changed"}`,
    ...changes.map(({ path, before, after, author }) => {
      const [state, live] = formatValues(before, after);
      return `    ${formatPath(path)}: state ${state}, live ${live}${author ? ` (${formatAuthor(author)})` : ""}`;
    }),
    ...happened.findings.map(({ impact, reason }) => `    happened  ${impact}  ${reason}`),
    ...(needsBuild
      ? ["    restored  only by slipway up, which builds and pushes the image"]
      : restored.findings.map(({ impact, reason }) => `    restored  ${impact}  ${reason}`)),
  ];
}

/** Characters before the difference of two long texts that are shown. */
const context = 20;

/** Both values in one line each. Of long texts, the part in which they differ. */
export function formatValues(state: unknown, live: unknown): [string, string] {
  const [before, after] = [state, live].map((value) => (typeof value === "string" ? value.replaceAll(/\s+/g, " ") : value));
  if (typeof before !== "string" || typeof after !== "string") return [formatValue(before), formatValue(after)];
  let same = 0;
  while (same < before.length && before[same] === after[same]) same++;
  const start = Math.max(before.length, after.length) > 80 ? Math.max(0, same - context) : 0;
  const shown = (text: string) => formatValue(start > 0 ? `…${text.slice(start)}` : text);
  return [shown(before), shown(after)];
}

/** `changed by kubectl-edit at 2026-12-31T10:00:00Z` */
export function formatAuthor({ manager, time }: Author): string {
  return `changed by ${manager}${time === undefined ? "" : ` at ${time}`}`;
}
