import { existsSync } from "node:fs";
import { join } from "node:path";
import { isMap } from "../lib/property-path.ts";
import { open, passphraseKey } from "../lib/secrets.ts";
import { UserError } from "../lib/user-error.ts";
import { formatConfigValue, parseConfigValue, settingsNamespace } from "./config-value.ts";
import { extendSettings } from "./defaults/extend.ts";
import { Platform } from "./schema/setting.ts";
import { environmentOf, isSecure, knownStacks, programFile, readProject, readStackFile } from "./project.ts";
import { settingsOfEnvironment } from "./review-environment.ts";

/** A stack, from Pulumi.yaml and its own file (https://www.pulumi.com/docs/iac/concepts/projects/project-file/). */
export interface Stack {
  project: string;
  name: string;
  /** `<project>:<key>` → text, with objects as JSON, as the SDK takes it. With the defaults and locks that the stack extends. */
  config: Record<string, string>;
  /**
   * As the stack file has it, for the program, which merges the defaults itself and reports what contradicts a lock, and makes it that of a review
   * environment. @default - `config`
   */
  written?: Record<string, string>;
  /** Keys of `config` that hold secrets. */
  secretKeys: string[];
  /** The program, from Pulumi.yaml. */
  main: string;
  /** Folder of the stack's checkpoint and lock. */
  folder: string;
}

export interface ReadOptions {
  /** Whether secrets are replaced by a text instead of being decrypted, so that no passphrase is needed. @default false */
  withoutSecrets?: boolean;
}

/** A text that is valid wherever secrets are allowed. */
const hiddenSecret = "secret";

/**
 * Reads a stack with its secrets decrypted.
 *
 * @throws UserError if the stack has no file, a file is no YAML, defaults that it extends are missing or invalid, or the passphrase of its
 * secrets is missing or wrong.
 */
export function readStack(name: string, { withoutSecrets = false }: ReadOptions = {}): Stack {
  const { project, main, file, encryptionsalt, values } = readWritten(name);
  const secretKeys: string[] = [];
  const texts = Object.entries(values).map(([key, value]) => {
    let hasSecrets = false;
    const plain = decrypted(value, (text) => {
      hasSecrets = true;
      return withoutSecrets ? hiddenSecret : open(passphraseKey(encryptionsalt, file), text);
    });
    if (hasSecrets) secretKeys.push(key);
    return [key, formatConfigValue(plain)];
  });
  const written = Object.fromEntries(texts) as Record<string, string>;
  const stack = { project, name, main, folder: join(".slipway", name), secretKeys };
  const environment = environmentOf(name);
  if (!(`${settingsNamespace}:extends` in written) && environment === undefined) return { ...stack, config: written };
  const complete = (settings: Record<string, unknown>) => (environment ? settingsOfEnvironment(settings, project, environment) : settings);
  return { ...stack, config: withDefaults(written, file, complete), written };
}

/** A stack as its files have it, secrets encrypted. */
export interface WrittenStack {
  project: string;
  main: string;
  /** The stack file, relative to the project's root. */
  file: string;
  encryptionsalt: string | undefined;
  /** `<project>:<key>` → value, of the stack file and, for keys that it does not have, of Pulumi.yaml. */
  values: Record<string, unknown>;
}

/**
 * Reads a stack as it is written.
 *
 * @throws UserError if the stack has no file, or a file is no YAML.
 */
export function readWritten(name: string): WrittenStack {
  if (!existsSync("Pulumi.yaml")) throw new UserError("Pulumi.yaml: does not exist here. Run slipway in the folder of a project.");
  const { name: project = "", main, config: declared = {} } = readProject();
  const { file, config, encryptionsalt } = readStackFile(name);
  if (!existsSync(file)) {
    throw new UserError(`There is no stack "${name}": ${file} does not exist. Known stacks: ${knownStacks().join(", ")}.`);
  }
  const fromProject = Object.entries(declared).flatMap(([key, declaration]): [string, unknown][] => {
    const value = declaration?.value ?? declaration?.default;
    return value === undefined ? [] : [[key, value]];
  });
  const all = [...fromProject, ...Object.entries(config)].map(([key, value]) => [key.includes(":") ? key : `${project}:${key}`, value]);
  return { project, main: programFile(main), file, encryptionsalt, values: Object.fromEntries(all) as Record<string, unknown> };
}

/** The configuration with the defaults and locks that it extends, instead of the key `extends`. */
function withDefaults(
  written: Record<string, string>,
  file: string,
  complete: (settings: Record<string, unknown>) => Record<string, unknown>,
): Record<string, string> {
  const prefix = `${settingsNamespace}:`;
  const [own, others] = [true, false].map((isOwn) => Object.entries(written).filter(([key]) => key.startsWith(prefix) === isOwn));
  const given = Object.fromEntries(own!.map(([key, text]) => [key.slice(prefix.length), parseConfigValue(text)]));
  const { settings } = extendSettings(given, `${file}: ${prefix}extends`);
  const merged = Object.entries(complete(settings)).map(([key, value]) => [`${prefix}${key}`, formatConfigValue(value)]);
  return Object.fromEntries([...others!, ...merged]) as Record<string, string>;
}

/** The configuration that the program gets. */
export function writtenConfig({ config, written = config }: Pick<Stack, "config" | "written">): Record<string, string> {
  return written;
}

/** The settings of a stack below a key such as `services` or `docker`, unchecked. Empty if there are none, or they are no map. */
export function settingsIn({ config }: Pick<Stack, "config">, key: string): Record<string, unknown> {
  const value = parseConfigValue(config[`${settingsNamespace}:${key}`] ?? "{}");
  return isMap(value) ? value : {};
}

/** The platform of a stack. */
export function platformOf({ config }: Pick<Stack, "config">): string {
  return config[`${settingsNamespace}:platform`] ?? Platform.Local;
}

/** Replaces `{secure: <ciphertext>}`, at any depth. */
function decrypted(value: unknown, decrypt: (text: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => decrypted(item, decrypt));
  if (value === null || typeof value !== "object") return value;
  if (isSecure(value)) return decrypt(String(value.secure));
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, decrypted(below, decrypt)]));
}
