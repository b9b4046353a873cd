import { meanings } from "../../lib/impact.ts";
import { formatPath } from "../../lib/property-path.ts";
import { labelOf } from "../../review/impact/rule.ts";
import { collapsed, code, joined, lines, text, truncated } from "../../review/report/markdown.ts";
import { capitalized } from "../../review/report/summary.ts";
import { formatAuthor, formatValues, headline } from "./format.ts";
import { impactOf, placeOf, type DriftedObject, type DriftReport } from "./report.ts";

/** Rows that are visible; further rows are collapsed. */
const visibleRows = 12;

/** First line of a report. It identifies the issue that a later report replaces. */
export function driftMarkerOf({ project, stack }: Pick<DriftReport, "project" | "stack">): string {
  return `<!-- slipway-drift: ${project}/${stack} -->`;
}

/** The drift as the text of an issue. */
export function driftAsMarkdown(report: DriftReport): string {
  const { stack, objects, uncompared } = report;
  const impact = impactOf(report);
  const rows = objects.flatMap(rowsOf);
  const table = (of: string[]) => lines("| Object | Property | State | Live | Changed by |", "| --- | --- | --- | --- | --- |", ...of);
  const effects = objects.flatMap(({ happened, restored, needsBuild }) => [
    ...happened.findings.map((one) => `| ${code(labelOf(happened.step))} | drift | ${one.impact} | ${text(one.reason)} |`),
    ...(needsBuild
      ? [`| ${code(labelOf(happened.step))} | restoring it | | only by ${code("slipway up")}, which builds and pushes the image |`]
      : restored.findings.map((one) => `| ${code(labelOf(happened.step))} | restoring it | ${one.impact} | ${text(one.reason)} |`)),
  ]);
  const blocks = [
    lines(driftMarkerOf(report), `### Drift of ${code(stack)}: ${text(headline(report))}`),
    objects.length > 0 && `${capitalized(impact)}: ${meanings[impact]}.`,
    rows.length > 0 && table(rows.slice(0, visibleRows)),
    rows.length > visibleRows && collapsed(`${rows.length - visibleRows} more`, table(rows.slice(visibleRows))),
    effects.length > 0 && collapsed("Impact", lines("| Object | What | Impact | Reason |", "| --- | --- | --- | --- |", ...effects)),
    uncompared.length > 0 &&
      joined(["**Not compared**", lines(...uncompared.map((one) => `- ${code(labelOf(one))}: ${text(one.problem)}`))]),
    objects.length > 0 &&
      `To restore what ${code("slipway up")} deployed last: ${code(`slipway drift --stack ${stack} --fix`)}. To keep a change, make it in the source.`,
  ];
  return truncated(`${joined(blocks)}\n`, "slipway drift prints everything.");
}

function rowsOf(object: DriftedObject): string[] {
  const { happened, missing, changes } = object;
  const label = code(`${labelOf(happened.step)}${placeOf(object, happened.step)}`);
  if (missing !== undefined) return [`| ${label} | | | **${text(missing)}** | |`];
  return changes.map(({ path, before, after, author }) => {
    const [state, live] = formatValues(before, after);
    const by = author ? text(formatAuthor(author).replace(/^changed by /, "")) : "";
    return `| ${label} | ${code(formatPath(path))} | ${code(state)} | ${code(live)} | ${by} |`;
  });
}
