import { z } from "zod";
import { policyRules } from "../../review/policy/rules/all.ts";

const rule = z.enum(policyRules.map(({ id }) => id));
const text = z.string().min(1);

/** `slipway:policy`. */
export const policySettings = z
  .strictObject({
    severities: z
      .partialRecord(rule, z.enum(["error", "warning", "off"]))
      .default({})
      .describe("Severities of rules, where they are to be others: an error closes the gate, on other platforms than local."),
    exceptions: z
      .array(
        z.strictObject({
          rule: rule.describe("Which rule."),
          resource: text.describe('Kind and name of the one resource that need not keep to it, such as "Deployment web".'),
          reason: text.describe("Why."),
          until: z.iso.date("must be a date such as 2026-12-31").describe("The last day that it counts."),
        }),
      )
      .default([])
      .describe("What is excused, each by itself, for a reason and a time."),
  })
  .prefault({})
  .describe("Policy rules of `slipway score`; see docs/REVIEW.md.");

export type PolicySettings = z.infer<typeof policySettings>;
