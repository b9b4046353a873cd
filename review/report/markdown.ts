import { meanings } from "../../lib/impact.ts";
import { labelOf } from "../impact/rule.ts";
import { validity } from "../policy/scorecard.ts";
import type { Review } from "../review.ts";
import { formatCalls, formatCauses, formatModule, isNew } from "../vulnerabilities/format.ts";
import type { VulnerabilityReview } from "../vulnerabilities/judge.ts";
import { capitalized, entriesOf, formatCounts, summaryOf } from "./summary.ts";

/** Rows that are visible; further rows are collapsed. */
const visibleRows = 8;

/** Characters of a report. A comment on GitHub has at most 65,536. */
const maxLength = 60_000;

/** First line of a report. It identifies the comment that a later report replaces. */
export function markerOf(stack: string): string {
  return `<!-- slipway-report: ${stack} -->`;
}

/** The report as a comment on a pull request: the important part on one screen, details collapsed. */
export function formatMarkdown(review: Review): string {
  const { stack, verdict, score } = review;
  const summary = summaryOf(review);
  const gate = verdict.open ? "gate open" : "**gate closed**";
  const rows = entriesOf(summary.changed).flatMap(({ label, findings }) =>
    findings.map(({ impact, reason }) => `| ${impact} | ${code(label)} | ${text(reason)} |`),
  );
  const table = (rows: string[]) => lines("| Impact | Resource | Reason |", "| --- | --- | --- |", ...rows);
  const blocks = [
    lines(markerOf(stack), `### ${code(stack)}: ${summary.overall} · ${gate}`),
    `${capitalized(meanings[summary.overall])}.`,
    formatCounts(summary),
    rows.length > 0 && table(rows.slice(0, visibleRows)),
    rows.length > visibleRows && collapsed(`${rows.length - visibleRows} more`, table(rows.slice(visibleRows))),
    ...gateBlocks(review),
    review.vulnerabilities && vulnerabilitiesBlock(review.vulnerabilities),
    score && policyBlock(score),
  ];
  return truncated(`${joined(blocks)}\n`, "The HTML report is complete.");
}

function gateBlocks({ stack, verdict: { rejected, approved, problems } }: Review): Block[] {
  const rejections = [
    ...rejected.map(({ step, finding, change, approval }) => {
      const expired = approval ? `; the approval expired on ${approval.until}` : "";
      return `- ${code(labelOf(step))}: ${finding.impact}, change ${code(change)}${expired}`;
    }),
    ...problems.map((problem) => `- ${text(problem)}`),
  ];
  const approvals = approved.map(
    ({ step, approval }) =>
      `- ${code(labelOf(step))}: approved by ${text(approval!.approvedBy)} until ${approval!.until}: ${text(approval!.reason)}`,
  );
  return [
    rejections.length > 0 && joined(["**Rejected**", lines(...rejections)]),
    rejected.length > 0 && `To approve a change, add it to ${code("slipway:gate.approvals")} in ${code(`stacks/Pulumi.${stack}.yaml`)}.`,
    approvals.length > 0 && joined(["**Approved**", lines(...approvals)]),
  ];
}

function vulnerabilitiesBlock(found: VulnerabilityReview): string {
  const rows = found.reachable
    .filter(({ cause }) => isNew(cause))
    .map(({ service, finding, cause }) => {
      const remedy = `${formatModule(finding)}${finding.upgrade === undefined ? "" : `: ${finding.upgrade}`}`;
      return `| ${code(service)} | [${text(finding.id)}](${finding.url}) | ${cause} | ${text(formatCalls(finding.calls ?? []))} | ${text(remedy)} |`;
    });
  const body = [
    rows.length === 0 && "The change makes no vulnerability reachable.",
    rows.length > 0 && lines("| Service | Vulnerability | Cause | Calls | Remedy |", "| --- | --- | --- | --- | --- |", ...rows),
    found.scan.warnings.length > 0 && lines(...found.scan.warnings.map((warning) => `- ${text(warning)}`)),
  ];
  return collapsed(`Reachable vulnerabilities: ${formatCauses(found)}`, joined(body));
}

function policyBlock({ points, passed, rules, findings, exceptions }: NonNullable<Review["score"]>): string {
  const rows = findings.map(
    ({ rule, severity, resource, message, remedy, reference }) =>
      `| [${text(rule)}](${reference}) | ${severity} | ${code(resource)} | ${text(capitalized(message))}. ${text(remedy)} |`,
  );
  const excepted = exceptions.map(
    ({ rule, resource, reason, until }) => `- ${text(rule)} for ${code(resource)}${validity({ until })}: ${text(reason)}`,
  );
  const body = [
    rows.length > 0 ? lines("| Rule | Severity | Resource | Problem |", "| --- | --- | --- | --- |", ...rows) : "No findings.",
    excepted.length > 0 && joined(["Exceptions:", lines(...excepted)]),
  ];
  return collapsed(`Policy: ${points} of 100 points, ${passed} of ${rules} rules passed`, joined(body));
}

/** A part of the report, if there is something to say. */
type Block = string | false | undefined;

export function joined(blocks: Block[]): string {
  return blocks.filter(Boolean).join("\n\n");
}

export function lines(...texts: string[]): string {
  return texts.join("\n");
}

export function collapsed(title: string, body: string): string {
  return joined([`<details><summary>${text(title)}</summary>`, body, "</details>"]);
}

/** Escapes Markdown and HTML: characters with a meaning there become numeric references. */
export function text(value: string): string {
  return value.replaceAll(/[&<>|`*_[\]~@\\#!]/g, (sign) => `&#${sign.codePointAt(0)};`).replaceAll(/\s+/g, " ");
}

/** An escaped text as code, in which GitHub does not link names and numbers. */
export function code(value: string): string {
  return `<code>${text(value)}</code>`;
}

/** Truncates a long report at the end of a line, and closes its open tags. `complete` says where everything is. */
export function truncated(report: string, complete: string): string {
  if (report.length <= maxLength) return report;
  const kept = report.slice(0, report.lastIndexOf("\n", maxLength));
  const open = kept.split("<details>").length - kept.split("</details>").length;
  return `${kept}\n${"\n</details>\n".repeat(open)}\nThis report is truncated. ${complete}\n`;
}
