import type { PolicyRuleId } from "../../../config/schema/policy-rule-ids.ts";
import type { Properties } from "../../../lib/values.ts";
import { concerns, type Resource } from "../../../review/policy/rule.ts";
import { policyRules } from "../../../review/policy/rules/all.ts";

export const digest = "0123456789abcdef".repeat(4);

/** A resource of a stack. */
export const resource = (type: string, inputs: Properties, more: Partial<Resource> = {}): Resource => ({
  urn: `urn:pulumi:test::slipway::${type}::it`,
  type,
  name: "it",
  inputs,
  ...more,
});

/** What a rule says about the first resource of a stack: its message, `passes`, or `not concerned`. */
export function verdictOn(id: PolicyRuleId, [first, ...others]: [Resource, ...Resource[]]): string {
  const rule = policyRules.find((one) => one.id === id)!;
  return concerns(rule, first) ? rule.check(first, [first, ...others]) || "passes" : "not concerned";
}
