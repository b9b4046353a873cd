import { formatPosition } from "../../config/defaults/origin.ts";
import type { Explained, Origin } from "./explain.ts";

/** The settings as `slipway config explain` prints them: one in detail, several in a line each. */
export function formatExplained(settings: Explained[]): string {
  return settings.length === 1 ? detailed(settings[0]!) : table(settings);
}

function detailed({ path, value, from, without, insteadOf }: Explained): string {
  const head = value === undefined ? `${path} is not set${without === undefined ? "" : ` (${without})`}` : `${path}: ${text(value)}`;
  const replaced = insteadOf.map((other) => {
    if (other.value === null) return `  removed in ${describe(other)}`;
    return `  instead of ${text(other.value)}, ${describe(other)}${other.rejected ? ". This is an error: remove it" : ""}`;
  });
  return [head, ...(from ? [`  ${describe(from)}`] : []), ...replaced].join("\n");
}

function table(settings: Explained[]): string {
  const rows = settings.map(({ path, value, from }) => [path, shorten(text(value)), from ? describe(from) : "not set"]);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows.map(([path, value, from]) => `${path!.padEnd(widths[0]!)}  ${value!.padEnd(widths[1]!)}  ${from}`).join("\n");
}

function describe(origin: Origin): string {
  switch (origin.kind) {
    case "stack":
      return formatPosition(origin);
    case "defaults":
      return `default of ${formatPosition(origin)}`;
    case "lock":
      return `locked in ${formatPosition(origin)}: ${origin.reason}`;
    case "platform":
      return `default of the platform ${origin.platform}`;
    case "slipway":
      return "default of Slipway";
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function shorten(value: string): string {
  return value.length > 40 ? `${value.slice(0, 39)}…` : value;
}
