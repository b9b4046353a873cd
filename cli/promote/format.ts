import { shortDigest } from "../../lib/image-reference.ts";
import type { PromotionResult } from "./promote.ts";
import type { Plan, Promotion } from "./plan.ts";

function originOf({ entry: { deployment, commit } }: Promotion): string {
  return [deployment !== undefined && `deployment ${deployment}`, commit && `commit ${commit.slice(0, 7)}`].filter(Boolean).join(", ");
}

/** What is promoted, a line for each image, and notes. */
export function formatPromotion(
  { promotions, notes, file, isUnchanged = false }: Plan & Partial<PromotionResult>,
  from: string,
  to: string,
): string {
  const width = Math.max(0, ...promotions.map(({ name }) => name.length));
  const columns = (one: Promotion) => [one.name.padEnd(width), shortDigest(one.digest), originOf(one)].filter((text) => text !== "");
  const lines = promotions.map((one) => `  ${columns(one).join("  ")}  → ${one.repository}`);
  return [
    `promote from "${from}" to "${to}"`,
    ...lines,
    ...notes.map((note) => `note: ${note}`),
    ...(isUnchanged ? [`${file} has these images already`] : []),
    "",
  ].join("\n");
}

/** Title and text of the pull request. */
export function requestText(result: PromotionResult, from: string, to: string, report: string): { title: string; body: string } {
  const { promotions, notes } = result;
  const names = promotions.map(({ name }) => name).join(", ");
  const rows = promotions.map((one) => `| ${one.name} | \`${shortDigest(one.digest)}\` | ${originOf(one)} |`);
  const table = ["| Service | Image | Ran in |", "| --- | --- | --- |", ...rows];
  return {
    title: `Promote ${names} from ${from} to ${to}`,
    body: [
      report.trimEnd(),
      "",
      ...table,
      "",
      ...notes.map((note) => `- ${note}`),
      `Written by \`slipway promote --from ${from} --to ${to}\`.`,
      "",
    ].join("\n"),
  };
}

/** Promoted images by service or job, for `--json`. */
export function imagesAsJson(promotions: Promotion[]): object {
  return Object.fromEntries(
    promotions.map(({ name, image, entry: { from: _stack, ...entry } }) => [name, { ...entry, copiedFrom: image }]),
  );
}

/** What `--json` prints. */
export function promotionAsJson(
  { promotions, notes, file, isUnchanged, review }: PromotionResult,
  { from, to, url }: { from: string; to: string; url: string | undefined },
): object {
  const gate = review.verdict.open ? "open" : "closed";
  return {
    from,
    to,
    images: imagesAsJson(promotions),
    notes,
    file,
    unchanged: isUnchanged,
    gate,
    ...(url !== undefined && { pullRequest: url }),
  };
}
