import { settingsNamespace } from "./config-value.ts";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { isMap, type Path } from "../lib/property-path.ts";
import { UserError } from "../lib/user-error.ts";
import { environmentNamed, type ReviewEnvironment } from "./review-environment.ts";

/** A stack file as it is written. */
export interface StackFile {
  /** Relative to the project's root. */
  file: string;
  config: Record<string, unknown>;
  encryptionsalt: string | undefined;
  /** Paths of the secrets (`secure:`) in Slipway's settings, without their namespace. The SDK does not pass them on. */
  secretPaths: Path[];
}

/** Names of the stacks that have a file; none outside a project. */
export function knownStacks(): string[] {
  if (!existsSync("Pulumi.yaml")) return [];
  const folder = configFolder();
  return existsSync(folder) ? readdirSync(folder).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []) : [];
}

/** The review environment with this stack name. Undefined if the stack has a file of its own, or there is no such template. */
export function environmentOf(stack: string): ReviewEnvironment | undefined {
  const fileOf = (name: string) => join(configFolder(), `Pulumi.${name}.yaml`);
  const isTemplate = (name: string) => {
    const file = fileOf(name);
    const { config } = existsSync(file) ? readYaml(file) : {};
    return isMap(config) && config[`${settingsNamespace}:review`] !== undefined;
  };
  return existsSync(fileOf(stack)) ? undefined : environmentNamed(stack, isTemplate);
}

/** The stack whose files a stack has: its own, or those of its template. */
export function stackWithFiles(stack: string): string {
  return environmentOf(stack)?.template ?? stack;
}

/** Reads a stack file, which may be missing: then it is empty. */
export function readStackFile(stack: string): StackFile {
  const file = join(configFolder(), `Pulumi.${stackWithFiles(stack)}.yaml`);
  const source = stackFileSource(file);
  const { config, encryptionsalt } = existsSync(source) ? readYaml(source, file) : {};
  const values = isMap(config) ? config : {};
  const prefix = `${settingsNamespace}:`;
  const secretPaths = Object.entries(values).flatMap(([key, value]) =>
    key.startsWith(prefix) ? secretsBelow(value, [key.slice(prefix.length)]) : [],
  );
  return { file, config: values, encryptionsalt: encryptionsalt as string | undefined, secretPaths };
}

/** Where a stack file is read from: `slipway upgrade` previews stacks with changed files that are not in the project yet. */
export function stackFileSource(file: string): string {
  const folder = process.env["SLIPWAY_STACK_FILES"];
  const changed = folder === undefined ? file : join(folder, basename(file));
  return existsSync(changed) ? changed : file;
}

/** What Slipway reads of Pulumi.yaml. */
interface Project {
  name?: string;
  main?: string;
  stackConfigDir?: string;
  /** Of the project's own keys the `default`, of keys with a namespace the `value`. */
  config?: Record<string, { default?: unknown; value?: unknown } | null>;
}

/**
 * The file of the program, as Pulumi's Node.js runtime finds it: `main` of Pulumi.yaml is a file, or a folder with a package.json or an
 * index.ts, https://www.pulumi.com/docs/iac/concepts/projects/project-file/.
 */
export function programFile(main = "."): string {
  if (!existsSync(main) || !statSync(main).isDirectory()) return main;
  const description = join(main, "package.json");
  const { main: entry } = existsSync(description) ? (JSON.parse(readFileSync(description, "utf8")) as { main?: string }) : {};
  if (typeof entry === "string") return join(main, entry);
  return ["index.ts", "index.js"].map((file) => join(main, file)).find((file) => existsSync(file)) ?? join(main, "index.ts");
}

/** Pulumi.yaml; empty if there is none, as in tests of the program. */
export function readProject(): Project {
  return existsSync("Pulumi.yaml") ? readYaml("Pulumi.yaml") : {};
}

/** The nearest folder with a Pulumi.yaml, from a folder upwards: the clone, or the project that has the npm package. Undefined outside a project. */
export function projectAbove(folder: string): string | undefined {
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : projectAbove(parent);
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

/** Parses a file once, and again only if it has changed. `shown` is its path in messages. */
export function readYaml(file: string, shown = file): Record<string, unknown> {
  const modified = existsSync(file) ? statSync(file).mtimeMs : 0;
  const known = parsedFiles.get(resolve(file));
  if (known?.modified === modified) return known.content;
  try {
    const content = (parse(readFileSync(file, "utf8")) ?? {}) as Record<string, unknown>;
    parsedFiles.set(resolve(file), { modified, content });
    return content;
  } catch (error) {
    throw error instanceof YAMLParseError ? new UserError(`${shown}: ${error.message}`) : error;
  }
}

/** Paths of the secrets (`secure:`) in a value. */
export function secretsBelow(value: unknown, path: Path = []): Path[] {
  if (value === null || typeof value !== "object") return [];
  if (isSecure(value)) return [path];
  return Object.entries(value).flatMap(([key, below]) => secretsBelow(below, [...path, Array.isArray(value) ? Number(key) : key]));
}

/** `{secure: <ciphertext>}` */
export function isSecure(value: object): value is { secure: unknown } {
  return Object.keys(value).join() === "secure";
}
