import { styleText } from "node:util";
import { DeploymentResult, type ChangeCounts, type Commit, type Deployment } from "../../lib/deployment-record.ts";
import { age, table } from "../table.ts";

const colours = {
  [DeploymentResult.Running]: "yellow",
  [DeploymentResult.Succeeded]: "green",
  [DeploymentResult.Failed]: "red",
  [DeploymentResult.Interrupted]: "red",
} as const;

/** The deployments as `slipway history` prints them. */
export function formatDeployments(deployments: Deployment[]): string {
  const head = ["ID", "WHEN", "AGE", "COMMAND", "RESULT", "TIME", "COMMIT", "BY", "CHANGES", "IMPACT"];
  const rows = deployments.map(({ id, started, command, result, seconds, commit, actor, changes, impact }) => [
    String(id),
    formatTime(started),
    age(new Date(started)),
    command,
    paint(colours[result], result),
    seconds === undefined ? "" : formatSeconds(seconds),
    formatCommit(commit),
    actor ?? "",
    formatChanges(changes),
    impact ?? "",
  ]);
  return table(
    head.map((title) => paint("dim", title)),
    rows,
  );
}

/** One deployment as `slipway history <id>` prints it. */
export function formatDeployment(deployment: Deployment, stack: string): string {
  const { id, command, started, seconds, result, commit, actor, ci, environment, slipway } = deployment;
  const { changes, impact, impacts = [], furtherImpacts = 0, approvals = [], images = {}, jobs = {} } = deployment;
  const facts: [string, string | undefined][] = [
    ["result", paint(colours[result], result)],
    ["started", `${formatTime(started)} (${age(new Date(started))} ago)`],
    ["duration", seconds === undefined ? undefined : formatSeconds(seconds)],
    ["commit", commit && [commit.sha, commit.branch, commit.dirty && "with uncommitted changes"].filter(Boolean).join(", ")],
    ["by", actor],
    ["CI run", ci],
    ["environment", environment],
    ["Slipway", slipway],
    ["changes", changes && describeChanges(changes)],
    ["impact", impact],
  ];
  const known = facts.filter(([, value]) => value !== undefined);
  const lists: [string, string[]][] = [
    [
      "impacts",
      [
        ...impacts.map(({ resource, operation, impact: own, reasons }) => `${resource}  ${operation}  ${own}: ${reasons.join("; ")}`),
        ...(furtherImpacts > 0 ? [`${furtherImpacts} more, not worse`] : []),
      ],
    ],
    [
      "approvals",
      approvals.map((one) => `${one.resource}  ${one.impact}  approved by ${one.approvedBy} until ${one.until}: ${one.reason}`),
    ],
    ["images", Object.entries({ ...images, ...jobs }).map(([name, image]) => `${name}  ${image}`)],
  ];
  return [
    `${command} ${id} of stack "${stack}"`,
    ...known.map(([name, value]) => `  ${name.padEnd(11)}  ${value}`),
    ...lists.flatMap(([name, lines]) => (lines.length === 0 ? [] : [`  ${name}`, ...lines.map((line) => `    ${line}`)])),
    "",
  ].join("\n");
}

/** The time in the time zone of this machine: `2026-11-28 14:05:09`. */
export function formatTime(started: string): string {
  // Swedish dates are those of ISO 8601.
  return new Date(started).toLocaleString("sv-SE");
}

/** The start of the commit, with `*` if files differed from it. Empty if it is unknown. */
export function formatCommit(commit: Commit | undefined): string {
  return commit === undefined ? "" : `${commit.sha.slice(0, 7)}${commit.dirty === true ? "*" : ""}`;
}

/** `+2 ~1 ±1 -1`, with the signs of an update. */
function formatChanges(changes: ChangeCounts | undefined): string {
  if (changes === undefined) return "";
  const { created, updated, replaced, deleted, failed } = changes;
  const counts = { "+": created, "~": updated, "±": replaced, "-": deleted, "✗": failed };
  const shown = Object.entries(counts).flatMap(([sign, count]) => (count > 0 ? [`${sign}${count}`] : []));
  return shown.join(" ") || "none";
}

export function describeChanges(changes: ChangeCounts): string {
  const shown = Object.entries(changes).filter(([, count]) => count > 0);
  return shown.map(([what, count]) => `${count} ${what}`).join(", ") || "none";
}

export function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

/** Only a terminal gets colours. */
function paint(colour: Parameters<typeof styleText>[0], text: string): string {
  return styleText(colour, text, { stream: process.stdout });
}
