import { resolve } from "node:path";
import { parseArgs, styleText } from "node:util";
import { UserError } from "../components/internal/user-error.ts";
import { Checkpoint } from "./checkpoint.ts";
import { Deployment } from "./deployment.ts";
import { Display } from "./display.ts";
import { locked } from "./lock.ts";
import { readStack, type Stack } from "./stack.ts";
import { masked, plain } from "./values.ts";

const usage = "usage: node engine/main.ts up|preview|down|outputs [--stack local] [--show-secrets]";

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { stack: { type: "string", default: "local" }, "show-secrets": { type: "boolean", default: false } },
  });
  const [command] = positionals;
  const stack = readStack(values.stack);
  switch (command) {
    case "up":
      return locked(stack.folder, `up ${stack.name}`, () => deploy(stack, false));
    case "preview":
      return deploy(stack, true);
    case "down":
      return locked(stack.folder, `down ${stack.name}`, () => down(stack));
    case "outputs":
      return outputs(stack, values["show-secrets"]);
    default:
      throw new UserError(usage);
  }
}

async function deploy(stack: Stack, preview: boolean): Promise<number> {
  const display = new Display(preview);
  const deployment = new Deployment(new Checkpoint(stack), display, preview);
  const { runProgram } = await import("./monitor.ts");
  const program = (await import(resolve(stack.main))).default;
  if ((await runProgram(stack, program, deployment, preview)) === undefined) return 1;
  await deployment.deleteLeftovers();
  if (!preview) deployment.checkpoint.save();
  display.summary();
  return deployment.failed ? 1 : 0;
}

async function down(stack: Stack): Promise<number> {
  if (!Checkpoint.exists(stack)) {
    process.stdout.write(`Stack "${stack.name}" is not up.\n`);
    return 0;
  }
  const display = new Display(false);
  const deployment = new Deployment(new Checkpoint(stack), display, false);
  await deployment.deleteLeftovers();
  display.summary();
  if (deployment.failed) return 1;
  deployment.checkpoint.remove();
  return 0;
}

function outputs(stack: Stack, showSecrets: boolean): number {
  const root = [...new Checkpoint(stack).resources.values()].find((r) => r.type === "pulumi:pulumi:Stack");
  if (!root) throw new UserError(`Stack "${stack.name}" is not up, so it has no outputs: make up STACK=${stack.name}`);
  process.stdout.write(JSON.stringify(showSecrets ? plain(root.outputs) : masked(root.outputs), null, 2) + "\n");
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error) => {
    const text = error instanceof UserError || !(error instanceof Error) ? String(error.message ?? error) : error.stack;
    process.stderr.write(`${styleText("red", "error:", { stream: process.stderr })} ${text}\n`);
    process.exit(1);
  },
);
