import { existsSync, statSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import { join, posix, relative } from "node:path";
import type { LayerEntry } from "../../lib/oci.ts";
import { UserError } from "../../lib/user-error.ts";

/**
 * The entries of a layer with files and folders of the source, at the same paths next to the program. Modes are 644 and 755, so that they do
 * not depend on the checkout.
 *
 * @throws UserError with all that do not exist.
 */
export async function assetEntries(source: string, assets: string[]): Promise<LayerEntry[]> {
  const missing = assets.filter((asset) => !existsSync(join(source, asset)));
  if (missing.length > 0)
    throw new UserError(
      `${source}: build.assets: ${missing.map((asset) => `"${asset}"`).join(" and ")} ${missing.length === 1 ? "does" : "do"} not exist there. Correct the path, or create it.`,
    );
  const entries = new Map<string, LayerEntry>();
  const addFolders = (path: string) => {
    const parent = posix.dirname(path);
    if (parent === ".") return;
    addFolders(parent);
    entries.set(`${parent}/`, { path: `${parent}/`, mode: 0o755 });
  };
  const add = async (path: string): Promise<void> => {
    const full = join(source, path);
    addFolders(path);
    entries.set(path, { path, mode: statSync(full).mode & 0o100 ? 0o755 : 0o644, content: await readFile(full) });
  };
  for (const asset of assets) {
    const path = posix.normalize(asset).replace(/\/$/, "");
    if (!statSync(join(source, path)).isDirectory()) {
      await add(path);
      continue;
    }
    entries.set(`${path}/`, { path: `${path}/`, mode: 0o755 });
    addFolders(path);
    for (const entry of await readdir(join(source, path), { recursive: true, withFileTypes: true })) {
      const below = relative(source, join(entry.parentPath, entry.name));
      if (entry.isDirectory()) entries.set(`${below}/`, { path: `${below}/`, mode: 0o755 });
      else if (entry.isSymbolicLink()) entries.set(below, { path: below, mode: 0o777, linkTo: await readlink(join(source, below)) });
      else if (entry.isFile()) await add(below);
    }
  }
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
