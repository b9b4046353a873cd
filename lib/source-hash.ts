import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";

/**
 * A short hash of the names and contents of all files in a folder, except Markdown files and hidden ones. Each run with dynamic resources
 * needs one of more than a hundred files, which takes a sixth of the time with synchronous calls.
 *
 * @param program Another file that decides the result, such as the one that builds the folder.
 */
export async function sourceHash(folder: string, program?: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((e) => e.isFile() && !e.name.endsWith(".md")).map((e) => join(e.parentPath, e.name).slice(folder.length));
  for (const file of files.filter((f) => !f.includes(`${sep}.`)).sort())
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(folder + file))
      .update("\0");
  // The npm package has the sources of such programs next to their JavaScript, so that the hash is the same as in a clone.
  if (program !== undefined) hash.update(readFileSync(program.replace(/\.js$/, ".ts")));
  return hash.digest("hex").slice(0, 12);
}
