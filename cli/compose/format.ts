import type { Imported } from "./import.ts";

/** The report of an import: the file that was created, what differs, and what to do next. */
export function formatImport(file: string, stack: string, { stackFile, services, tagged, notes, problems }: Imported): string {
  const lines = [`${stackFile}: created with ${services.join(", ")} from ${file}.`];
  if (notes.length > 0) lines.push("", `Different from ${file}:`, ...notes.map(({ path, message }) => `  ${path}: ${message}`));
  if (problems.length > 0) lines.push("", `To do in ${stackFile}:`, ...problems.map((problem) => `  ${problem}`));
  const lock = tagged.length > 0 ? `slipway lock --stack ${stack} (records the digests of images by tag), then ` : "";
  lines.push("", `${problems.length > 0 ? "Then run" : "Next:"} ${lock}slipway preview --stack ${stack}`);
  return `${lines.join("\n")}\n`;
}
