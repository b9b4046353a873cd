import { stringify } from "yaml";
import { throwIfAny } from "../../lib/problem.ts";
import { UserError } from "../../lib/user-error.ts";
import { has, hasUnknown, isSecret, type Properties } from "../../lib/values.ts";
import { labelOf } from "../impact/rule.ts";
import { header } from "./folder.ts";
import type { Registered } from "./registrations.ts";

/** A Secret that is left out, with its keys. Other objects still reference it. */
export interface OmittedSecret {
  name: string;
  keys: string[];
}

/** The Kubernetes objects of a stack as files. */
export interface Manifests {
  /** Content by file name. */
  files: Map<string, string>;
  secrets: OmittedSecret[];
}

/**
 * The Kubernetes objects of a stack as files, identical from run to run. Secrets are left out.
 *
 * @throws UserError if another object contains a secret, or a value that is known only after deployment.
 */
export function manifestsOf(resources: Registered[]): Manifests {
  const { objects, secrets } = objectsOf(resources);
  const files = new Map<string, string>();
  for (const { inputs } of objects) {
    const file = fileNameOf(inputs);
    if (files.has(file)) throw new UserError(`${file}: two objects have this file name. Rename one of them.`);
    files.set(file, contentOf(withoutSecretChecksum(inputs)));
  }
  return {
    files: new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1))),
    secrets: secrets.map(({ inputs }) => ({ name: String(inputs.metadata?.name), keys: keysOf(inputs) })),
  };
}

/**
 * The Kubernetes objects of a stack, Secrets apart from the others.
 *
 * @throws UserError if another object contains a secret, or a value that is known only after deployment.
 */
export function objectsOf(resources: Registered[]): { objects: Registered[]; secrets: Registered[] } {
  const all = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  const secrets = all.filter(({ type }) => /^kubernetes:core\/\w+:Secret$/.test(type));
  const objects = all.filter((object) => !secrets.includes(object));
  throwIfAny(
    objects.flatMap((object) => problemsWith(object)),
    "The stack cannot be rendered:",
  );
  return { objects, secrets };
}

/** The name of an object's file: namespace, kind and name. */
export function fileNameOf({ metadata, kind }: Properties): string {
  return `${[metadata?.namespace, kind, metadata?.name].filter(Boolean).join("-").toLowerCase()}.yaml`;
}

/** An object as the content of a file. */
export function contentOf(object: object): string {
  return header + stringify(object, { sortMapEntries: true, lineWidth: 0 });
}

/** The keys of a Secret, sorted. */
export function keysOf({ data, stringData }: Properties): string[] {
  const maps = [data, stringData].map((map: Properties | undefined) => (isSecret(map) ? (map.value as Properties) : (map ?? {})));
  return maps.flatMap((map) => Object.keys(map)).sort();
}

/**
 * An object without the checksum of a Secret in its pod template. In a cluster its key is the UID of the Secret, which a file does not have, and
 * from a checksum with a known key, short values can be guessed.
 */
export function withoutSecretChecksum(inputs: Properties): Properties {
  const { spec } = inputs as { spec?: Properties };
  if (spec?.jobTemplate !== undefined) return { ...inputs, spec: { ...spec, jobTemplate: withoutSecretChecksum(spec.jobTemplate) } };
  if (spec?.template?.metadata?.annotations?.[secretChecksum] === undefined) return inputs;
  const { annotations, ...metadata } = spec.template.metadata as Properties;
  const { [secretChecksum]: _, ...others } = annotations as Properties;
  const kept = Object.keys(others).length > 0 ? { ...metadata, annotations: others } : metadata;
  return { ...inputs, spec: { ...spec, template: { ...spec.template, metadata: kept } } };
}

const secretChecksum = "checksum/secret";

function problemsWith({ type, name, inputs }: Registered): string[] {
  const label = labelOf({ type, name });
  if (has(inputs, isSecret)) return [`${label}: contains a secret, which would be readable in the file. Move it to a Secret.`];
  if (hasUnknown(inputs))
    return [
      `${label}: contains a value that is known only after deployment. If it is an image of the builder "dockerfile", use the builder "go" or a pushed image.`,
    ];
  return [];
}
