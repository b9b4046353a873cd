import { styleText } from "node:util";
import { span, table } from "../table.ts";
import type { Environment } from "./environment.ts";
import type { Reaped } from "./reap.ts";

/** The environments as `slipway review list` prints them. `now` is the cluster's time in milliseconds. */
export function formatEnvironments(environments: Environment[], now: number): string {
  const rows = environments.map((one) => [
    one.id,
    stateOf(one, now),
    span(now - Date.parse(one.created)),
    staysFor(one, now),
    one.commit ?? "",
    Object.values(one.urls).join(" "),
  ]);
  return table(
    ["ID", "STATE", "AGE", "STAYS", "COMMIT", "URL"].map((title) => styleText("dim", title, { stream: process.stdout })),
    rows,
  );
}

export function stateOf({ isClosed, isReady, expires }: Environment, now: number): "deleting" | "expired" | "up" | "not up" {
  if (isClosed) return "deleting";
  if (Date.parse(expires ?? "") <= now) return "expired";
  return isReady ? "up" : "not up";
}

function staysFor({ expires }: Environment, now: number): string {
  const left = Date.parse(expires ?? "") - now;
  if (Number.isNaN(left)) return "unknown";
  return left > 0 ? span(left) : "";
}

/** A line for each environment that is deleted, and a summary. */
export function formatReaped(reaped: Reaped[], kept: Environment[]): string {
  const width = Math.max(0, ...reaped.map(({ id }) => id.length));
  const lines = reaped.map(({ id, reason, result, problem }) => {
    const why = problem === undefined ? "" : `: ${problem}`;
    return `${id.padEnd(width)}  ${reason}, ${result}${why}\n`;
  });
  const ids = kept.map(({ id }) => id).join(", ");
  return `${lines.join("")}${kept.length} ${kept.length === 1 ? "environment stays" : "environments stay"}${ids && ` (${ids})`}\n`;
}

/** What `--json` prints of an environment. */
export function environmentAsJson(one: Environment, now: number): object {
  const { template, id, namespace, created, expires, urls, commit } = one;
  return { id, template, namespace: namespace.metadata?.name, state: stateOf(one, now), created, expires, commit, urls };
}
