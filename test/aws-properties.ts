import { Reference } from "./references.ts";

/** A value with the names of all properties at any depth changed, except keys that users choose. Undefined properties are removed. */
export function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (value === null || typeof value !== "object" || value instanceof Reference) return value;
  const defined = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(defined.map(([name, inner]) => [rename(name), maps.has(name) ? inner : renamed(inner, rename)]));
}

/** Properties whose values have keys of users, or of another language. */
const maps = new Set(["tags", "labels", "assumeRolePolicyDocument", "policyDocument", "keyPolicy", "repositoryPolicyText"]);

export const pascalCase = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** Tags in the form of most of AWS. */
export function tagList(tags: Record<string, string> = {}): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** A block device of a launch template. The provider of Terraform has strings in place of booleans, to tell false and nothing apart. */
export function blockDevice({ ebs, ...rest }: { ebs?: Record<string, unknown> }) {
  const isBoolean = (value: unknown) => value === "true" || value === "false";
  const values = Object.entries(ebs ?? {}).map(([name, value]) => [name, isBoolean(value) ? value === "true" : value]);
  return { ...rest, ebs: ebs && Object.fromEntries(values) };
}

/** An IAM document, which Pulumi takes as an object or as text. */
export const parsed = (document: unknown): unknown => (typeof document === "string" ? JSON.parse(document) : document);
