import * as pulumi from "@pulumi/pulumi";
import { throwIfAny, type Problem } from "./problem.ts";
import type { Path } from "./property-path.ts";
import { secretMask } from "./secret-mask.ts";

/**
 * The arguments of a component with values that are only known later (outputs and promises), each of which is checked as soon as it is known,
 * by the rules that the other arguments have passed already. A value that violates them rejects, and with it what uses it, with the UserError of a
 * plain value; a secret is not part of it.
 *
 * @param problemsWith the rules of the component.
 * @param headline `WebService "web":`
 */
export function checkedLater<T extends object>(args: T, problemsWith: (args: T) => Problem[], headline: string): T {
  const checked = (value: unknown, path: Path): unknown => {
    if (isLate(value)) {
      const late: pulumi.Output<unknown> = pulumi.output(value);
      return late.apply(async (known: unknown) => {
        const problems = problemsWith(replaced(args, path, known) as T);
        const mask = secretMask(problems.length > 0 && (await pulumi.isSecret(late)) ? [known] : []);
        throwIfAny(
          problems.map((problem) => ({ ...problem, message: mask(problem.message) })),
          headline,
        );
        return known;
      });
    }
    if (Array.isArray(value)) return value.map((item, i) => checked(item, [...path, i]));
    if (!isPlain(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, checked(below, [...path, key])]));
  };
  return checked(args, []) as T;
}

/** Problems with values at these paths that are only known later, although they decide which resources there are. `*` is any key or index. */
export function problemsWithLate(args: object, paths: Path[], why: string): Problem[] {
  return paths.flatMap((path) =>
    lateAt(args, path).map((at) => ({
      path: at,
      message: `must be known when the program runs, because ${why} (got an output). Pass a plain value`,
    })),
  );
}

function lateAt(value: unknown, [key, ...rest]: Path, at: Path = []): Path[] {
  if (isLate(value)) return [at];
  if (key === undefined || typeof value !== "object" || value === null) return [];
  const keys: Path = key === "*" ? (Array.isArray(value) ? [...value.keys()] : Object.keys(value)) : [key];
  return keys.flatMap((one) => lateAt((value as Record<string, unknown>)[one], rest, [...at, one]));
}

function isLate(value: unknown): value is pulumi.Output<unknown> | Promise<unknown> {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** Literal objects, and not resources. */
export function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value) as never);
}

function replaced(value: unknown, [key, ...rest]: Path, known: unknown): unknown {
  if (key === undefined) return known;
  const copy: unknown = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  (copy as Record<string, unknown>)[key] = replaced((value as Record<string, unknown>)[key], rest, known);
  return copy;
}
