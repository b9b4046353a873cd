import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { UserError } from "../lib/user-error.ts";
import { open, passphraseKey } from "../lib/secrets.ts";
import type { Properties } from "../lib/values.ts";

/** A stack as Pulumi.yaml and its own file describe it (https://www.pulumi.com/docs/iac/concepts/projects/project-file/). */
export interface Stack {
  project: string;
  name: string;
  /** `<project>:<key>` → text, objects as JSON, as the SDK takes it. */
  config: Record<string, string>;
  secretKeys: string[];
  main: string;
  /** Where its checkpoint and its lock are. */
  folder: string;
}

/** Names of the stacks that have a file; none outside a project. */
export function knownStacks(): string[] {
  if (!existsSync("Pulumi.yaml")) return [];
  const folder = readYaml("Pulumi.yaml").stackConfigDir ?? ".";
  return existsSync(folder) ? readdirSync(folder).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []) : [];
}

export function readStack(name: string): Stack {
  const project = readYaml("Pulumi.yaml");
  const folder = project.stackConfigDir ?? ".";
  const file = join(folder, `Pulumi.${name}.yaml`);
  if (!existsSync(file)) {
    throw new UserError(`There is no stack "${name}": ${file} does not exist. Known stacks: ${knownStacks().join(", ")}.`);
  }
  const { config, encryptionsalt } = readYaml(file);
  const values: [string, unknown][] = [];
  const secretKeys = new Set<string>();
  const set = (key: string, value: unknown) => {
    const full = key.includes(":") ? key : `${project.name}:${key}`;
    const revealed = reveal(value, (text) => {
      secretKeys.add(full);
      return open(passphraseKey(encryptionsalt, file), text);
    });
    values.push([full, revealed]);
  };
  for (const [key, declared] of Object.entries<Properties>(project.config ?? {}))
    if (declared?.default !== undefined) set(key, declared.default);
  for (const [key, value] of Object.entries(config ?? {})) set(key, value);
  const text = ([key, value]: [string, unknown]) => [key, typeof value === "string" ? value : JSON.stringify(value)];
  const { name: projectName, main } = project;
  return {
    project: projectName,
    name,
    main,
    folder: join(".slipway", name),
    secretKeys: [...secretKeys],
    config: Object.fromEntries(values.map(text)),
  };
}

function readYaml(file: string): Properties {
  try {
    return parse(readFileSync(file, "utf8")) ?? {};
  } catch (error) {
    throw error instanceof YAMLParseError ? new UserError(`${file}: ${error.message}`) : error;
  }
}

/** Replaces `{secure: <ciphertext>}`, at any depth. */
function reveal(value: unknown, decrypt: (text: string) => string): unknown {
  if (Array.isArray(value)) return value.map((v) => reveal(v, decrypt));
  if (value === null || typeof value !== "object") return value;
  if (Object.keys(value).join() === "secure") return decrypt(String((value as Properties).secure));
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, reveal(v, decrypt)]));
}
