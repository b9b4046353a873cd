import { plain } from "../../lib/values.ts";
import { hidden } from "../preview/secrets.ts";
import type { Registered } from "../render/registrations.ts";
import type { Score } from "../report/review.ts";
import type { PolicySettings } from "../../config/schema/policy.ts";
import { concerns, labelOf, Severity, type Resource } from "./rule.ts";
import { policyRules } from "./rules/all.ts";

/** How much a rule counts. */
const weights = { [Severity.Error]: 3, [Severity.Warning]: 1 };

export interface Scorecard extends Score {
  /** Exceptions that have ended: the gate stays closed. */
  problems: string[];
  /** Exceptions that excuse nothing. */
  needless: string[];
}

/**
 * How the resources of a stack keep to the rules. Rules that are about none of them do not count. `today` is a date such as
 * 2026-12-31.
 */
export function scoreOf(
  registered: Pick<Registered, "urn" | "type" | "name" | "inputs">[],
  settings: PolicySettings,
  today: string,
  rules = policyRules,
): Scorecard {
  const resources = registered.map(({ urn, type, name, inputs }): Resource => ({ urn, type, name, inputs: plain(inputs, hidden) }));
  const excused: Score["excused"] = [];
  const findings: Score["findings"] = [];
  const used = new Set<number>();
  let [kept, total, count, keptCount] = [0, 0, 0, 0];
  for (const rule of rules) {
    const severity = settings.severities[rule.id] ?? rule.severity;
    const concerned = resources.filter((resource) => concerns(rule, resource));
    if (severity === "off" || concerned.length === 0) continue;
    const broken = concerned.flatMap((resource) => {
      const message = rule.check(resource, resources);
      if (!message) return [];
      const label = labelOf(resource);
      const at = settings.exceptions.findIndex((exception) => exception.rule === rule.id && exception.resource === label);
      if (at >= 0) used.add(at);
      const exception = settings.exceptions[at];
      if (exception && exception.until >= today) {
        excused.push(exception);
        return [];
      }
      return { rule: rule.id, severity, resource: label, message, remedy: rule.remedy, reference: rule.reference };
    });
    findings.push(...broken);
    count++;
    total += weights[severity];
    if (broken.length === 0) {
      keptCount++;
      kept += weights[severity];
    }
  }
  const told = (says: string) => (exception: PolicySettings["exceptions"][number]) => {
    const at = `slipway:policy.exceptions.${settings.exceptions.indexOf(exception)}`;
    return `${at}: the exception from ${exception.rule} for "${exception.resource}" ${says.replace("{until}", exception.until)}`;
  };
  const ended = settings.exceptions.filter(({ until }) => until < today);
  const problems = ended.map(told("ended on {until}: mend what it excused, or set another date"));
  const needless = settings.exceptions.filter(({ until }, i) => until >= today && !used.has(i)).map(told("excuses nothing; remove it"));
  const bySeverity = ({ severity }: { severity: string }) => (severity === Severity.Error ? 0 : 1);
  findings.sort((a, b) => bySeverity(a) - bySeverity(b));
  return {
    points: total === 0 ? 100 : Math.floor((100 * kept) / total),
    rules: count,
    kept: keptCount,
    findings,
    excused,
    problems,
    needless,
  };
}

/** The scorecard in words, for a terminal or a log. */
export function formatScore({ points, rules, kept, findings, excused, problems, needless }: Scorecard, stack: string): string {
  return [
    `policy of stack "${stack}": ${points} of 100 points, ${kept} of ${rules} rules kept`,
    ...findings.flatMap(({ rule, severity, resource, message, remedy, reference }) => [
      `  ${severity}  ${resource}: ${message}`,
      `      ${remedy} (${rule}: ${reference})`,
    ]),
    ...excused.map(({ rule, resource, reason, until }) => `  excused until ${until}  ${resource}: ${rule}: ${reason}`),
    ...problems.map((problem) => `  ✗ ${problem}`),
    ...needless.map((note) => `  ${note}`),
  ].join("\n");
}
