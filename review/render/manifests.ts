import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { throwIfAny } from "../../lib/problem.ts";
import { UserError } from "../../lib/user-error.ts";
import { has, hasUnknown, isSecret, type Properties } from "../../lib/values.ts";
import type { Registered } from "./registrations.ts";

/** What of a stack is written to files. */
export interface Manifests {
  /** Content by file name. */
  files: Map<string, string>;
  /** Secrets that are left out: what names them finds them once somebody else puts them there. */
  left: { name: string; keys: string[] }[];
}

/** By this line it is known which files were written here, and may go. */
const head = "# Rendered by Slipway from a stack file; a change here is lost.\n";

/**
 * The Kubernetes objects of a stack as files, the same from run to run. A Secret is left out, never written.
 *
 * @throws UserError where an object holds something secret, or something that is known only once it is deployed.
 */
export function manifestsOf(resources: Registered[]): Manifests {
  const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  const secrets = objects.filter(({ type }) => /^kubernetes:core\/\w+:Secret$/.test(type));
  const others = objects.filter((object) => !secrets.includes(object));
  throwIfAny(
    others.flatMap((object) => problemsWith(object)),
    "The stack cannot be written to files:",
  );
  const files = new Map<string, string>();
  for (const { inputs } of others) {
    const file = `${[inputs.metadata?.namespace, inputs.kind, inputs.metadata?.name].filter(Boolean).join("-").toLowerCase()}.yaml`;
    if (files.has(file)) throw new UserError(`Two objects would both be ${file}. Give one of them another name.`);
    files.set(file, head + stringify(inputs, { sortMapEntries: true, lineWidth: 0 }));
  }
  const left = secrets.map(({ inputs: { metadata, data, stringData } }) => {
    const values = [data, stringData].map((map: Properties | undefined) => (isSecret(map) ? (map.value as Properties) : (map ?? {})));
    return { name: String(metadata?.name), keys: values.flatMap((map) => Object.keys(map)).sort() };
  });
  return { files: new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1))), left };
}

function problemsWith({ type, name, inputs }: Registered): string[] {
  const label = `${type.split(":").at(-1)} ${name}`;
  if (has(inputs, isSecret))
    return [`${label} holds something secret, which would be in the file for everybody to read; put it into a Secret`];
  if (hasUnknown(inputs))
    return [`${label} holds something that is known only once it is deployed; such are images of the builder "dockerfile"`];
  return [];
}

/** Writes the files, and removes those that an earlier run wrote and that are no more. Anything else in the folder stays. */
export function writeManifests({ files }: Manifests, folder: string): { removed: string[] } {
  mkdirSync(folder, { recursive: true });
  const old = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  const isOurs = (file: string) => existsSync(join(folder, file)) && readFileSync(join(folder, file), "utf8").startsWith(head);
  const foreign = [...files.keys()].filter((file) => old.includes(file) && !isOurs(file));
  throwIfAny(
    foreign.map((file) => `${join(folder, file)} is there, and was not written by this command. Remove it, or name another folder.`),
    "The files cannot be written:",
  );
  const removed = old.filter((file) => !files.has(file) && isOurs(file));
  for (const file of removed) rmSync(join(folder, file));
  for (const [file, content] of files) writeFileSync(join(folder, file), content);
  return { removed };
}
