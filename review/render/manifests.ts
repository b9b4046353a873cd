import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { throwIfAny } from "../../lib/problem.ts";
import { UserError } from "../../lib/user-error.ts";
import { has, hasUnknown, isSecret, type Properties } from "../../lib/values.ts";
import { labelOf } from "../impact/rule.ts";
import type { Registered } from "./registrations.ts";

/** The Kubernetes objects of a stack as files. */
export interface Manifests {
  /** Content by file name. */
  files: Map<string, string>;
  /** Secrets that are left out, with their keys. Other objects still reference them. */
  secrets: { name: string; keys: string[] }[];
}

/** The start of every file. Only files with it are overwritten or removed. */
const marker = "# Rendered by Slipway";
const header = `${marker} from a stack file. Do not edit: the next rendering overwrites this file.\n`;

/**
 * The Kubernetes objects of a stack as files, identical from run to run. Secrets are left out.
 *
 * @throws UserError if another object contains a secret, or a value that is known only after deployment.
 */
export function manifestsOf(resources: Registered[]): Manifests {
  const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  const secrets = objects.filter(({ type }) => /^kubernetes:core\/\w+:Secret$/.test(type));
  const others = objects.filter((object) => !secrets.includes(object));
  throwIfAny(
    others.flatMap((object) => problemsWith(object)),
    "The stack cannot be rendered:",
  );
  const files = new Map<string, string>();
  for (const { inputs } of others) {
    const file = `${[inputs.metadata?.namespace, inputs.kind, inputs.metadata?.name].filter(Boolean).join("-").toLowerCase()}.yaml`;
    if (files.has(file)) throw new UserError(`${file}: two objects have this file name. Rename one of them.`);
    files.set(file, header + stringify(inputs, { sortMapEntries: true, lineWidth: 0 }));
  }
  const omitted = secrets.map(({ inputs: { metadata, data, stringData } }) => {
    const maps = [data, stringData].map((map: Properties | undefined) => (isSecret(map) ? (map.value as Properties) : (map ?? {})));
    return { name: String(metadata?.name), keys: maps.flatMap((map) => Object.keys(map)).sort() };
  });
  return { files: new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1))), secrets: omitted };
}

function problemsWith({ type, name, inputs }: Registered): string[] {
  const label = labelOf({ type, name });
  if (has(inputs, isSecret)) return [`${label}: contains a secret, which would be readable in the file. Move it to a Secret.`];
  if (hasUnknown(inputs))
    return [
      `${label}: contains a value that is known only after deployment. If it is an image of the builder "dockerfile", use the builder "go" or a pushed image.`,
    ];
  return [];
}

/**
 * Writes the files, and removes files of earlier runs whose objects no longer exist. Other files in the folder stay.
 *
 * @throws UserError if a file exists that an earlier run did not write.
 */
export function writeManifests({ files }: Manifests, folder: string): { removed: string[] } {
  mkdirSync(folder, { recursive: true });
  const old = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  const isOurs = (file: string) => existsSync(join(folder, file)) && readFileSync(join(folder, file), "utf8").startsWith(marker);
  const foreign = [...files.keys()].filter((file) => old.includes(file) && !isOurs(file));
  throwIfAny(
    foreign.map((file) => `${join(folder, file)}: exists, and slipway render did not write it. Remove it, or choose another folder.`),
    "The manifests cannot be written:",
  );
  const removed = old.filter((file) => !files.has(file) && isOurs(file));
  for (const file of removed) rmSync(join(folder, file));
  for (const [file, content] of files) writeFileSync(join(folder, file), content);
  return { removed };
}
