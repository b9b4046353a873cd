import type { PolicyRuleId } from "../../config/schema/policy-rule-ids.ts";
import type { Properties } from "../../lib/values.ts";
import { isOfType } from "../impact/rule.ts";

export const Severity = { Error: "error", Warning: "warning" } as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

/** A resource as the rules see it. Secrets in its inputs are replaced by `[secret]`. */
export interface Resource {
  urn: string;
  type: string;
  name: string;
  inputs: Properties;
}

/** A requirement for resources of some types. */
export interface PolicyRule {
  /** Identifies the rule in settings, exceptions and the policy pack. */
  id: PolicyRuleId;
  severity: Severity;
  /** Types of resources. `*` matches any text without a colon. */
  types: string[];
  /** Selects resources of these types that the rule does not concern. @default - none. */
  except?: (resource: Resource) => boolean;
  /** What is wrong with a resource, as a predicate without a full stop: `has no memory limit`. `others` is the stack if `inStack`. */
  check: (resource: Resource, others: Resource[]) => string | false | undefined;
  /** The reason in the resource itself why it may break the rule. @default - none: only an exception in the stack file counts. */
  accepted?: (resource: Resource, others: Resource[]) => string | undefined;
  /** Whether the rule needs the other resources of the stack. The policy pack checks such rules at the end of a preview. @default false */
  inStack?: boolean;
  /** How to fix it, as a sentence. */
  remedy: string;
  /** URL of the recommendation. */
  reference: string;
}

/** Whether a rule applies to a resource. */
export function concerns({ types, except }: PolicyRule, resource: Resource): boolean {
  return types.some((pattern) => isOfType(resource.type, pattern)) && !except?.(resource);
}

/** A list of the values: none for undefined and null, one for a single value. */
export function listOf<T>(value: T | T[] | undefined | null): T[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
}
