/** A property in the SDK's form: JSON, with marks for secrets and for values that a preview does not know. */
export type Value = unknown;
export type Properties = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- fields depend on the resource type

// Marks of the SDK (pulumi, sdk/nodejs/runtime/rpc.ts).
const signature = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";
/** A preview has this text instead of a value that is not known yet. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Marks `content`, `{ value }` or `{ ciphertext }`, as a secret. */
export function secret(content: object): object {
  return { [signature]: secretMark, ...content };
}

export function isSecret(value: Value): value is { value: Value; ciphertext?: string } {
  return value !== null && typeof value === "object" && (value as Properties)[signature] === secretMark;
}

/** The value without secret marks. With `mask`, each secret is replaced by it. */
export function plain<T = Properties>(value: Value, mask?: string): T {
  if (isSecret(value)) return mask === undefined ? plain(value.value) : (mask as T);
  if (Array.isArray(value)) return value.map((v) => plain(v, mask)) as T;
  if (value === null || typeof value !== "object") return value as T;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v, mask)])) as T;
}

/** Whether the value, or a value at any depth in it, matches. */
export function has(value: Value, matches: (value: Value) => boolean): boolean {
  return matches(value) || (value !== null && typeof value === "object" && Object.values(value).some((v) => has(v, matches)));
}

export const hasUnknown = (value: Value) => has(value, (v) => v === unknown);

export interface Difference {
  path: string;
  before: Value;
  after: Value;
}

/** Where two values differ, with paths in Pulumi's form: `metadata.labels["example.org/a"]`. */
export function differences(before: Value, after: Value, path = ""): Difference[] {
  const composite = (v: Value): v is Properties => v !== null && typeof v === "object" && !isSecret(v);
  if (isSecret(before) && isSecret(after)) return differences(before.value, after.value).length > 0 ? [{ path, before, after }] : [];
  if (!composite(before) || !composite(after)) return Object.is(before, after) ? [] : [{ path, before, after }];
  const quoted = (key: string) => (/^[\w$-]+$/.test(key) ? (path === "" ? key : `.${key}`) : `[${JSON.stringify(key)}]`);
  const at = (key: string) => path + (Array.isArray(after) ? `[${key}]` : quoted(key));
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((k) => differences(before[k], after[k], at(k)));
}
