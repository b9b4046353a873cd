import * as policy from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { policySettings } from "../../config/schema/policy.ts";
import { concerns, labelOf, Severity, type Resource } from "./rule.ts";
import { policyRules } from "./rules/all.ts";

// The pack is started for one stack, and finds its configuration as a program does.
const { severities, exceptions } = policySettings.parse(new pulumi.Config("slipway").getObject("policy"));
const today = new Date().toISOString().slice(0, 10);

type Policy = policy.ResourceValidationPolicy & Partial<policy.StackValidationPolicy>;

/**
 * By URN, resources as the program registers them. At the end of a preview a stack's resources are told of as their providers see them, and
 * one that cannot be configured yet, as that of a cluster to be made, sees nothing.
 */
const registered = new Map<string, Resource>();

/** The rules as a policy pack of Pulumi's: pulumi preview --policy-pack policy. */
new policy.PolicyPack("slipway", {
  description: "What Slipway's stacks keep to",
  policies: policyRules.flatMap((rule): Policy[] => {
    const severity = severities[rule.id] ?? rule.severity;
    if (severity === "off") return [];
    const excused = exceptions.filter((exception) => exception.rule === rule.id && exception.until >= today);
    const check = (resource: Resource, others: Resource[], report: policy.ReportViolation) => {
      const message = concerns(rule, resource) && rule.check(resource, others);
      if (message && !excused.some((exception) => exception.resource === labelOf(resource)))
        report(`${resource.name} ${message}. ${rule.remedy}`, resource.urn);
    };
    const validateResource: policy.ResourceValidation = ({ urn, type, name, props }, report) => {
      const resource: Resource = { urn, type, name, inputs: props };
      registered.set(urn, resource);
      // Before it is made, so that it is not.
      if (!rule.inStack) check(resource, [], report);
    };
    const validateStack: policy.StackValidation = ({ resources }, report) => {
      const all = resources.map(({ urn, type, name, props }) => registered.get(urn) ?? { urn, type, name, inputs: props });
      for (const resource of all) check(resource, all, report);
    };
    return [
      {
        name: rule.id,
        description: rule.remedy,
        url: rule.reference,
        enforcementLevel: severity === Severity.Error ? "mandatory" : "advisory",
        validateResource,
        ...(rule.inStack && { validateStack }),
      },
    ];
  }),
});
