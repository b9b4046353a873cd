import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { locked } from "../lib/file-lock.ts";
import { Checkpoint } from "./checkpoint.ts";
import { Deployment } from "./deployment.ts";
import { Display } from "./display.ts";
import type { Stack } from "../config/stack-file.ts";
import { plain, type Properties } from "../lib/values.ts";

/** Whether this engine has created a stack. */
export function isUp(stack: Stack): boolean {
  return existsSync(join(stack.folder, "checkpoint.json"));
}

/** Runs the program and deploys its resources. False if one failed; the failure has been printed. */
export function up(stack: Stack, output: NodeJS.WritableStream): Promise<boolean> {
  return locked(stack.folder, `Stack "${stack.name}"`, "slipway up", () => deploy(stack, false, new Display(output)));
}

/** Prints what `up` would change. */
export function preview(stack: Stack, output: NodeJS.WritableStream | Display): Promise<boolean> {
  return deploy(stack, true, output instanceof Display ? output : new Display(output));
}

/** Deletes every resource of the stack. */
export function down(stack: Stack, output: NodeJS.WritableStream): Promise<void> {
  return locked(stack.folder, `Stack "${stack.name}"`, "slipway down", async () => {
    const display = new Display(output);
    const deployment = new Deployment(new Checkpoint(stack), display, false);
    await deployment.deleteUnregistered();
    deployment.checkpoint.remove();
    display.summary(false);
  });
}

/** The outputs of the program after the last `up`. Secrets are masked by default. */
export function outputs(stack: Stack, showSecrets: boolean): Properties {
  const root = [...new Checkpoint(stack).resources.values()].find((r) => r.type === "pulumi:pulumi:Stack");
  return plain(root?.outputs ?? {}, showSecrets ? undefined : "[secret]");
}

/** Ids of the resources of a type in the checkpoint. */
export function idsOf(stack: Stack, type: string): string[] {
  return [...new Checkpoint(stack).resources.values()].filter((resource) => resource.type === type).map(({ id }) => String(id));
}

async function deploy(stack: Stack, preview: boolean, display: Display): Promise<boolean> {
  const deployment = new Deployment(new Checkpoint(stack), display, preview);
  const { runProgram } = await import("./monitor.ts");
  const { default: program } = await import(resolve(stack.main));
  await runProgram(stack, program, deployment, preview);
  if (deployment.failed) return false;
  await deployment.deleteUnregistered();
  if (!preview) deployment.checkpoint.save();
  display.summary(preview);
  return true;
}
