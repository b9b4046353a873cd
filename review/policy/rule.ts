import type { PolicyRuleId } from "../../config/schema/policy-rule-ids.ts";
import type { Properties } from "../../lib/values.ts";
import { isOfType } from "../impact/rule.ts";

export const Severity = { Error: "error", Warning: "warning" } as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

/** A resource as the rules see it; what is secret in its inputs is `[secret]`. */
export interface Resource {
  urn: string;
  type: string;
  name: string;
  inputs: Properties;
}

/** What every resource of some kinds keeps to. */
export interface PolicyRule {
  /** By what settings, exceptions and policy packs name it. */
  id: PolicyRuleId;
  severity: Severity;
  /** Types of resources; `*` stands for any text without a colon. */
  types: string[];
  /** Resources of these types that the rule is not for all the same. @default - none. */
  except?: (resource: Resource) => boolean;
  /** What is wrong with a resource, or nothing; `others` has the whole stack, if the rule is `inStack`. */
  check: (resource: Resource, others: Resource[]) => string | false | undefined;
  /** Whether it looks at other resources too: a policy pack can ask it only once all are there. @default false */
  inStack?: boolean;
  /** What to do. */
  remedy: string;
  /** Where the rule is from. */
  reference: string;
}

export function concerns({ types, except }: PolicyRule, resource: Resource): boolean {
  return types.some((pattern) => isOfType(resource.type, pattern)) && !except?.(resource);
}

/** `Deployment web` */
export function labelOf({ type, name }: Pick<Resource, "type" | "name">): string {
  return `${type.split(":").at(-1)} ${name}`;
}

/** A list, of one thing too, and of nothing. */
export function listOf<T>(value: T | T[] | undefined | null): T[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
}
