import type { ServiceSummary } from "../summary.ts";

/** First line of the comment about an environment. It identifies the one that the next up replaces. */
export function commentMarker(template: string): string {
  return `<!-- slipway-review: ${template} -->`;
}

export interface Commented {
  id: string;
  succeeded: boolean;
  /** Short ID. @default - unknown */
  commit: string | undefined;
  /** ISO 8601. */
  expires: string;
  services: Record<string, ServiceSummary>;
}

/** The comment after an up: where the services answer, of which commit, and until when. */
export function upComment({ id, succeeded, commit, expires, services }: Commented): string {
  const of = commit === undefined ? "" : ` of ${commit}`;
  const rows = Object.entries(services).flatMap(([name, { url, answer }]) =>
    url === undefined ? [] : [`| ${name} | ${url} | ${typeof answer === "number" ? `HTTP ${answer}` : answer} |`],
  );
  const table = rows.length > 0 ? ["| Service | URL | Answer |", "| --- | --- | --- |", ...rows, ""] : [];
  if (!succeeded)
    return `### Review environment ${id}: the deployment${of} failed\n\nThe log of the pipeline says why. What ran before still runs, if there was something.\n`;
  return [`### Review environment ${id}`, "", ...table, `The deployment${of} stays until ${expires}. A push renews it.`, ""].join("\n");
}

/** The comment after a down. */
export function downComment(id: string): string {
  return `### Review environment ${id}\n\nIt is deleted.\n`;
}
