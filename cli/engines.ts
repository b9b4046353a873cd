import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { command } from "../lib/command.ts";
import { UserError } from "../lib/user-error.ts";
import * as embedded from "../engine/main.ts";
import { previewWithEmbeddedEngine } from "../engine/preview-json.ts";
import type { Stack } from "../config/stack-file.ts";
import { findPulumi, getPulumi } from "../setup/pulumi-cli.ts";

/** What carries out a stack: the Pulumi CLI, or the embedded engine where the CLI cannot be had. */
export interface Engine {
  title: string;
  up(): Promise<boolean>;
  preview(): Promise<boolean>;
  /** The same as `pulumi preview --json` prints it. */
  previewAsJson(): Promise<string>;
  down(): Promise<boolean>;
  outputs(showSecrets: boolean): Promise<Record<string, unknown>>;
}

/**
 * The engine of a stack: the one that made it, until `down`. A new stack takes what SLIPWAY_ENGINE says, else the Pulumi CLI
 * where there is one (or, if `install`, where one can be installed), else the embedded engine.
 */
export async function engineFor(stack: Stack, install: boolean): Promise<Engine> {
  const wanted = process.env["SLIPWAY_ENGINE"];
  if (wanted !== undefined && wanted !== "pulumi" && wanted !== "embedded") {
    throw new UserError(`SLIPWAY_ENGINE must be "pulumi" or "embedded", got "${wanted}".`);
  }
  const madeBy = embedded.isUp(stack) ? "embedded" : existsSync(pulumiMark(stack)) ? "pulumi" : undefined;
  if (madeBy && wanted && madeBy !== wanted) {
    throw new UserError(
      `Stack "${stack.name}" was made by the ${madeBy} engine and stays with it: make down STACK=${stack.name} first, or unset SLIPWAY_ENGINE.`,
    );
  }
  if ((madeBy ?? wanted) === "embedded") return embeddedEngine(stack);
  const pulumi = install ? await getPulumi() : findPulumi();
  if (pulumi) return pulumiEngine(stack, pulumi);
  if (madeBy ?? wanted)
    throw new UserError(
      "The Pulumi CLI is neither on the PATH nor can it be downloaded. Install it: https://www.pulumi.com/docs/iac/download-install/",
    );
  return embeddedEngine(stack);
}

function embeddedEngine(stack: Stack): Engine {
  return {
    title: "the embedded engine",
    up() {
      const platform = stack.config[`${stack.project}:platform`];
      if (platform === "eks") throw new UserError(onAws(stack));
      return embedded.up(stack);
    },
    preview: () => embedded.preview(stack),
    previewAsJson: () => previewWithEmbeddedEngine(stack),
    down: () => embedded.down(stack).then(() => true),
    async outputs(showSecrets) {
      if (!embedded.isUp(stack)) throw new UserError(`Stack "${stack.name}" is not up, so it has no outputs: make up STACK=${stack.name}`);
      return embedded.outputs(stack, showSecrets);
    },
  };
}

function onAws({ name }: Stack): string {
  return `Stack "${name}" is on AWS, which the embedded engine changes nothing on: it has no provider for it, nor a state that a team shares. Install the Pulumi CLI (https://www.pulumi.com/docs/iac/download-install/), then make up STACK=${name}. make preview STACK=${name} works without.`;
}

/** Tells that a stack was made by the Pulumi CLI. */
const pulumiMark = (stack: Stack) => join(stack.folder, "made-by-pulumi");

function pulumiEngine(stack: Stack, pulumi: string): Engine {
  const env = backend();
  const run = (args: string[]) =>
    new Promise<boolean>((done, failed) => {
      const child = spawn(pulumi, [...args, "--stack", stack.name], { stdio: "inherit", env: { ...process.env, ...env } });
      child.on("error", failed).on("close", (code) => done(code === 0));
    });
  const select = () => command(pulumi, ["stack", "select", "--create", stack.name], { env });
  return {
    title: `the Pulumi CLI (${pulumi})`,
    async up() {
      await select();
      mkdirSync(stack.folder, { recursive: true, mode: 0o700 });
      writeFileSync(pulumiMark(stack), "");
      return run(["up", "--yes", "--skip-preview"]);
    },
    async preview() {
      await select();
      return run(["preview", "--diff"]);
    },
    async previewAsJson() {
      await select();
      // One that fails says why in what it prints, too.
      return new Promise((done, failed) => {
        const child = spawn(pulumi, ["preview", "--json", "--stack", stack.name], {
          stdio: ["ignore", "pipe", "inherit"],
          env: { ...process.env, ...env },
        });
        let said = "";
        child.stdout.setEncoding("utf8").on("data", (text) => (said += text));
        child.on("error", failed).on("close", () => done(said));
      });
    },
    async down() {
      const gone = await run(["destroy", "--yes", "--skip-preview"]);
      if (gone) rmSync(pulumiMark(stack), { force: true });
      return gone;
    },
    async outputs(showSecrets) {
      return JSON.parse(
        await command(pulumi, ["stack", "output", "--json", "--stack", stack.name, ...(showSecrets ? ["--show-secrets"] : [])], { env }),
      );
    },
  };
}

/** Where nobody is logged in anywhere: state in `.slipway/`, and a passphrase of this checkout's own for its secrets. */
function backend(): Record<string, string> {
  const { PULUMI_BACKEND_URL, PULUMI_ACCESS_TOKEN, PULUMI_HOME, PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE } = process.env;
  const credentials = join(PULUMI_HOME ?? join(homedir(), ".pulumi"), "credentials.json");
  const loggedIn =
    PULUMI_BACKEND_URL || PULUMI_ACCESS_TOKEN || (existsSync(credentials) && JSON.parse(readFileSync(credentials, "utf8")).current);
  if (loggedIn) return {};
  const state = resolve(".slipway/pulumi");
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const env: Record<string, string> = { PULUMI_BACKEND_URL: `file://${state}`, PULUMI_SKIP_UPDATE_CHECK: "true" };
  if (PULUMI_CONFIG_PASSPHRASE === undefined && PULUMI_CONFIG_PASSPHRASE_FILE === undefined) {
    const file = resolve(".slipway/passphrase");
    if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600 });
    env["PULUMI_CONFIG_PASSPHRASE_FILE"] = file;
  }
  return env;
}
