/** Path of a property: keys of maps and indices of lists. */
export type Path = (string | number)[];

/** Reads a path as Pulumi writes it: `spec.selector.matchLabels["app.kubernetes.io/name"]`. */
export function parsePath(text: string): Path {
  const parts = text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g);
  return [...parts].map(([, quoted, index, key]) => (index === undefined ? (quoted?.replaceAll(/\\(.)/g, "$1") ?? key!) : Number(index)));
}

/** Writes a path in the form that `pulumi config set --path` accepts: `services.web.ports["a.b"]`, `routes[0].host`. */
export function formatPath(path: Path): string {
  const format = (part: string | number, i: number) => {
    if (typeof part === "number") return `[${part}]`;
    return /^[\w$-]+$/.test(part) ? (i === 0 ? part : `.${part}`) : `["${part.replaceAll(/["\\]/g, "\\$&")}"]`;
  };
  return path.map(format).join("");
}

/** Whether a path is at a pattern or below it: `spec.template`, `spec.rules.*.host`, where `*` matches any one part. */
export function isBelow(path: Path, pattern: string): boolean {
  const parts = pattern.split(".");
  return parts.length <= path.length && parts.every((part, i) => part === "*" || part === String(path[i]));
}

/** Whether a path is at another one or below it. */
export function startsWith(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((part, i) => part === path[i]);
}

/** The value at a path; undefined if there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (v, part) => (v === null || typeof v !== "object" ? undefined : (v as Record<PropertyKey, unknown>)[part]),
    value,
  );
}

/** The values at a path in which `*` matches any key or index, each with its own path. */
export function valuesAt(value: unknown, pattern: string[]): { path: Path; value: unknown }[] {
  const [key, ...rest] = pattern;
  if (value === undefined) return [];
  if (key === undefined) return [{ path: [], value }];
  if (value === null || typeof value !== "object") return [];
  const keys = key === "*" ? Object.keys(value) : [key];
  return keys.flatMap((k) =>
    valuesAt((value as Record<string, unknown>)[k], rest).map((found) => ({
      ...found,
      path: [Array.isArray(value) ? Number(k) : k, ...found.path],
    })),
  );
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
