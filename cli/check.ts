import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { knownStacks } from "../config/project.ts";
import { readStack, type Stack } from "../config/stack-file.ts";
import { command } from "../lib/command.ts";
import { UserError } from "../lib/user-error.ts";
import { configurationOf } from "../review/configuration.ts";
import { errorsIn, type Scorecard } from "../review/policy/scorecard.ts";
import { scoreOfStack } from "../review/policy/stack-score.ts";
import { today } from "./today.ts";

/** What `slipway check` found. */
export interface Checks {
  types: { program: string; result: "passed" | "failed" | "skipped"; output: string };
  stacks: StackCheck[];
}

interface StackCheck {
  stack: string;
  /** Why the stack cannot be deployed. */
  problems: string;
  /** Missing if there are problems. */
  score?: Pick<Scorecard, "points" | "rules" | "passed">;
  /** Policy errors. */
  errors: string[];
  /** Number of policy warnings. */
  warnings: number;
}

/**
 * Checks the types of the program, and the stacks; all if none is named.
 *
 * @throws UserError if there is no project, no stack, or no stack of a name.
 */
export async function checkProject(names: string[]): Promise<Checks> {
  const known = knownStacks();
  if (!existsSync("Pulumi.yaml"))
    throw new UserError("Pulumi.yaml: does not exist here. Run slipway in the folder of a project, or create one: slipway init");
  if (known.length === 0) throw new UserError("There is no stack file. Create one: slipway init");
  const chosen = names.length > 0 ? names : known;
  const stacks: StackCheck[] = [];
  let main = "index.ts";
  // One after the other, because the SDK has one configuration per process.
  for (const name of chosen) {
    const stack = read(name);
    if (typeof stack !== "string") main = stack.main;
    stacks.push(typeof stack === "string" ? { stack: name, problems: stack, errors: [], warnings: 0 } : await checkStack(stack));
  }
  return { types: await checkTypes(main), stacks };
}

function read(name: string): Stack | string {
  try {
    return readStack(name, { withoutSecrets: true });
  } catch (error) {
    return messageOf(error);
  }
}

async function checkStack(stack: Stack): Promise<StackCheck> {
  const failed = (error: unknown): StackCheck => ({ stack: stack.name, problems: messageOf(error), errors: [], warnings: 0 });
  try {
    const { policy } = await configurationOf(stack);
    const { score } = await scoreOfStack(stack, policy, [], today());
    const { points, rules, passed, findings, problems } = score;
    const warnings = findings.filter(({ severity }) => severity === "warning").length;
    return { stack: stack.name, problems: "", score: { points, rules, passed }, errors: [...errorsIn(score), ...problems], warnings };
  } catch (error) {
    return failed(error);
  }
}

function messageOf(error: unknown): string {
  if (error instanceof UserError) return error.message;
  throw error;
}

/** Checks the types of the program, with the project's own TypeScript. */
async function checkTypes(program: string): Promise<Checks["types"]> {
  const compiler = compilerOf(dirname(resolve("package.json")));
  if (compiler === undefined)
    return {
      program,
      result: "skipped",
      output: "typescript is not installed. To check types: npm install --save-dev typescript @types/node",
    };
  const flags = [
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--strict",
    "--skipLibCheck",
    "--allowImportingTsExtensions",
    "--erasableSyntaxOnly",
  ];
  const args = existsSync("tsconfig.json") ? ["--project", "tsconfig.json"] : [...flags, program];
  try {
    await command(process.execPath, [compiler, "--noEmit", "--pretty", "false", ...args], { lines: Infinity });
    return { program, result: "passed", output: "" };
  } catch (error) {
    const lines = messageOf(error)
      .split("\n")
      .flatMap((line) => /^ {2}\| (.*)$/.exec(line)?.[1] ?? []);
    return { program, result: "failed", output: lines.join("\n") };
  }
}

function compilerOf(folder: string): string | undefined {
  try {
    const description = createRequire(join(folder, "package.json")).resolve("typescript/package.json");
    const compiler = join(dirname(description), "bin", "tsc");
    return existsSync(compiler) ? compiler : undefined;
  } catch {
    return undefined;
  }
}

/** Whether nothing has to be fixed. Warnings of the policy do not count. */
export function isClean({ types, stacks }: Checks): boolean {
  return types.result !== "failed" && stacks.every(({ problems, errors }) => problems === "" && errors.length === 0);
}

export function formatChecks({ types: { program, result, output }, stacks }: Checks): string {
  const indented = (text: string) => text.trimEnd().replaceAll(/^(?=.)/gm, "    ");
  const lines =
    result === "passed"
      ? [`✓ ${program}: types`]
      : result === "skipped"
        ? [`- ${program}: types were not checked, because ${output}`]
        : [`✗ ${program}: types`, indented(output)];
  for (const { stack, problems, score, errors, warnings } of stacks) {
    if (!score) {
      lines.push(`✗ stack ${stack}`, indented(problems));
      continue;
    }
    const found = warnings === 0 ? "" : `, ${warnings} ${warnings === 1 ? "warning" : "warnings"} (slipway score --stack ${stack})`;
    lines.push(
      `${errors.length === 0 ? "✓" : "✗"} stack ${stack}: ${errors.length === 0 ? "valid" : "policy errors"}, ${score.points} of 100 points, ${score.passed} of ${score.rules} rules passed${found}`,
    );
    lines.push(...errors.map(indented));
  }
  return `${lines.join("\n")}\n`;
}
