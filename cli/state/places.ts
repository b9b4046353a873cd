import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readStackFile } from "../../config/project.ts";
import type { Stack } from "../../config/stack-file.ts";
import { FileStore } from "../../engine/state/file-store.ts";
import { saltIn, fromPulumi, toPulumi, type PulumiState, type Sealing } from "../../engine/state/pulumi-format.ts";
import { command } from "../../lib/command.ts";
import { newPassphraseKey, open, passphraseKey, seal } from "../../lib/secrets.ts";
import { UserError } from "../../lib/user-error.ts";
import { isSecret, secret, type Value } from "../../lib/values.ts";
import { findPulumi, installPage } from "../../setup/pulumi-cli.ts";
import { backendVariables, pulumiMark } from "../pulumi/backend.ts";
import { clusterSettingsOf, clusterStoreOf } from "./stores.ts";

/** Where the state of a stack can be. */
export const Place = { File: "file", Cluster: "cluster", Pulumi: "pulumi" } as const;
export type Place = (typeof Place)[keyof typeof Place];

/** @throws UserError if it is no place. */
export function parsePlace(option: string, text: string): Place {
  const known = Object.values(Place).find((place) => place === text);
  if (known === undefined) throw new UserError(`${option}: must be ${Object.values(Place).join(", ")} (got "${text}").`);
  return known;
}

/** @throws UserError if the stack has no cluster for it. */
export function clusterStore(stack: Stack) {
  const settings = clusterSettingsOf(stack);
  if (settings === undefined)
    throw new UserError(
      `Only stacks on the platform kubernetes, with valid settings, have their state in a cluster. Run slipway check --stack ${stack.name}`,
    );
  return clusterStoreOf(stack, settings);
}

/** The store of the embedded engine at a place. */
export function embeddedStore(stack: Stack, place: Exclude<Place, "pulumi">) {
  return place === Place.File ? new FileStore(stack) : clusterStore(stack);
}

/**
 * Moves the history along with a state that was moved already. The backend of the Pulumi CLI keeps a history of its own.
 *
 * @returns why the history could not be moved; undefined if it was moved, or the stack has none.
 */
export async function moveHistory(stack: Stack, from: Place, to: Place): Promise<string | undefined> {
  if (from === Place.Pulumi || to === Place.Pulumi) return undefined;
  const [source, target] = [embeddedStore(stack, from), embeddedStore(stack, to)];
  const move = async () => {
    const deployments = await source.history.load();
    if (deployments.length === 0) return;
    // What the target has is from before the state was moved away from there.
    await target.history.load();
    await target.history.save(deployments);
    await source.history.remove();
  };
  const work = "slipway state import";
  try {
    await source.locked(work, () => target.locked(work, move));
    return undefined;
  } catch (error) {
    return `The history was not moved: ${(error as Error).message}`;
  }
}

/** How the secrets in an exported state are encrypted: with the passphrase of the stack file, or of the environment or this checkout. */
function sealingOf(stack: Stack): Sealing {
  const { file, encryptionsalt } = readStackFile(stack.name);
  const { key, salt } =
    encryptionsalt === undefined ? newPassphraseKey() : { key: passphraseKey(encryptionsalt, file), salt: encryptionsalt };
  return { salt, seal: (text) => seal(key, text) };
}

/** The state at a place, in Pulumi's form, with encrypted secrets. Undefined if it has no state. */
export async function readState(stack: Stack, place: Place, previous: boolean): Promise<PulumiState | undefined> {
  if (place === Place.Pulumi) return readFromPulumi(stack);
  const store = embeddedStore(stack, place);
  const resources = await (previous ? store.loadPrevious() : store.load());
  return resources.length === 0 ? undefined : toPulumi(resources, sealingOf(stack));
}

async function readFromPulumi(stack: Stack): Promise<PulumiState> {
  const text = await command(pulumiCommand(), ["stack", "export", "--show-secrets", "--stack", stack.name], { env: backendVariables() });
  const { salt, seal: sealText } = sealingOf(stack);
  const sealed = (_key: string, v: Value) =>
    isSecret(v) && "plaintext" in v ? secret({ ciphertext: sealText(String((v as { plaintext: unknown }).plaintext)) }) : v;
  const state = JSON.parse(text, sealed) as PulumiState;
  return { ...state, deployment: { ...state.deployment, secrets_providers: { type: "passphrase", state: { salt } } } };
}

function pulumiCommand(): string {
  const found = findPulumi();
  if (found === undefined) throw new UserError(`The Pulumi CLI is not on the PATH. Install it: ${installPage}`);
  return found;
}

/** The resources in an exported state. @throws UserError if it is not one of this stack. */
export function resourcesIn(text: string, stack: Stack, file: string) {
  const openText = (ciphertext: string) => {
    const salt = saltIn(text);
    if (salt === undefined)
      throw new UserError(
        `${file}: its secrets are not encrypted with a passphrase. Export it with slipway state export --from pulumi, or pulumi stack export --show-secrets.`,
      );
    return open(passphraseKey(salt, file), ciphertext);
  };
  return fromPulumi(text, stack, openText);
}

/** Writes an exported state into the backend of the Pulumi CLI. */
export async function writeToPulumi(stack: Stack, text: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-state-"));
  try {
    const file = join(folder, "state.json");
    writeFileSync(file, text, { mode: 0o600 });
    const env = backendVariables();
    await command(pulumiCommand(), ["stack", "select", "--create", stack.name], { env });
    await command(pulumiCommand(), ["stack", "import", "--file", file, "--stack", stack.name], { env });
  } finally {
    await rm(folder, { recursive: true });
  }
  const mark = pulumiMark(stack);
  mkdirSync(dirname(mark), { recursive: true, mode: 0o700 });
  writeFileSync(mark, "");
}

/** Whether the stack has a state at a place. */
export async function hasState(stack: Stack, place: Place): Promise<boolean> {
  if (place === Place.Pulumi) return existsSync(pulumiMark(stack));
  if (place === Place.File) return new FileStore(stack).exists();
  return clusterSettingsOf(stack) !== undefined && (await clusterStore(stack).exists());
}

/** Puts a state that has been moved elsewhere out of use. Says where its copy is. */
export async function retire(stack: Stack, place: Place): Promise<string> {
  if (place === Place.Pulumi) {
    rmSync(pulumiMark(stack), { force: true });
    return `The backend of the Pulumi CLI still has the old state. Remove it: pulumi stack rm --force --preserve-config --stack ${stack.name}`;
  }
  if (place === Place.File) {
    const { file } = new FileStore(stack);
    renameSync(file, `${file}.moved`);
    return `The old state is kept in ${file}.moved.`;
  }
  const store = clusterStore(stack);
  await store.locked("slipway state import", () => store.retire());
  return `The old state is kept in the Secret ${store.namespace}/${store.name}-previous.`;
}
