import { replaced } from "../compose/import.ts";
import { formatDiff } from "./changes.ts";
import type { Initialized } from "./init.ts";

const marks = { created: "+", changed: "~", unchanged: "=" };

/** The report of `slipway init`: files, what was chosen and why, what is open, and the next command. */
export function formatInit(result: Initialized, folder: string, dryRun: boolean): string {
  const { files, units, skipped, imported, composeFile, notes, warnings, todo, secrets } = result;
  const paths = files.map(({ path, state }) => `${marks[state]} ${path}  ${state}`);
  const blocks: string[][] = [dryRun ? ["Nothing was written. It would write:", formatDiff(files) || "  nothing"] : paths];
  for (const { name, kind, reasons } of units) {
    const width = Math.max(...reasons.map(({ setting }) => setting.length));
    const value = Math.max(...reasons.map(({ value }) => value.length));
    blocks.push([
      `${kind} ${name}`,
      ...reasons.map((one) => `  ${one.setting.padEnd(width)}  ${one.value.padEnd(value)}  ${one.from}`.trimEnd()),
    ]);
  }
  if (imported.length > 0)
    blocks.push([
      `${composeFile}: imported ${imported.join(", ")}${secrets === 0 ? "" : `, with ${secrets} encrypted ${secrets === 1 ? "value" : "values"}`}`,
      ...notes.map(({ path, message }) => `  ${path}: ${message}`),
    ]);
  if (skipped.length > 0) blocks.push(["Not deployed:", ...skipped.map(({ folder, reason }) => `  ${folder}: ${reason}`)]);
  const unset = units.filter(({ unset }) => unset.length > 0);
  if (unset.length > 0)
    blocks.push([
      "Variables without a default, which are comments in the stack file. Set those that the programs need:",
      ...unset.map(
        ({ name, unset }) => `  ${name}: ${unset.map((variable) => `${variable.name}${variable.isSecret ? " (secret)" : ""}`).join(", ")}`,
      ),
    ]);
  if (warnings.length > 0) blocks.push(warnings.map((warning) => `warning: ${warning}`));
  if (todo.length > 0) blocks.push(["To do:", ...todo.map((one) => `  ${one.replaceAll("\n", "\n  ")}`)]);
  const go = folder === "." ? "" : `cd ${folder} && `;
  blocks.push([dryRun ? `Next: npx slipway init${folder === "." ? "" : ` --dir ${folder}`}` : `Next: ${go}npx slipway up`]);
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** The report for machines. */
export function initAsJson({ files, units, skipped, ...rest }: Initialized, dryRun: boolean): object {
  return {
    dryRun,
    files: files.map(({ path, state, after }) => ({ path, state, ...(dryRun && state !== "unchanged" && { content: after }) })),
    units: units.map(({ name, kind, folder, settings, reasons, unset }) => ({
      name,
      kind,
      folder,
      settings: replaced(settings, () => "[secret]"),
      reasons,
      unset,
    })),
    skipped,
    ...rest,
  };
}
