import { styleText } from "node:util";
import { Level, Severity } from "../../lib/vulnerabilities/finding.ts";
import { shownVersion } from "../../lib/vulnerabilities/upgrade.ts";
import { formatCalls, formatIds, formatModule } from "../../review/vulnerabilities/format.ts";
import type { ServiceFinding, ServiceScan } from "../../review/vulnerabilities/scan-stack.ts";
import type { ScanResult } from "./scan.ts";

/** The vulnerabilities as `slipway scan` prints them. */
export function formatScan({ stack, database, services, warnings }: ScanResult): string {
  const of = database ? `, database of ${database.date.slice(0, 10)}` : "";
  return [
    `vulnerabilities in stack "${stack}"${of}`,
    ...warnings.map((warning) => `  ${paint("yellow", "warning")}: ${warning}`),
    ...services.flatMap(formatService),
    "",
  ].join("\n");
}

function formatService({ service, of, scanner, notScanned, findings }: ServiceScan): string[] {
  const title = `${service} (${of})`;
  if (notScanned !== undefined) return ["", `${title}: not scanned: ${notScanned}`];
  if (findings.length === 0) return ["", `${title}: no known vulnerabilities`];
  return ["", ...(scanner === "govulncheck" ? formatProgram(title, findings) : formatImage(title, findings))];
}

function formatProgram(title: string, findings: ServiceFinding[]): string[] {
  const reachable = findings.filter(({ level }) => level === Level.Reachable);
  const others = findings.filter((finding) => !reachable.includes(finding));
  return [
    `${title}: ${reachable.length} reachable, ${others.length} in code that it does not call`,
    ...reachable.flatMap((finding) => [
      `  ${mark(finding)} ${formatIds(finding)}  ${finding.summary}`,
      `      ${formatCalls(finding.calls ?? [])}`,
      `      ${formatModule(finding)}`,
      ...(finding.exception ? [`      accepted until ${finding.exception.until}: ${finding.exception.reason}`] : []),
    ]),
    ...(others.length > 0 ? [`  not called: ${others.map(({ id }) => id).join(", ")}`] : []),
    ...upgrades(reachable.filter(({ exception }) => !exception)),
  ];
}

/** One command for each module: the highest version has all fixes. */
function upgrades(findings: ServiceFinding[]): string[] {
  const fixable = findings.filter(({ upgrade }) => upgrade !== undefined);
  const highest = [...Map.groupBy(fixable, ({ module }) => module).values()].map((all) =>
    all.reduce((a, b) => (a.fixed!.localeCompare(b.fixed!, "en", { numeric: true }) < 0 ? b : a)),
  );
  return highest.map(
    ({ module, version, fixed, upgrade }) =>
      `  upgrade ${module} ${shownVersion(module, version)} to ${shownVersion(module, fixed!)}: ${upgrade}`,
  );
}

const listed: (Severity | undefined)[] = [Severity.Critical, Severity.High];

/** An image has many vulnerabilities, so that only the worst are listed. */
function formatImage(title: string, findings: ServiceFinding[]): string[] {
  const counts = [...Object.values(Severity).reverse(), undefined].flatMap((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity ?? "of unknown severity"}`];
  });
  const shown = findings.filter(({ severity, exception }) => listed.includes(severity) && !exception);
  return [
    `${title}: ${counts.join(", ")}`,
    ...shown.map((finding) => `  ${mark(finding)} ${finding.severity}  ${finding.id}  ${formatModule(finding)}`),
    ...(shown.length < findings.length ? [`  ${findings.length - shown.length} more with --json`] : []),
  ];
}

function mark({ exception }: ServiceFinding): string {
  return exception ? paint("green", "✓") : paint("red", "✗");
}

function paint(colour: Parameters<typeof styleText>[0], text: string): string {
  return styleText(colour, text, { stream: process.stdout });
}
