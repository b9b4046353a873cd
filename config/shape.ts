import leven from "leven";
import { z } from "zod";
import type { Problem } from "../lib/problem.ts";
import { formatPath, valueAt, type Path } from "../lib/property-path.ts";
import { unwrapped } from "./schema/setting.ts";

/** What is wrong with the shape of a value: an issue of zod in words, with the value unless it is secret. */
export function problemsWithShape(issue: z.core.$ZodIssue, schema: z.ZodType, input: object, secretPaths: Path[] = []): Problem[] {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: [...path, key], message: `is unknown. ${suggestion(key, keysOf(schemaAt(schema, path)))}` }));
  const value = valueAt(input, path);
  if (issue.code === "invalid_type" && value === undefined)
    return [{ path, message: `is missing: it must be ${typeName(issue.expected)}` }];
  const isSecret = secretPaths.some((secret) => path.every((part, i) => i >= secret.length || part === secret[i]));
  const hidden = issue.code === "invalid_key" || isSecret || value === undefined;
  return [{ path, message: hidden ? rule(issue) : `${rule(issue)} (got ${shorten(value)})` }];
}

function suggestion(key: string, known: string[]): string {
  const nearest = known.map((name) => ({ name, distance: distance(key, name) })).sort((a, b) => a.distance - b.distance)[0];
  return nearest && nearest.distance <= 3 ? `Did you mean "${nearest.name}"?` : `Known keys: ${known.join(", ")}`;
}

/** Edit distance between a mistyped key and a known one. Swapped letters count as half an edit less. */
function distance(key: string, known: string): number {
  const letters = (word: string) => word.split("").sort().join("");
  return leven(key, known) - (letters(key) === letters(known) ? 0.5 : 0);
}

function rule(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeName(issue.expected)}`;
    case "too_small":
      return issue.origin === "string" || issue.origin === "array" ? "must not be empty" : `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "invalid_key":
      return "the name must not be empty";
    default:
      return issue.message;
  }
}

const typeNames: Record<string, string> = {
  int: "a whole number",
  number: "a number",
  string: "a string",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

function typeName(type: string): string {
  return typeNames[type] ?? type;
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Says that a schema does not have a path; undefined if it may have it. */
export function problemWithPath(schema: z.ZodType, path: Path): string | undefined {
  for (const [i, key] of path.entries()) {
    const keys = keysOf(schemaAt(schema, path.slice(0, i)));
    if (keys.length > 0 && !keys.includes(String(key)))
      return `${formatPath(path.slice(0, i + 1))} is unknown. ${suggestion(String(key), keys)}`;
  }
  return undefined;
}

/** The schema at a path; undefined where any value is allowed, or one of several. */
export function schemaAt(schema: z.ZodType, path: Path): z.ZodType | undefined {
  return path.reduce<z.ZodType | undefined>((above, key) => above && below(above, key), schema);
}

/** The keys that a schema has; none if they are free. */
function keysOf(schema: z.ZodType | undefined): string[] {
  const inner = schema && unwrapped(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function below(schema: z.ZodType, key: string | number): z.ZodType | undefined {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) return (inner.shape as Record<string, z.ZodType>)[String(key)];
  if (inner instanceof z.ZodArray) return inner.element as z.ZodType;
  return inner instanceof z.ZodRecord ? (inner.valueType as z.ZodType) : undefined;
}
