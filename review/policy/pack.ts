import * as policy from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { parseConfigValue } from "../../config/config-value.ts";
import { extendSettings } from "../../config/defaults/extend.ts";
import { projectAbove } from "../../config/project.ts";
import { policySettings } from "../../config/schema/policy.ts";
import { labelOf } from "../impact/rule.ts";
import { concerns, Severity, type Resource } from "./rule.ts";
import { policyRules } from "./rules/all.ts";

// Pulumi starts the pack for one stack, with the configuration of the stack.
const { severities, exceptions } = policySettings.parse(settingsOfStack()["policy"]);
const today = new Date().toISOString().slice(0, 10);

type Policy = policy.ResourceValidationPolicy & Partial<policy.StackValidationPolicy>;

/**
 * Resources as the program registers them, by URN. At the end of a preview Pulumi passes resources as their providers see them, which is
 * nothing if the provider cannot be configured yet, such as that of a new cluster.
 */
const registered = new Map<string, Resource>();

/** The policy rules as a policy pack: `pulumi preview --policy-pack review/policy`. */
new policy.PolicyPack("slipway", {
  description: "Policy rules for stacks of Slipway",
  policies: policyRules.flatMap((rule): Policy[] => {
    const severity = severities[rule.id] ?? rule.severity;
    if (severity === "off") return [];
    const valid = exceptions.filter((exception) => exception.rule === rule.id && exception.until >= today);
    const check = (resource: Resource, others: Resource[], report: policy.ReportViolation) => {
      const message = concerns(rule, resource) && rule.check(resource, others);
      const isAccepted =
        valid.some((exception) => exception.resource === labelOf(resource)) || rule.accepted?.(resource, others) !== undefined;
      if (message && !isAccepted) report(`${labelOf(resource)} ${message}. ${rule.remedy}`, resource.urn);
    };
    const validateResource: policy.ResourceValidation = ({ urn, type, name, props }, report) => {
      const resource: Resource = { urn, type, name, inputs: props };
      registered.set(urn, resource);
      // Reported here, a mandatory violation prevents the creation of the resource.
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

/** The settings with the defaults that the stack extends. Pulumi runs a pack in the pack's own folder, which is in that of the project. */
function settingsOfStack(): Record<string, unknown> {
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith("slipway:"));
  const given = Object.fromEntries(own.map(([key, text]) => [key.slice("slipway:".length), parseConfigValue(text)]));
  return extendSettings(given, "slipway:extends", projectAbove(import.meta.dirname)).settings;
}
