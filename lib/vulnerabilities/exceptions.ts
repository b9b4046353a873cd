import type { Finding } from "./finding.ts";

/** What an exception says of a vulnerability, https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md#status-labels. */
export const ExceptionStatus = {
  /** It is no danger here. */
  NotAffected: "not_affected",
  /** It is accepted for a while. */
  Affected: "affected",
} as const;
export type ExceptionStatus = (typeof ExceptionStatus)[keyof typeof ExceptionStatus];

/** Why a vulnerability is no danger, https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md#status-justifications. */
export const Justification = {
  ComponentNotPresent: "component_not_present",
  CodeNotPresent: "vulnerable_code_not_present",
  CodeNotExecuted: "vulnerable_code_not_in_execute_path",
  NotControllable: "vulnerable_code_cannot_be_controlled_by_adversary",
  Mitigated: "inline_mitigations_already_exist",
} as const;
export type Justification = (typeof Justification)[keyof typeof Justification];

/** A finding that is accepted until a day. */
export interface VulnerabilityException {
  /** `GO-2026-6603`, or another name of it, such as `CVE-2026-78659`. */
  id: string;
  /** Services and jobs. @default - all */
  services?: string[];
  reason: string;
  /** The last day, such as 2026-12-31. */
  until: string;
  /** @default "affected" */
  status?: ExceptionStatus;
  /** Only for `not_affected`. @default - the reason says it */
  justification?: Justification;
}

/** The exceptions for a service that have not ended. `today` is a date such as 2026-12-31. */
export function validExceptions<T extends VulnerabilityException>(exceptions: T[], service: string, today: string): T[] {
  return exceptions.filter(({ services, until }) => until >= today && (services?.includes(service) ?? true));
}

/** Whether an exception is about a vulnerability. */
export function isAbout({ id }: Pick<VulnerabilityException, "id">, finding: Pick<Finding, "id" | "aliases">): boolean {
  return [finding.id, ...finding.aliases].some((name) => name.toLowerCase() === id.toLowerCase());
}

/** Expired exceptions that are still needed. They no longer count. */
export function expiredExceptions(exceptions: VulnerabilityException[], found: Found[], today: string): string[] {
  return exceptions.flatMap((one, i) =>
    one.until < today && concerns(one, found)
      ? [`${pathOf(i)}: expired on ${one.until}, so it does not count (${one.id}). Fix the vulnerability, or extend the exception.`]
      : [],
  );
}

/** Exceptions without an effect. */
export function unusedExceptions(exceptions: VulnerabilityException[], found: Found[]): string[] {
  return exceptions.flatMap((one, i) => (concerns(one, found) ? [] : [`${pathOf(i)}: matches no vulnerability (${one.id}). Remove it.`]));
}

/** What was found in a service. */
interface Found {
  service: string;
  findings: Pick<Finding, "id" | "aliases">[];
}

function concerns(exception: VulnerabilityException, found: Found[]): boolean {
  return found.some(
    ({ service, findings }) => (exception.services?.includes(service) ?? true) && findings.some((finding) => isAbout(exception, finding)),
  );
}

function pathOf(index: number): string {
  return `slipway:supplyChain.vulnerabilities.exceptions[${index}]`;
}
