import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { throwIfAny } from "../../lib/problem.ts";

/** The start of every file. Only files with it are overwritten or removed. */
const marker = "# Rendered by Slipway";
export const header = `${marker} from a stack file. Do not edit: the next rendering overwrites this file.\n`;

/** Folders in which a rendering for a GitOps controller has files. Those of users are elsewhere, and may be of another stack. */
export const subfolders = ["flux", "jobs", "rest", "services", "stack"];

/**
 * Writes files, by path, and removes files of earlier runs that are not among them. Other files in the folder stay.
 *
 * @throws UserError if a file exists that an earlier run did not write. Then nothing is changed.
 */
export function writeFolder(files: Map<string, string>, folder: string): { removed: string[] } {
  throwIfAny(
    [...new Set([...files.keys()].flatMap((file) => inTheWay(file, folder) ?? []))].map(
      (path) => `${path}: exists, and slipway render did not write it. Remove it, or choose another folder.`,
    ),
    "The manifests cannot be written:",
  );
  mkdirSync(folder, { recursive: true });
  const removed = yamlFilesIn(folder).filter((file) => !files.has(file) && isOurs(join(folder, file)));
  for (const file of removed) {
    rmSync(join(folder, file));
    removeEmpty(folder, dirname(file));
  }
  for (const [file, content] of files) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  }
  return { removed };
}

/** What must not be overwritten: a file of somebody else, or one where a folder has to be. */
function inTheWay(file: string, folder: string): string | undefined {
  const path = join(folder, file);
  if (existsSync(path)) return isOurs(path) ? undefined : path;
  for (let above = dirname(file); ; above = dirname(above)) {
    const parent = join(folder, above);
    if (existsSync(parent)) return statSync(parent).isDirectory() ? undefined : parent;
    if (above === ".") return undefined;
  }
}

/** YAML files in a folder and in the subfolders of renderings, relative to it. */
function yamlFilesIn(folder: string): string[] {
  const isYaml = (file: string) => file.endsWith(".yaml");
  const below = subfolders
    .filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory())
    .flatMap((name) => readdirSync(join(folder, name), { recursive: true, encoding: "utf8" }).map((file) => join(name, file)));
  return [...readdirSync(folder), ...below].filter(isYaml).sort();
}

function isOurs(path: string): boolean {
  return statSync(path).isFile() && readFileSync(path, "utf8").startsWith(marker);
}

/** Removes a folder below another one if it is empty, and then those above it. */
function removeEmpty(root: string, folder: string): void {
  if (folder === "." || readdirSync(join(root, folder)).length > 0) return;
  rmdirSync(join(root, folder));
  removeEmpty(root, dirname(folder));
}
