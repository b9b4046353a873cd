import { unknown, type Properties } from "../../lib/values.ts";
import type { StepImpact } from "../impact/step-impact.ts";
import { registrationsOf, type Registered } from "../render/registrations.ts";
import type { PolicySettings } from "../../config/schema/policy.ts";
import type { Stack } from "../../config/stack-file.ts";
import { scoreOf, type Scorecard } from "./scorecard.ts";

/** The score of a stack after an update: the resources that the program registers, overlaid with those of a preview. */
export async function scoreOfStack(
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
    else all.set(urn, { urn, type, name, parent, inputs: withKnown(after, all.get(urn)?.inputs) as Properties });
  }
  const resources = [...all.values()];
  return { resources, score: scoreOf(resources, settings, today) };
}

/** Replaces values that the preview does not know yet, such as an image in a registry that does not exist, by those that were rendered. */
function withKnown(value: unknown, rendered: unknown): unknown {
  if (value === unknown) return rendered ?? value;
  if (Array.isArray(value)) return value.map((item, i) => withKnown(item, Array.isArray(rendered) ? rendered[i] : undefined));
  if (value === null || typeof value !== "object") return value;
  const map = (rendered !== null && typeof rendered === "object" ? rendered : {}) as Properties;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, withKnown(below, map[key])]));
}
