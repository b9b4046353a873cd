import { meanings } from "../impact/impacts.ts";
import { entriesOf, labelOf, summaryOf, type Review } from "./review.ts";

/** Lines of changes that stand open; the rest is folded. */
const shown = 8;

/** A comment of GitHub's holds 65,536 characters; what is folded is cut before. */
const most = 60_000;

/** The line by which a later report finds the comment of an earlier one. */
export function markerOf(stack: string): string {
  return `<!-- slipway-report: ${stack} -->`;
}

/** The report for a pull request: what happens on one screen, details folded. */
export function formatMarkdown(review: Review): string {
  const { stack, verdict, score } = review;
  const { overall, counts, changed, unchanged } = summaryOf(review);
  const gate = verdict.open ? "gate open" : "**gate closed**";
  const head = [markerOf(stack), `### ${code(stack)}: ${overall} · ${gate}`, "", `${capital(meanings[overall])}.`];
  const tally = [...counts.map(([impact, n]) => `${n} ${impact}`), ...(unchanged > 0 ? [`${unchanged} unchanged`] : [])].join(" · ");
  const lines = entriesOf(changed).flatMap(({ label, findings }) =>
    findings.map(({ impact, reason }) => `| ${impact} | ${code(label)} | ${text(reason)} |`),
  );
  const table = (rows: string[]) => ["| Impact | Resource | Why |", "| --- | --- | --- |", ...rows];
  const parts = [
    head,
    tally === "" ? [] : ["", tally],
    lines.length === 0 ? [] : ["", ...table(lines.slice(0, shown))],
    ...(lines.length > shown ? [["", ...folded(`${lines.length - shown} more`, table(lines.slice(shown)))]] : []),
    ["", ...refusals(review)],
    score ? ["", ...scorecard(score)] : [],
  ];
  return cut(parts.flat().join("\n").trimEnd() + "\n");
}

function refusals({ stack, verdict: { refused, approved, problems } }: Review): string[] {
  const entries = [
    ...refused.map(({ step, finding, change, approval }) => {
      const ended = approval ? `, whose approval ended on ${approval.until}` : "";
      return `- ${code(labelOf(step))}: ${finding.impact}, change ${code(change)}${ended}`;
    }),
    ...problems.map((problem) => `- ${text(problem)}`),
  ];
  const approvals = approved.map(
    ({ step, approval }) =>
      `- ${code(labelOf(step))}: approved by ${text(approval!.approvedBy)} until ${approval!.until}: ${text(approval!.reason)}`,
  );
  const how = `To approve a change, record it under ${code("slipway:gate.approvals")} in ${code(`stacks/Pulumi.${stack}.yaml`)}.`;
  return [
    ...(entries.length > 0 ? ["**Refused**", "", ...entries, ...(refused.length > 0 ? ["", how] : []), ""] : []),
    ...(approvals.length > 0 ? ["**Approved**", "", ...approvals] : []),
  ];
}

function scorecard({ points, kept, rules, findings, excused }: NonNullable<Review["score"]>): string[] {
  const title = `Policy: ${points} of 100 points, ${kept} of ${rules} rules kept`;
  const rows = findings.map(
    ({ rule, severity, resource, message, remedy, reference }) =>
      `| [${text(rule)}](${reference}) | ${severity} | ${code(resource)} | ${text(message)}. ${text(remedy)} |`,
  );
  const exceptions = excused.map(
    ({ rule, resource, reason, until }) => `- ${text(rule)} of ${code(resource)} until ${until}: ${text(reason)}`,
  );
  const body = [
    ...(rows.length > 0 ? ["| Rule | Severity | Resource | What |", "| --- | --- | --- | --- |", ...rows] : ["Nothing was found."]),
    ...(exceptions.length > 0 ? ["", "Excused:", "", ...exceptions] : []),
  ];
  return folded(title, body);
}

function folded(title: string, body: string[]): string[] {
  return [`<details><summary>${text(title)}</summary>`, "", ...body, "", "</details>"];
}

/** A text in which nothing is Markdown or HTML: what means something there is written as its number. */
export function text(value: string): string {
  return value.replaceAll(/[&<>|`*_[\]~@\\#!]/g, (sign) => `&#${sign.codePointAt(0)};`).replaceAll(/\s+/g, " ");
}

/** The same, set as code: there GitHub makes links of no names and numbers. */
function code(value: string): string {
  return `<code>${text(value)}</code>`;
}

function capital(value: string): string {
  return value.charAt(0).toUpperCase() + value.slice(1);
}

/** What is too long for a comment ends at a line, with its folds closed. */
function cut(report: string): string {
  if (report.length <= most) return report;
  const kept = report.slice(0, report.lastIndexOf("\n", most));
  const open = kept.split("<details>").length - kept.split("</details>").length;
  return `${kept}\n${"\n</details>\n".repeat(open)}\nThis is not all: the HTML report has the rest.\n`;
}
