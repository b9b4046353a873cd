// The JSON form of OTLP (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). What comes over the network may have any form, so everything is checked.

export type Json = Record<string, unknown>;

/** The list in a field. Empty if there is none. */
export function listIn(of: unknown, name: string): Json[] {
  const value = objectOf(of)[name];
  return Array.isArray(value) ? value.filter((one) => one !== null && typeof one === "object") : [];
}

export function objectOf(value: unknown): Json {
  return value !== null && typeof value === "object" ? (value as Json) : {};
}

/** A text, shortened. */
export function textOf(value: unknown, max: number): string {
  const text = typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : "";
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

/** A number, which may be a text: JSON has no integers of 64 bits. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** Milliseconds since 1970 from nanoseconds, which a number cannot hold exactly. */
export function millisecondsOf(nanoseconds: unknown): number | undefined {
  const text = textOf(nanoseconds, 20);
  if (!/^\d{1,20}$/.test(text)) return undefined;
  return Number(text.slice(0, -6) || 0) + Number(`0.${text.slice(-6).padStart(6, "0")}`);
}

/** How many attributes of a span or series are kept, and how many characters of each. */
const maxAttributes = 32;
const maxAttributeLength = 512;

/** Names of attributes that may hold credentials, as OpenTelemetry's conventions and instrumentations use them. */
const secretNames = /authorization|cookie|password|passwd|secret|token|api[-_.]?key|credential|private[-_.]?key/i;

/** Attributes as text, without the values of those whose name says that they are secret. */
export function attributesIn(of: unknown): Record<string, string> {
  const all = listIn(of, "attributes").slice(0, maxAttributes);
  return Object.fromEntries(
    all.map(({ key, value }) => {
      const name = textOf(key, 128);
      return [name, secretNames.test(name) ? "[secret]" : valueText(value, maxAttributeLength)];
    }),
  );
}

/** A value of any type as text. */
export function valueText(value: unknown, max: number): string {
  const [[kind, content] = ["", ""]] = Object.entries(objectOf(value));
  if (kind === "arrayValue" || kind === "kvlistValue") return textOf(JSON.stringify(content), max);
  return textOf(content, max);
}
