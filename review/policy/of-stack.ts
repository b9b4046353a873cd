import { unknown, type Properties } from "../../lib/values.ts";
import type { StepImpact } from "../impact/impacts.ts";
import { registrationsOf, type Registered } from "../render/registrations.ts";
import type { PolicySettings } from "../../config/schema/policy.ts";
import type { Stack } from "../../config/stack-file.ts";
import { scoreOf, type Scorecard } from "./scorecard.ts";

/** The policy's score of the stack as it will be: as its program has it, and where a preview tells of a resource, as that does. */
export async function scoreOn(
  stack: Stack,
  settings: PolicySettings,
  impacts: StepImpact[],
  today: string,
): Promise<{ resources: Registered[]; score: Scorecard }> {
  const all = new Map((await registrationsOf(stack)).map((resource) => [resource.urn, resource]));
  for (const { step } of impacts) {
    if (step.operation === "same" || !step.custom) continue;
    const { urn, type, name, parent, after } = step;
    if (step.operation === "delete") all.delete(urn);
    else all.set(urn, { urn, type, name, parent, inputs: filled(after, all.get(urn)?.inputs) as Properties });
  }
  const resources = [...all.values()];
  return { resources, score: scoreOf(resources, settings, today) };
}

/** What a preview does not know yet, as the image in a registry that is still to be made, as the program has it. */
function filled(value: unknown, rendered: unknown): unknown {
  if (value === unknown) return rendered ?? value;
  if (Array.isArray(value)) return value.map((item, i) => filled(item, Array.isArray(rendered) ? rendered[i] : undefined));
  if (value === null || typeof value !== "object") return value;
  const map = (rendered !== null && typeof rendered === "object" ? rendered : {}) as Properties;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, filled(below, map[key])]));
}

/** Errors as the gate tells of them. */
export function errorsOf({ findings }: Scorecard): string[] {
  const errors = findings.filter(({ severity }) => severity === "error");
  return errors.map(({ rule, resource, message, remedy }) => `policy  ${resource}: ${message}. ${remedy} (${rule})`);
}
