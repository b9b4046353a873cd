/** A property as the SDK hands it over once deserialised: plain JSON, with secrets and unknowns marked. */
export type Value = unknown;

// The SDK's marks (pulumi, sdk/nodejs/runtime/rpc.ts).
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
/** What stands for a value that a preview cannot know. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

type Secret = { value: Value; ciphertext?: string };

export function secret(value: Value): object {
  return { [signature]: secretSignature, value };
}

export function isSecret(value: Value): value is Secret {
  return value !== null && typeof value === "object" && (value as Record<string, unknown>)[signature] === secretSignature;
}

/** The value without marks of secrecy, at any depth. */
export function plain<T = Value>(value: Value): T {
  return map(value, (v) => v) as T;
}

/** The value with every secret replaced, for people to see. */
export function masked(value: Value): Value {
  return map(value, () => "[secret]");
}

export function hasUnknown(value: Value): boolean {
  if (value === unknown) return true;
  if (value === null || typeof value !== "object") return false;
  return Object.values(value).some(hasUnknown);
}

export function hasSecret(value: Value): boolean {
  if (value === null || typeof value !== "object") return false;
  return isSecret(value) || Object.values(value).some(hasSecret);
}

function map(value: Value, replaceSecret: (value: Value) => Value): Value {
  if (isSecret(value)) return replaceSecret(map(value.value, replaceSecret));
  if (Array.isArray(value)) return value.map((v) => map(v, replaceSecret));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, map(v, replaceSecret)]));
}

/** The paths at which two values differ, with what stood and what stands there. */
export function differences(before: Value, after: Value, path = ""): { path: string; before: Value; after: Value }[] {
  if (before === after) return [];
  const composite = (v: Value): v is Record<string, Value> => v !== null && typeof v === "object" && !isSecret(v);
  if (isSecret(before) && isSecret(after)) return differences(before.value, after.value).length > 0 ? [{ path, before, after }] : [];
  if (!composite(before) || !composite(after) || Array.isArray(before) !== Array.isArray(after)) return [{ path, before, after }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const at = (key: string) => (Array.isArray(after) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
  return keys.flatMap((key) => differences(before[key], after[key], at(key)));
}
