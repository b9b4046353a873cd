import * as policy from "@pulumi/policy";
import { concerns, Severity, type Resource } from "./rule.ts";
import { policyRules } from "./rules.ts";

/** The rules as a policy pack of Pulumi's: pulumi preview --policy-pack policy. */
new policy.PolicyPack("slipway", {
  description: "What Slipway's stacks keep to",
  policies: policyRules.map((rule): policy.StackValidationPolicy => ({
    name: rule.id,
    description: rule.remedy,
    url: rule.reference,
    enforcementLevel: rule.severity === Severity.Error ? "mandatory" : "advisory",
    validateStack({ resources: given }, reportViolation) {
      const resources = given.map(({ urn, type, name, props }): Resource => ({ urn, type, name, inputs: props }));
      for (const resource of resources.filter((one) => concerns(rule, one))) {
        const message = rule.check(resource, resources);
        if (message) reportViolation(`${resource.name} ${message}. ${rule.remedy}`, resource.urn);
      }
    },
  })),
});
