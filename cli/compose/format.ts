import type { Imported } from "./import.ts";

/** The report of an import: the file that was created, what differs, and what to do next. */
export function formatImport(file: string, stack: string, imported: Imported): string {
  const { stackFile, services, jobs, lockable, notes, assumptions, secrets, hasLocalPassphrase, problems } = imported;
  const ofJobs = jobs.length === 0 ? "" : ` and the ${jobs.length === 1 ? "job" : "jobs"} ${jobs.join(", ")}`;
  const lines = [`${stackFile}: created with ${services.join(", ")}${ofJobs} from ${file}.`];
  if (secrets > 0) {
    const values = secrets === 1 ? "1 value is encrypted" : `${secrets} values are encrypted`;
    lines.push(
      hasLocalPassphrase
        ? `${values} in it, with the passphrase in .slipway/passphrase, which is not committed. Elsewhere, set PULUMI_CONFIG_PASSPHRASE to it.`
        : `${values} in it, with PULUMI_CONFIG_PASSPHRASE.`,
    );
  }
  if (assumptions.length > 0)
    lines.push(`${assumptions.length === 1 ? "1 assumption is a comment" : `${assumptions.length} assumptions are comments`} in it.`);
  if (notes.length > 0) lines.push("", `Different from ${file}:`, ...notes.map(({ path, message }) => `  ${path}: ${message}`));
  if (problems.length > 0) lines.push("", `To do in ${stackFile}:`, ...problems.map((problem) => `  ${problem}`));
  const locks = lockable.length > 0 ? " It records the digests of the images by tag." : "";
  lines.push("", `${problems.length > 0 ? "Then run" : "Next:"} slipway up --stack ${stack}.${locks}`);
  return `${lines.join("\n")}\n`;
}
