import { formatCommit, formatTime } from "../history/format.ts";
import { formatMarkdown } from "../../review/report/markdown.ts";
import { shortDigest } from "../../lib/image-reference.ts";
import type { Rollback } from "./rollback.ts";

function originOf({ release: { deployment } }: Rollback): string {
  const { id, started, commit } = deployment;
  return [`deployment ${id}`, formatTime(started), commit && `commit ${formatCommit(commit)}`].filter(Boolean).join(", ");
}

/** What is rolled back, a line for each image, and notes. */
export function formatRollback(rollback: Rollback, stack: string): string {
  const { release, images, held, notes, files } = rollback;
  const names = Object.keys(images);
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = names.map((name) => {
    const holds = held[name]!.length === 0 ? "" : `  instead of ${held[name]!.map(shortDigest).join(", ")}`;
    return `  ${name.padEnd(width)}  ${shortDigest(images[name]!)}${holds}`;
  });
  return [
    `roll back stack "${stack}" to ${originOf(rollback)}`,
    ...lines,
    ...(release.commit === undefined ? ["  the settings stay as they are"] : []),
    ...notes.map((note) => `note: ${note}`),
    ...(files.length === 0 ? ["The files of the stack have this release already."] : []),
    "",
  ].join("\n");
}

/** Title and text of the pull request. */
export function requestText(rollback: Rollback, stack: string, reason: string | undefined): { title: string; body: string } {
  const { release, images, held, notes } = rollback;
  const rows = Object.entries(images).map(([name, image]) => {
    const replaced = held[name]!.map((one) => `\`${shortDigest(one)}\``).join(", ");
    return `| ${name} | \`${shortDigest(image)}\` | ${replaced} |`;
  });
  return {
    title: `Roll back ${stack} to deployment ${release.deployment.id}`,
    body: [
      ...(reason === undefined ? [] : [`Reason: ${reason}`, ""]),
      formatMarkdown(rollback.review).trimEnd(),
      "",
      ...(rows.length === 0 ? [] : ["| Service | Image | Not promoted until released |", "| --- | --- | --- |", ...rows, ""]),
      ...notes.map((note) => `- ${note}`),
      `Written by \`slipway rollback --stack ${stack} --to ${release.deployment.id}\`: ${originOf(rollback)}.`,
      "",
    ].join("\n"),
  };
}

/** What `--json` prints. */
export function rollbackAsJson({ release, images, held, notes, files, review }: Rollback, stack: string, url: string | undefined): object {
  const { id, commit } = release.deployment;
  return {
    stack,
    deployment: id,
    ...(commit && { commit: commit.sha }),
    settings: release.commit !== undefined,
    images,
    held,
    notes,
    files: files.map(({ file }) => file),
    gate: review.verdict.open ? "open" : "closed",
    ...(url !== undefined && { pullRequest: url }),
  };
}
