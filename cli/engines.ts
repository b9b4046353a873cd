import { stackLabelValue } from "../lib/docker-labels.ts";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { environmentOf, readStackFile, stackFileSource } from "../config/project.ts";
import { platformOf, settingsIn, type Stack } from "../config/stack-file.ts";
import * as embedded from "../engine/main.ts";
import { DeploymentResult, imagesIn, type Deployment } from "../lib/deployment-record.ts";
import type { DriftResult } from "../engine/drift.ts";
import { previewAsJson } from "../engine/preview-json.ts";
import { command } from "../lib/command.ts";
import { LockedError } from "../lib/file-lock.ts";
import { UserError } from "../lib/user-error.ts";
import type { StateStore } from "../engine/state/store.ts";
import { FileStore } from "../engine/state/file-store.ts";
import { onRecordedCluster } from "./recorded-cluster.ts";
import { stateStoreOf } from "./state/stores.ts";
import { backendVariables, loggedInTo, pulumiMark } from "./pulumi/backend.ts";
import { originOf } from "./history/origin.ts";
import { runOf } from "./history/run.ts";
import { removeLeft, removePending, type ExportedState } from "./pulumi/leftovers.ts";
import { describeLocks, locksOf, removeDeadLocks } from "./pulumi/locks.ts";
import { findPulumi, getPulumi, installPage } from "../setup/pulumi-cli.ts";

/** What deploys a stack: the Pulumi CLI, or the embedded engine if there is no Pulumi CLI. */
export interface Engine {
  title: string;
  isEmbedded: boolean;
  /**
   * False if a resource failed; the failure has been printed.
   *
   * @param command Name of the run in the stack's history. @default "up"
   */
  up(command?: string): Promise<boolean>;
  preview(): Promise<boolean>;
  /** The preview in the form of `pulumi preview --json`. */
  previewAsJson(): Promise<string>;
  down(): Promise<boolean>;
  outputs(showSecrets: boolean): Promise<Record<string, unknown>>;
  /** Ids of the resources of a type in the state, such as `pulumi-nodejs:dynamic/slipway:ClusterIdentity`. */
  idsOf(type: string): Promise<string[]>;
  /** The resources in the state. None if the stack is not up. */
  resources(): Promise<StateResource[]>;
  /** The deployments of the stack, the newest first. None if there were none, or they were made elsewhere. */
  deployments(): Promise<Deployment[]>;
  /**
   * Makes sure that the stack's cluster is the one that it was deployed to.
   *
   * @throws UserError if it is another one, or does not answer.
   */
  checkPlace(): Promise<void>;
  /** Compares the live objects with the state. Changes neither. */
  drift(): Promise<DriftResult>;
  /**
   * Gives the live objects the version in the state, under the stack's lock, if `approve` lets what was found through. False if an object
   * could not be restored; the failure has been printed.
   */
  restoreDrift(approve: (found: DriftResult) => Promise<boolean>): Promise<boolean>;
}

/** A resource in the state of a stack. Secrets in its inputs are masked or encrypted. */
export interface StateResource {
  urn: string;
  type: string;
  /** Last part of the URN. */
  name: string;
  parent: string | undefined;
  inputs: Record<string, unknown>;
}

export interface EngineOptions {
  /** Whether the Pulumi CLI may be downloaded if it is missing. @default false */
  install?: boolean;
  /** Whether standard output is reserved for JSON: progress then goes to standard error. @default false */
  json?: boolean;
}

/**
 * The engine of a stack: the one that created it, until `down`. A new stack uses the one that SLIPWAY_ENGINE names, by default the Pulumi
 * CLI if it is installed, otherwise the embedded engine.
 *
 * @throws UserError if SLIPWAY_ENGINE is invalid or contradicts the engine that created the stack, or the Pulumi CLI is missing.
 */
export async function engineFor(stack: Stack, options: EngineOptions = {}): Promise<Engine> {
  const engine = await unguardedEngine(stack, options);
  return platformOf(stack) === "kubernetes" ? onRecordedCluster(stack, engine) : engine;
}

async function unguardedEngine(stack: Stack, { install = false, json = false }: EngineOptions): Promise<Engine> {
  const wanted = process.env["SLIPWAY_ENGINE"];
  if (wanted !== undefined && wanted !== "pulumi" && wanted !== "embedded") {
    throw new UserError(`SLIPWAY_ENGINE: must be "pulumi" or "embedded" (got "${wanted}").`);
  }
  const rejectOther = (createdBy: "embedded" | "pulumi" | undefined) => {
    if (createdBy === undefined || wanted === undefined || createdBy === wanted) return;
    throw new UserError(
      `Stack "${stack.name}" was created by the ${createdBy} engine, so SLIPWAY_ENGINE=${wanted} cannot change it. Run slipway down --stack ${stack.name} first, move its state with slipway state, or unset SLIPWAY_ENGINE.`,
    );
  };
  const store = stateStoreOf(stack);
  if (environmentOf(stack.name)) {
    if (wanted === "pulumi")
      throw new UserError(
        `Stack "${stack.name}" is a review environment, whose state is in its namespace. Only the embedded engine deploys those: unset SLIPWAY_ENGINE.`,
      );
    return embeddedEngine(stack, store, json);
  }
  const here = createdHere(stack);
  if (here === "embedded" && !(store instanceof FileStore)) throw new UserError(stateInFile(stack));
  rejectOther(here);
  if ((here ?? wanted) === "embedded") return embeddedEngine(stack, store, json);
  const pulumi = install ? await getPulumi() : findPulumi();
  // A cluster is asked for the state only if there is an engine to choose.
  const inCluster = here === undefined && (pulumi || wanted) && !(store instanceof FileStore) && (await store.exists());
  if (inCluster) rejectOther("embedded");
  if (inCluster) return embeddedEngine(stack, store, json);
  if (pulumi) return pulumiEngine(stack, pulumi, json);
  if (here ?? wanted)
    throw new UserError(`The Pulumi CLI is not on the PATH${install ? ", and it cannot be downloaded" : ""}. Install it: ${installPage}`);
  return embeddedEngine(stack, store, json);
}

/** The engine that has created a stack from this checkout. */
export function createdHere(stack: Stack): "embedded" | "pulumi" | undefined {
  if (existsSync(new FileStore(stack).file)) return "embedded";
  return existsSync(pulumiMark(stack)) ? "pulumi" : undefined;
}

function stateInFile(stack: Stack): string {
  const { file } = new FileStore(stack);
  return `Stack "${stack.name}": its state is in ${file}, but slipway:kubernetes.state is cluster. Move it: slipway state export --from file --stack ${stack.name} >state.json, then slipway state import state.json --to cluster --stack ${stack.name}. Or set slipway:kubernetes.state to file.`;
}

/** Whether a stack has been deployed from this checkout, by either engine, or has its state in its cluster. */
export async function isDeployed(stack: Stack): Promise<boolean> {
  return createdHere(stack) !== undefined || (await stateStoreOf(stack).exists());
}

/** The engine for a preview. It needs the Pulumi CLI, and may download it, only for a stack on AWS: others preview without it. */
export function engineForPreview(stack: Stack): Promise<Engine> {
  return engineFor(stack, { install: isOnAws(stack) });
}

function isOnAws(stack: Stack): boolean {
  return platformOf(stack) === "eks";
}

function embeddedEngine(stack: Stack, store: StateStore, json: boolean): Engine {
  const output = json ? process.stderr : process.stdout;
  const rejectNew = async (what: string) => {
    if (!(await store.exists()))
      throw new UserError(`Stack "${stack.name}" is not up, so it has no ${what}. Run slipway up --stack ${stack.name} first.`);
  };
  return {
    title: "the embedded engine",
    isEmbedded: true,
    up(command = "up") {
      if (isOnAws(stack)) throw new UserError(needsCLI(stack));
      return embedded.up(stack, output, store, runOf(stack, command));
    },
    preview: () => embedded.preview(stack, output, store),
    previewAsJson: () => previewAsJson(stack, store),
    down: () => embedded.down(stack, output, store, runOf(stack, "down")).then(() => true),
    async outputs(showSecrets) {
      await rejectNew("outputs");
      return embedded.outputs(store, showSecrets);
    },
    idsOf: (type) => embedded.idsOf(store, type),
    resources: async () => (await embedded.resources(store)).map(named),
    deployments: () => store.history.load(),
    checkPlace: async () => {},
    async drift() {
      await rejectNew("state to compare with");
      return embedded.drift(store);
    },
    restoreDrift: (approve) => embedded.restoreDrift(output, store, approve, runOf(stack, "drift --fix")),
  };
}

function needsCLI({ name }: Stack): string {
  return `Stack "${name}" is on AWS, which the embedded engine can preview but not change. Install the Pulumi CLI (${installPage}), then run slipway up --stack ${name}.`;
}

function cannotRestore({ name }: Stack): string {
  return `--fix: the Pulumi CLI cannot restore the objects of stack "${name}" without running its program, which may have changed. Review slipway preview --stack ${name}, then run slipway up --stack ${name}.`;
}

/** A resource of `pulumi stack export`. */
interface ExportedResource {
  urn: string;
  type: string;
  id?: string;
  parent?: string;
  inputs?: Record<string, unknown>;
  /** Whether it is only still to be deleted. */
  delete?: boolean;
}

function named({ urn, type, parent, inputs = {} }: ExportedResource): StateResource {
  return { urn, type, name: urn.split("::").at(-1)!, parent, inputs };
}

/** What the Pulumi CLI prints if another update is running: https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/automation/errors.ts */
const lockMessages = ["[409] Conflict: Another update is currently in progress", "the stack is currently locked by"];

function pulumiEngine(stack: Stack, pulumi: string, json: boolean): Engine {
  const ownVariables = backendVariables();
  // Read for each run: planImages and useEarlierImages set variables for the program after the engine was chosen.
  const environment = () => ({ ...process.env, ...ownVariables });
  const run = (args: string[]) =>
    new Promise<boolean>((done, failed) => {
      const child = spawn(pulumi, [...args, "--stack", stack.name], {
        stdio: ["inherit", json ? 2 : "inherit", "pipe"],
        env: environment(),
      });
      let isLocked = false;
      // Read by line, so that a message is in one piece.
      createInterface({ input: child.stderr! }).on("line", (line) => {
        process.stderr.write(`${line}\n`);
        isLocked ||= lockMessages.some((message) => line.includes(message));
      });
      child.on("error", failed).on("close", (code) => {
        if (isLocked) failed(new LockedError(describeLocks(locks(), stack.name, ownVariables)));
        else done(code === 0);
      });
    });
  /** Standard output of a run that changes nothing. If it fails, its output says why, so its exit code does not matter. */
  const outputOf = (args: string[]) =>
    new Promise<string>((done, failed) => {
      const child = spawn(pulumi, [...args, "--stack", stack.name], { stdio: ["ignore", "pipe", "inherit"], env: environment() });
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
      child.on("error", failed).on("close", () => done(output));
    });
  const locks = () => locksOf(environment()["PULUMI_BACKEND_URL"] ?? loggedInTo(), stack.project, stack.name);
  const say = (notes: string[]) => notes.forEach((note) => process.stderr.write(`note: ${note}\n`));
  /** Makes up for runs that were killed. */
  const recover = async () => {
    say(removeDeadLocks(locks()));
    if (!hasDocker(stack) || !existsSync(pulumiMark(stack))) return;
    const state = JSON.parse(await command(pulumi, ["stack", "export", "--stack", stack.name], { env: ownVariables })) as ExportedState;
    say(await removePending(state, dockerHost(stack), stackLabelValue(stack)));
  };
  const message = async (name: string) => {
    const [{ messageOf }, origin] = await Promise.all([import("./history/pulumi.ts"), originOf()]);
    return ["--message", messageOf(name, origin)];
  };
  const exported = async () => {
    // Fails if nobody has created the stack yet.
    const text = await command(pulumi, ["stack", "export", "--stack", stack.name], { env: ownVariables }).catch(() => "{}");
    return (JSON.parse(text) as { deployment?: { resources?: ExportedResource[] | null } }).deployment?.resources ?? [];
  };
  const select = () => command(pulumi, ["stack", "select", "--create", stack.name], { env: ownVariables });
  return {
    title: `the Pulumi CLI (${pulumi})`,
    isEmbedded: false,
    async up(command = "up") {
      await select();
      await recover();
      mkdirSync(stack.folder, { recursive: true, mode: 0o700 });
      writeFileSync(pulumiMark(stack), "");
      return run(["up", "--yes", "--skip-preview", ...(await message(command))]);
    },
    async preview() {
      await select();
      return run(["preview", "--diff"]);
    },
    async previewAsJson() {
      await select();
      return outputOf(["preview", "--json", ...changedConfig(stack)]);
    },
    async down() {
      say(removeDeadLocks(locks()));
      const succeeded = await run(["destroy", "--yes", "--skip-preview", ...(await message("down"))]);
      // Without the mark, objects with the stack's name belong to another checkout.
      if (succeeded && hasDocker(stack) && existsSync(pulumiMark(stack))) say(await removeLeft(dockerHost(stack), stackLabelValue(stack)));
      if (succeeded) rmSync(pulumiMark(stack), { force: true });
      return succeeded;
    },
    async outputs(showSecrets) {
      const args = ["stack", "output", "--json", "--stack", stack.name, ...(showSecrets ? ["--show-secrets"] : [])];
      return JSON.parse(await command(pulumi, args, { env: ownVariables }));
    },
    idsOf: async (type) => (await exported()).filter((resource) => resource.type === type).map(({ id }) => String(id)),
    resources: async () => (await exported()).filter((resource) => resource.delete !== true).map(named),
    async deployments() {
      const { deploymentsIn, historyArguments, isUnknownStack } = await import("./history/pulumi.ts");
      const printed = command(pulumi, [...historyArguments, "--stack", stack.name], { env: ownVariables });
      const known = await printed.catch((error: Error) => (isUnknownStack(error) ? "[]" : Promise.reject(error)));
      const [newest, ...earlier] = deploymentsIn(known);
      if (newest === undefined) return [];
      // The backend keeps only the outputs of the last one.
      const isUp = newest.result === DeploymentResult.Succeeded && newest.command !== "down";
      return [{ ...newest, ...(isUp && imagesIn(await this.outputs(false))) }, ...earlier];
    },
    checkPlace: async () => {},
    async drift() {
      const { driftInRefresh, refreshArguments } = await import("./pulumi/refresh.ts");
      return driftInRefresh(await outputOf(refreshArguments), stack.name);
    },
    restoreDrift: () => Promise.reject(new UserError(cannotRestore(stack))),
  };
}

/** The stack file of a preview of `slipway upgrade`, which is not in the project yet. */
function changedConfig({ name }: Stack): string[] {
  const { file } = readStackFile(name);
  const source = stackFileSource(file);
  return source === file ? [] : ["--config-file", source];
}

function hasDocker(stack: Stack): boolean {
  return ["local", "docker", "swarm"].includes(platformOf(stack));
}

/** Endpoint of the stack's Docker host. @default - the one that the `docker` command uses. */
function dockerHost(stack: Stack): string | undefined {
  const platform = platformOf(stack);
  return platform === "local" ? undefined : (settingsIn(stack, platform) as { host?: string }).host;
}
