import type { Stack } from "../../config/stack-file.ts";
import { throwIfAny } from "../../lib/problem.ts";
import { formatChanges, formatReport } from "./format.ts";
import { deletedImages, lock, unlocked } from "./lock.ts";

/**
 * Locks new tags and add-ons, and checks that the locked images still exist. In a pipeline (CI=true) nothing is locked, because nobody would
 * commit the lock file: the program then rejects the tags.
 *
 * @throws UserError if a tag cannot be locked, or a locked image is gone.
 */
export async function lockBeforeUp(stack: Stack, say: (line: string) => void): Promise<void> {
  if (!process.env["CI"] && unlocked(stack).length > 0) {
    const result = await lock(stack);
    if (result.changes.length + result.addons.length > 0) say(`${result.file}: locked. Commit it.\n${formatChanges(result).trimEnd()}`);
    if (result.note !== undefined) say(`note: ${result.note}.`);
  }
  const deleted = await deletedImages(stack);
  throwIfAny(formatReport({ moved: [], deleted }, stack), `Stack "${stack.name}" cannot be deployed:`);
}
