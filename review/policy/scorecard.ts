import { plain } from "../../lib/values.ts";
import { labelOf } from "../impact/rule.ts";
import { hidden } from "../preview/secrets.ts";
import type { Registered } from "../render/registrations.ts";
import type { PolicySettings } from "../../config/schema/policy.ts";
import { concerns, Severity, type Resource } from "./rule.ts";
import { policyRules } from "./rules/all.ts";

/** Weight of a rule in the score. */
const weights = { [Severity.Error]: 3, [Severity.Warning]: 1 };

type Exception = PolicySettings["exceptions"][number];

/** A finding that is accepted: by an exception in the stack file, or for a reason in the resource itself, which does not expire. */
export type AcceptedFinding = Omit<Exception, "until"> & { until?: string };

/** A resource that breaks a rule. */
export interface PolicyFinding {
  rule: string;
  severity: Severity;
  /** Kind and name. */
  resource: string;
  message: string;
  remedy: string;
  /** URL. */
  reference: string;
}

/** The result of the policy rules. */
export interface Scorecard {
  /** 0 to 100: the weight of the passed rules in that of all rules. */
  points: number;
  /** Number of rules that concern the stack. */
  rules: number;
  /** Number of those without a finding. */
  passed: number;
  findings: PolicyFinding[];
  /** Findings that are accepted. */
  exceptions: AcceptedFinding[];
  /** Messages about expired exceptions that no valid one replaces. They close the gate. */
  problems: string[];
  /** Messages about exceptions without an effect: they match no finding, or expired and were replaced. */
  unusedExceptions: string[];
}

/** Checks resources against the rules. Rules that concern none of them do not count. `today` is a date such as 2026-12-31. */
export function scoreOf(
  registered: Pick<Registered, "urn" | "type" | "name" | "inputs">[],
  settings: PolicySettings,
  today: string,
  rules = policyRules,
): Scorecard {
  const resources = registered.map(({ urn, type, name, inputs }): Resource => ({ urn, type, name, inputs: plain(inputs, hidden) }));
  const exceptions: AcceptedFinding[] = [];
  const findings: PolicyFinding[] = [];
  const valid = settings.exceptions.filter(({ until }) => until >= today);
  let [passedWeight, totalWeight, count, passed] = [0, 0, 0, 0];
  for (const rule of rules) {
    const severity = settings.severities[rule.id] ?? rule.severity;
    const concerned = resources.filter((resource) => concerns(rule, resource));
    if (severity === "off" || concerned.length === 0) continue;
    const broken = concerned.flatMap((resource) => {
      const message = rule.check(resource, resources);
      if (!message) return [];
      const label = labelOf(resource);
      const exception = valid.find((one) => one.rule === rule.id && one.resource === label);
      const reason = rule.accepted?.(resource, resources);
      const accepted = exception ?? (reason === undefined ? undefined : { rule: rule.id, resource: label, reason });
      if (accepted) {
        exceptions.push(accepted);
        return [];
      }
      return { rule: rule.id, severity, resource: label, message, remedy: rule.remedy, reference: rule.reference };
    });
    findings.push(...broken);
    count++;
    totalWeight += weights[severity];
    if (broken.length === 0) {
      passed++;
      passedWeight += weights[severity];
    }
  }
  const pathOf = (exception: Exception) => `slipway:policy.exceptions[${settings.exceptions.indexOf(exception)}]`;
  const isReplaced = ({ rule, resource }: Exception) => valid.some((one) => one.rule === rule && one.resource === resource);
  const expired = settings.exceptions.filter((exception) => !valid.includes(exception) && !isReplaced(exception));
  const unused = settings.exceptions.filter((exception) => !exceptions.includes(exception) && !expired.includes(exception));
  const rank = ({ severity }: PolicyFinding) => (severity === Severity.Error ? 0 : 1);
  return {
    points: totalWeight === 0 ? 100 : Math.floor((100 * passedWeight) / totalWeight),
    rules: count,
    passed,
    findings: findings.sort((a, b) => rank(a) - rank(b)),
    exceptions,
    problems: expired.map(
      (exception) =>
        `${pathOf(exception)}: expired on ${exception.until} (${exception.rule}, ${exception.resource}). Fix the finding, or extend the exception.`,
    ),
    unusedExceptions: unused.map((exception) => {
      const isValid = valid.includes(exception);
      const problem = isValid ? "matches no finding" : `expired on ${exception.until}, and another exception replaces it`;
      return `${pathOf(exception)}: ${problem} (${exception.rule}, ${exception.resource}). Remove it.`;
    }),
  };
}

/** How long a finding is accepted: ` until 2027-01-31`, or nothing for always. */
export function validity({ until }: Pick<AcceptedFinding, "until">): string {
  return until === undefined ? "" : ` until ${until}`;
}

/** The policy errors as lines of the gate. */
export function errorsIn({ findings }: Scorecard): string[] {
  const errors = findings.filter(({ severity }) => severity === Severity.Error);
  return errors.map(({ rule, resource, message, remedy }) => `policy error: ${resource} ${message}. ${remedy} (${rule})`);
}

/** The scorecard as `slipway score` prints it. */
export function formatScore({ points, rules, passed, findings, exceptions, problems, unusedExceptions }: Scorecard, stack: string): string {
  return [
    `policy of stack "${stack}": ${points} of 100 points, ${passed} of ${rules} rules passed`,
    ...findings.flatMap(({ rule, severity, resource, message, remedy, reference }) => [
      `  ${severity}  ${resource} ${message}`,
      `      ${remedy} (${rule}: ${reference})`,
    ]),
    ...exceptions.map(({ rule, resource, reason, until }) => `  exception${validity({ until })}  ${resource}: ${rule}: ${reason}`),
    ...problems.map((problem) => `  ✗ ${problem}`),
    ...unusedExceptions.map((note) => `  ${note}`),
  ].join("\n");
}
