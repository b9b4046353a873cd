import type { Problem } from "../lib/problem.ts";
import { isMap, type Path } from "../lib/property-path.ts";

/** A value that `slipway init` leaves to the user: `<AWS region, such as eu-central-1>`. */
const placeholder = /^<[^<>]+>$/;

/** Placeholders in settings. Other problems of them would only repeat that they are none of the values that are meant. */
export function problemsWithPlaceholders(input: unknown, path: Path = []): Problem[] {
  if (typeof input === "string") return placeholder.test(input) ? [{ path, message: `is a placeholder (got "${input}"). Replace it` }] : [];
  if (Array.isArray(input)) return input.flatMap((item, i) => problemsWithPlaceholders(item, [...path, i]));
  return isMap(input) ? Object.entries(input).flatMap(([key, value]) => problemsWithPlaceholders(value, [...path, key])) : [];
}

/** Problems that are not those of a placeholder. */
export function besidesPlaceholders(problems: Problem[], placeholders: Problem[]): Problem[] {
  return problems.filter(
    ({ path, message }) =>
      !/<[^<>]+>/.test(message) &&
      !placeholders.some((one) => path.every((part, i) => part === one.path[i]) && path.length === one.path.length),
  );
}
