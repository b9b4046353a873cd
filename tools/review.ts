import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { UserError } from "../components/internal/user-error.ts";
import { judge, type GateSettings } from "../pipeline/gate.ts";
import { classify } from "../pipeline/impact.ts";
import { readPlan } from "../pipeline/plan.ts";
import { markdown, plainText, type Review } from "../pipeline/report.ts";
import { gateSettings } from "../settings/gate.ts";
import type { Stack } from "../stack-file.ts";
import type { Engine } from "./engines.ts";

export interface ReviewOptions {
  /** File with what `pulumi preview --json` printed, `-` for standard input. @default - a preview is made. */
  preview?: string;
  /** File that the report is written to, as Markdown. @default - none. */
  report?: string;
}

/**
 * Says what a change does to those who use the stack, and whether its gate lets it through.
 *
 * @throws UserError where the preview cannot be read or is of another stack: what cannot be told is not let through.
 */
export async function review(stack: Stack, engine: () => Promise<Engine>, { preview, report }: ReviewOptions): Promise<boolean> {
  const plan = readPlan(await textOf(preview, engine), { project: stack.project, stack: stack.name });
  const impacts = classify(plan);
  const reviewed: Review = { plan, impacts, verdict: judge(impacts, settingsOf(stack), new Date()) };
  process.stdout.write(plainText(reviewed, process.stdout));
  if (report !== undefined) writeFileSync(report, markdown(reviewed));
  return reviewed.verdict.open;
}

async function textOf(preview: string | undefined, engine: () => Promise<Engine>): Promise<string> {
  if (preview === "-") return text(process.stdin);
  if (preview === undefined) return (await engine()).plan();
  if (!existsSync(preview)) throw new UserError(`${preview} is not there. Make it: pulumi preview --json >${preview}`);
  return readFileSync(preview, "utf8");
}

function settingsOf({ project, name, config }: Stack): GateSettings {
  const given = config[`${project}:gate`];
  if (given === undefined) return {};
  const { success, data, error } = gateSettings.safeParse(JSON.parse(given));
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `  - ${project}:gate.${path.join(".")}: ${message}`);
  throw new UserError([`The gate's settings do not hold, so it stays closed. In stacks/Pulumi.${name}.yaml:`, ...problems].join("\n"));
}
