import { resolve } from "node:path";
import { Deployment } from "./deployment.ts";
import { Display } from "./display.ts";
import type { DriftResult } from "./drift.ts";
import { Checkpoint, isReplaced, type ResourceState } from "./state/checkpoint.ts";
import { FileStore } from "./state/file-store.ts";
import type { StateStore } from "./state/store.ts";
import type { Stack } from "../config/stack-file.ts";
import { plain, type Properties } from "../lib/values.ts";
import { RunRecord, type RunDescription } from "./run-record.ts";

/**
 * Runs the program and deploys its resources. False if one failed; the failure has been printed.
 *
 * @param run What is recorded about it in the stack's history. @default - nothing is recorded
 */
export function up(
  stack: Stack,
  output: NodeJS.WritableStream,
  store: StateStore = new FileStore(stack),
  run?: RunDescription,
): Promise<boolean> {
  const display = new Display(output);
  return store.locked(`slipway ${run?.command ?? "up"}`, () =>
    recorded(store, run, (record) => deploy(stack, store, { preview: false, display, record })),
  );
}

/** Prints what `up` would change. */
export function preview(stack: Stack, output: NodeJS.WritableStream | Display, store: StateStore = new FileStore(stack)): Promise<boolean> {
  return deploy(stack, store, { preview: true, display: output instanceof Display ? output : new Display(output) });
}

/**
 * Deletes every resource of the stack.
 *
 * @param run What is recorded about it in the stack's history. @default - nothing is recorded
 */
export async function down(
  stack: Stack,
  output: NodeJS.WritableStream,
  store: StateStore = new FileStore(stack),
  run?: RunDescription,
): Promise<void> {
  const work = async (record: RunRecord | undefined): Promise<boolean> => {
    const display = new Display(output);
    const deployment = new Deployment(await Checkpoint.open(store), display, { preview: false, record });
    await deployment.deleteUnregistered();
    await deployment.checkpoint.remove();
    await record?.end(true);
    display.summary(false);
    return true;
  };
  await store.locked("slipway down", () => recorded(store, run, work));
}

/** Runs `work`, and completes its record if it fails. */
async function recorded(
  store: StateStore,
  run: RunDescription | undefined,
  work: (record: RunRecord | undefined) => Promise<boolean>,
): Promise<boolean> {
  if (run === undefined) return work(undefined);
  const record = new RunRecord(store.history, run);
  let succeeded = false;
  try {
    succeeded = await work(record);
    return succeeded;
  } finally {
    if (!succeeded) await record.end(false);
  }
}

/** Compares the live objects with the state. Changes neither. */
export async function drift(store: StateStore): Promise<DriftResult> {
  const { findDrift } = await import("./drift.ts");
  return findDrift(await store.load());
}

/**
 * Gives the live objects the version in the state, if `approve` lets what was found through.
 *
 * @param run What is recorded about it in the stack's history. @default - nothing is recorded
 * @returns false if an object could not be restored; the failure has been printed.
 */
export function restoreDrift(
  output: NodeJS.WritableStream,
  store: StateStore,
  approve: (found: DriftResult) => Promise<boolean>,
  run?: RunDescription,
): Promise<boolean> {
  return store.locked("slipway drift --fix", async () => {
    const { findDrift, restore } = await import("./drift.ts");
    const found = await findDrift(await store.load());
    if (found.drifted.length === 0 || !(await approve(found))) return true;
    return recorded(store, run, (record) => restore(store, found.drifted, new Display(output), record));
  });
}

/** The outputs of the program after the last `up`. Secrets are masked by default. */
export async function outputs(store: StateStore, showSecrets: boolean): Promise<Properties> {
  const root = (await store.load()).find((r) => r.type === "pulumi:pulumi:Stack");
  return plain(root?.outputs ?? {}, showSecrets ? undefined : "[secret]");
}

/** The resources in the state. Secrets are masked. */
export async function resources(store: StateStore): Promise<(Pick<ResourceState, "urn" | "type" | "parent"> & { inputs: Properties })[]> {
  const current = (await store.load()).filter((resource) => !isReplaced(resource));
  return current.map(({ urn, type, parent, inputs }) => ({ urn, type, parent, inputs: plain(inputs, "[secret]") }));
}

/** Ids of the resources of a type in the state. */
export async function idsOf(store: StateStore, type: string): Promise<string[]> {
  return (await store.load()).filter((resource) => resource.type === type).map(({ id }) => String(id));
}

interface DeployOptions {
  preview: boolean;
  display: Display;
  record?: RunRecord | undefined;
}

async function deploy(stack: Stack, store: StateStore, { preview, display, record }: DeployOptions): Promise<boolean> {
  // To load the program takes as long as to read a state that is not on this machine.
  const [checkpoint, { runProgram }, { default: program }] = await Promise.all([
    Checkpoint.open(store),
    import("./monitor.ts"),
    import(resolve(stack.main)),
  ]);
  const deployment = new Deployment(checkpoint, display, { preview, record });
  await runProgram(stack, program, deployment, preview);
  if (deployment.failed) return false;
  await deployment.deleteUnregistered();
  if (!preview) await deployment.checkpoint.finish();
  await record?.end(true, checkpoint.resources.values());
  display.summary(preview);
  return true;
}
