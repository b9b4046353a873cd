/** Path of a property: keys of maps and indices of lists. */
export type Path = (string | number)[];

/** Parses a path as Pulumi writes it: `spec.selector.matchLabels["app.kubernetes.io/name"]`. */
export function parsePath(text: string): Path {
  const parts = text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g);
  return [...parts].map(([, quoted, index, key]) => (index === undefined ? (quoted?.replaceAll(/\\(.)/g, "$1") ?? key!) : Number(index)));
}

/** The inverse of `parsePath`. */
export function formatPath(path: Path): string {
  const format = (part: string | number, i: number) => {
    if (typeof part === "number") return `[${part}]`;
    return /^[\w$-]+$/.test(part) ? (i === 0 ? part : `.${part}`) : `["${part.replaceAll(/["\\]/g, "\\$&")}"]`;
  };
  return path.map(format).join("");
}

/** Whether a path matches a pattern, or is below one that does: `spec.template`, `spec.rules.*.host`. `*` matches any one part. */
export function isBelow(path: Path, pattern: string): boolean {
  const parts = pattern.split(".");
  return parts.length <= path.length && parts.every((part, i) => part === "*" || part === String(path[i]));
}

/** The value at a path, or undefined if it does not exist. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (v, part) => (v === null || typeof v !== "object" ? undefined : (v as Record<PropertyKey, unknown>)[part]),
    value,
  );
}
