import { secretMask, type Change } from "../plan.ts";

/** `2 → 4`, shortened, without secrets. */
export function fromTo({ before, after }: Change): string {
  return `${shown(before)} → ${shown(after)}`;
}

/** A value in a sentence. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return "none";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.includes(secretMask)) return secretMask;
  const digest = /@sha256:([0-9a-f]{12})/.exec(text)?.[1];
  if (digest !== undefined) return `sha256:${digest}`;
  return text.length > 48 ? `${text.slice(0, 47)}…` : text;
}

/** Whether a number goes down. */
export function falls({ before, after }: Change): boolean {
  return typeof before === "number" && typeof after === "number" && after < before;
}
