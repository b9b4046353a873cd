import { createHash } from "node:crypto";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * A short hash of the names and contents of all files in a folder, except Markdown files.
 *
 * @param program Another file that decides the result, such as the one that builds the folder.
 */
export async function sourceHash(folder: string, program?: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await Array.fromAsync(glob("**/*", { cwd: folder, withFileTypes: true }));
  const files = entries.filter((e) => e.isFile() && !e.name.endsWith(".md")).map((e) => join(e.parentPath, e.name));
  for (const file of files.sort())
    hash
      .update(file.slice(folder.length))
      .update("\0")
      .update(await readFile(file))
      .update("\0");
  // The npm package has the sources of such programs next to their JavaScript, so that the hash is the same as in a clone.
  if (program !== undefined) hash.update(await readFile(program.replace(/\.js$/, ".ts")));
  return hash.digest("hex").slice(0, 12);
}
