import { z } from "zod";
import { policyRuleIds } from "./policy-rule-ids.ts";
import { required } from "./setting.ts";

const rule = z.enum(policyRuleIds);
const text = z.string().min(1);

const exception = z.strictObject({
  rule: required(rule, { meaning: "ID of the rule", example: "several-pods" }),
  resource: required(text, { meaning: "Kind and name of the resource that may violate the rule", example: "Deployment web" }),
  reason: required(text, { meaning: "Why the exception is needed", example: "a single reader of the queue" }),
  until: required(z.iso.date("must be a date such as 2026-12-31"), { meaning: "Last day of the exception", example: "2026-12-31" }),
});

/** `slipway:policy`: the policy rules of a stack, see docs/REVIEW.md. */
export const policySettings = z
  .strictObject({
    severities: z
      .partialRecord(rule, z.enum(["error", "warning", "off"]))
      .default({})
      .describe("Severities that replace those of the rules. On platforms other than local, an error closes the gate."),
    exceptions: z.array(exception).default([]).describe("Resources that may violate a rule until a given day."),
  })
  .prefault({})
  .describe("Policy rules of `slipway score`.");

export type PolicySettings = z.infer<typeof policySettings>;
