import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { locked } from "../lib/file-lock.ts";
import { Checkpoint } from "./checkpoint.ts";
import { Deployment } from "./deployment.ts";
import { Display } from "./display.ts";
import type { Stack } from "../config/stack-file.ts";
import { plain, type Properties } from "../lib/values.ts";

/** Whether a stack is up, as far as this engine made it. */
export function isUp(stack: Stack): boolean {
  return existsSync(join(stack.folder, "checkpoint.json"));
}

/** Carries out the program; false where something failed, which has been told by then. */
export function up(stack: Stack): Promise<boolean> {
  return locked(stack.folder, `Stack "${stack.name}"`, "up", () => deploy(stack, false));
}

/** Tells what `up` would do, and does nothing. */
export function preview(stack: Stack, display?: Display): Promise<boolean> {
  return deploy(stack, true, display);
}

/** Deletes everything that the stack has. */
export function down(stack: Stack): Promise<void> {
  return locked(stack.folder, `Stack "${stack.name}"`, "down", async () => {
    const display = new Display();
    const deployment = new Deployment(new Checkpoint(stack), display, false);
    await deployment.deleteLeftovers();
    deployment.checkpoint.remove();
    display.summary(false);
  });
}

/** The outputs of the program as of the last `up`; secrets are masked unless wanted. */
export function outputs(stack: Stack, showSecrets: boolean): Properties {
  const root = [...new Checkpoint(stack).resources.values()].find((r) => r.type === "pulumi:pulumi:Stack");
  return plain(root?.outputs ?? {}, showSecrets ? undefined : "[secret]");
}

async function deploy(stack: Stack, preview: boolean, display = new Display()): Promise<boolean> {
  const deployment = new Deployment(new Checkpoint(stack), display, preview);
  const { runProgram } = await import("./monitor.ts");
  const { default: program } = await import(resolve(stack.main));
  await runProgram(stack, program, deployment, preview);
  if (deployment.failed) return false;
  await deployment.deleteLeftovers();
  if (!preview) deployment.checkpoint.save();
  display.summary(preview);
  return true;
}
