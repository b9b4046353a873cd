import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { isMap, type Path } from "../lib/property-path.ts";
import { open, passphraseKey } from "../lib/secrets.ts";
import { UserError } from "../lib/user-error.ts";

/** A stack, from Pulumi.yaml and its own file (https://www.pulumi.com/docs/iac/concepts/projects/project-file/). */
export interface Stack {
  project: string;
  name: string;
  /** `<project>:<key>` → text, with objects as JSON, as the SDK takes it. */
  config: Record<string, string>;
  /** Keys of `config` that hold secrets. */
  secretKeys: string[];
  /** The program, from Pulumi.yaml. */
  main: string;
  /** Folder of the stack's checkpoint and lock. */
  folder: string;
}

/** A stack file as it is written. */
export interface StackFile {
  /** Relative to the project's root. */
  file: string;
  config: Record<string, unknown>;
  encryptionsalt: string | undefined;
  /** Paths of the secrets (`secure:`) in the project's own configuration, without its namespace. The SDK does not pass them on. */
  secretPaths: Path[];
}

/** Names of the stacks that have a file; none outside a project. */
export function knownStacks(): string[] {
  if (!existsSync("Pulumi.yaml")) return [];
  const folder = configFolder();
  return existsSync(folder) ? readdirSync(folder).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []) : [];
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
 * @throws UserError if the stack has no file, a file is no YAML, or the passphrase of its secrets is missing or wrong.
 */
export function readStack(name: string, { withoutSecrets = false }: ReadOptions = {}): Stack {
  if (!existsSync("Pulumi.yaml")) throw new UserError("Pulumi.yaml: does not exist here. Run slipway in the folder of a project.");
  const { name: project = "", main, config: declared = {} } = readProject();
  const { file, config, encryptionsalt } = readStackFile(name, project);
  if (!existsSync(file)) {
    throw new UserError(`There is no stack "${name}": ${file} does not exist. Known stacks: ${knownStacks().join(", ")}.`);
  }
  const secretKeys = new Set<string>();
  const values: Record<string, string> = {};
  const set = (key: string, value: unknown) => {
    const full = key.includes(":") ? key : `${project}:${key}`;
    const plain = decrypted(value, (text) => {
      secretKeys.add(full);
      return withoutSecrets ? hiddenSecret : open(passphraseKey(encryptionsalt, file), text);
    });
    values[full] = typeof plain === "string" ? plain : JSON.stringify(plain);
  };
  for (const [key, declaration] of Object.entries(declared)) if (declaration?.default !== undefined) set(key, declaration.default);
  for (const [key, value] of Object.entries(config)) set(key, value);
  return { project, name, main: programFile(main), folder: join(".slipway", name), secretKeys: [...secretKeys], config: values };
}

/** Reads a stack file, which may be missing: then it is empty. */
export function readStackFile(stack: string, project: string): StackFile {
  const file = join(configFolder(), `Pulumi.${stack}.yaml`);
  const { config, encryptionsalt } = existsSync(file) ? readYaml(file) : {};
  const values = isMap(config) ? config : {};
  const prefix = `${project}:`;
  const secretPaths = Object.entries(values).flatMap(([key, value]) =>
    key.startsWith(prefix) ? secretsBelow(value, [key.slice(prefix.length)]) : [],
  );
  return { file, config: values, encryptionsalt: encryptionsalt as string | undefined, secretPaths };
}

/**
 * The file of the program, as Pulumi's Node.js runtime finds it: `main` of Pulumi.yaml is a file, or a folder with a package.json or an
 * index.ts, https://www.pulumi.com/docs/iac/concepts/projects/project-file/.
 */
function programFile(main = "."): string {
  if (!existsSync(main) || !statSync(main).isDirectory()) return main;
  const description = join(main, "package.json");
  const { main: entry } = existsSync(description) ? (JSON.parse(readFileSync(description, "utf8")) as { main?: string }) : {};
  if (typeof entry === "string") return join(main, entry);
  return ["index.ts", "index.js"].map((file) => join(main, file)).find((file) => existsSync(file)) ?? join(main, "index.ts");
}

interface Project {
  name?: string;
  main?: string;
  stackConfigDir?: string;
  config?: Record<string, { default?: unknown } | null>;
}

/** Pulumi.yaml; empty if there is none, as in tests of the program. */
function readProject(): Project {
  return existsSync("Pulumi.yaml") ? readYaml("Pulumi.yaml") : {};
}

/** Folder of the stack files. */
export function configFolder(): string {
  return readProject().stackConfigDir ?? ".";
}

interface Parsed {
  modified: number;
  content: Record<string, unknown>;
}

const parsedFiles = new Map<string, Parsed>();

/** Parses a file once, and again only if it has changed. */
function readYaml(file: string): Record<string, unknown> {
  const modified = existsSync(file) ? statSync(file).mtimeMs : 0;
  const known = parsedFiles.get(resolve(file));
  if (known?.modified === modified) return known.content;
  try {
    const content = (parse(readFileSync(file, "utf8")) ?? {}) as Record<string, unknown>;
    parsedFiles.set(resolve(file), { modified, content });
    return content;
  } catch (error) {
    throw error instanceof YAMLParseError ? new UserError(`${file}: ${error.message}`) : error;
  }
}

function secretsBelow(value: unknown, path: Path): Path[] {
  if (value === null || typeof value !== "object") return [];
  if (isSecure(value)) return [path];
  return Object.entries(value).flatMap(([key, below]) => secretsBelow(below, [...path, Array.isArray(value) ? Number(key) : key]));
}

/** `{secure: <ciphertext>}` */
function isSecure(value: object): value is { secure: unknown } {
  return Object.keys(value).join() === "secure";
}

/** Replaces `{secure: <ciphertext>}`, at any depth. */
function decrypted(value: unknown, decrypt: (text: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => decrypted(item, decrypt));
  if (value === null || typeof value !== "object") return value;
  if (isSecure(value)) return decrypt(String(value.secure));
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, decrypted(below, decrypt)]));
}
