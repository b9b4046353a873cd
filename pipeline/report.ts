import { styleText } from "node:util";
import { holds, type Verdict } from "./gate.ts";
import { impactClasses, type ImpactClass } from "./classes.ts";
import { severity, type Impact } from "./impact.ts";
import type { Plan } from "./plan.ts";

export interface Review {
  plan: Plan;
  impacts: Impact[];
  verdict: Verdict;
}

/** Resources beyond which a table is folded. */
const most = 12;

/** The review of a change as Markdown, for a pull request: one screen, what is more folded. */
export function markdown({ plan, impacts, verdict }: Review): string {
  const changed = impacts.filter(({ step }) => step.operation !== "same");
  const telling = changed.filter(({ class: impact }) => severity(impact) > severity("metadata"));
  const rest = changed.filter((impact) => !telling.includes(impact));
  const folded = (title: string, rows: Impact[]) =>
    rows.length === 0 ? [] : ["", `<details><summary>${title}</summary>`, "", ...table(rows), "", "</details>"];
  return [
    `### ${escape(plan.stack)}: ${headline({ plan, impacts })}`,
    "",
    gateLine(verdict, plan.stack),
    ...(telling.length === 0 ? [] : ["", ...table(telling.slice(0, most))]),
    ...folded(`${count(telling.length - most, "more")}`, telling.slice(most)),
    ...folded(`${count(rest.length, "change")} that nobody notices`, rest),
    "",
  ].join("\n");
}

/** The same for a terminal. */
export function plainText({ plan, impacts, verdict }: Review, stream: NodeJS.WriteStream): string {
  const color = (impact: ImpactClass, text: string) =>
    styleText(
      severity(impact) >= severity("restart with downtime") ? "red" : severity(impact) >= severity("rolling update") ? "yellow" : "dim",
      text,
      { stream },
    );
  const changed = impacts.filter(({ step }) => step.operation !== "same");
  const width = Math.max(0, ...changed.map(({ class: impact }) => impact.length));
  const lines = changed.flatMap(({ step, class: impact, reasons }) => [
    `${color(impact, impact.padEnd(width))}  ${step.operation} ${nameOf(step)}`,
    ...reasons.map((reason) => `${" ".repeat(width)}    ${inWords(reason)}`),
  ]);
  return [
    `${plan.stack}: ${headline({ plan, impacts })}`,
    "",
    ...lines,
    ...(lines.length > 0 ? [""] : []),
    gateText(verdict, plan.stack),
    "",
  ].join("\n");
}

/** `1 data loss, 2 rolling updates, 9 unchanged`, the worst first. */
export function headline({ plan, impacts }: Pick<Review, "plan" | "impacts">): string {
  const changed = impacts.filter(({ step }) => step.operation !== "same");
  const counts = impactClasses.toReversed().flatMap((impact) => {
    const n = changed.filter((one) => one.class === impact).length;
    return n === 0 ? [] : [impact === "nothing" ? `${n} without an effect` : `${n} × ${impact}`];
  });
  const { unchanged } = plan;
  return [...counts, ...(unchanged > 0 ? [`${unchanged} unchanged`] : [])].join(", ") || "nothing to do";
}

function table(rows: Impact[]): string[] {
  const cells = ({ step, class: impact, reasons }: Impact) =>
    `| **${impact}** | ${step.operation} \`${escape(nameOf(step))}\` | ${reasons.map((reason) => escape(inWords(reason))).join("<br>")} |`;
  return ["| What it does | To | Why |", "| --- | --- | --- |", ...rows.map(cells)];
}

function inWords({ why, path, more }: Impact["reasons"][number]): string {
  return more === undefined ? why : `${why} (${path} and ${more} more)`;
}

/** `Deployment web` */
export function nameOf({ type, name }: Impact["step"]): string {
  return `${type.split(":").at(-1)} ${name}`;
}

function gateLine(verdict: Verdict, stack: string): string {
  return `${verdict.open ? "🟢" : "🔴"} ${escape(gateText(verdict, stack))}`;
}

/** What the gate says, and what opens it. */
export function gateText({ open, refused, change, approval }: Verdict, stack: string): string {
  if (refused.length === 0) return "The gate is open.";
  const what = [...new Set(refused.map(({ class: impact }) => impact))].join(" and ");
  if (open && approval) return `The gate is open: ${what}, approved by ${approval.by} until ${approval.until}: ${approval.reason}`;
  const ended = approval && !holds(approval, new Date()) ? ` The approval of ${approval.by} ended on ${approval.until}.` : "";
  return `The gate is closed: ${what} is not allowed in ${stack}.${ended} Whoever answers for it adds to slipway:gate.approvals of stacks/Pulumi.${stack}.yaml: { change: ${change}, by: …, reason: …, until: … }`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 || what === "more" ? "" : "s"}`;
}

/** For Markdown and the HTML in it: names and values are anybody's. */
function escape(text: string): string {
  const html = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return html.replace(/[\\`*_[\]|~#@!]/g, (c) => `&#${c.charCodeAt(0)};`).replace(/\s+/g, " ");
}
