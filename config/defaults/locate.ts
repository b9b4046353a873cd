import { existsSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, join, resolve } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { readYaml } from "../project.ts";

/** The file of defaults in a package or directory, unless its package.json names another one. */
const usualName = "slipway.yaml";

/**
 * The file of defaults that `extends` names: `@acme/slipway-defaults` or `@acme/slipway-defaults/eks` in a folder of npm packages, or a
 * directory such as `../platform/defaults`.
 *
 * @param folder of the file with `extends`, where the search for packages starts, as in Node.
 * @param by that file and its key, for messages.
 * @throws UserError if it does not exist.
 */
export function locateDefaults(reference: string, folder: string, by: string): string {
  const target = isDirectory(reference) ? resolve(folder, reference) : findInPackages(reference, folder);
  if (target === undefined)
    throw new UserError(
      `${by}: the npm package "${reference}" is not installed. Run npm install, correct its name, or start a directory with "./".`,
    );
  if (!existsSync(target)) throw new UserError(`${by}: "${reference}" does not exist. Correct the path.`);
  if (statSync(target).isFile()) return realpathSync(target);
  const name = nameIn(target, reference, by);
  if (!existsSync(join(target, name)))
    throw new UserError(
      `${by}: "${reference}" has no ${name}. Correct the reference, or name the file in the field "slipway" of its package.json.`,
    );
  return realpathSync(join(target, name));
}

function isDirectory(reference: string): boolean {
  return reference.startsWith(".") || isAbsolute(reference);
}

/** The folder of a package, or the path in it. Node's own lookup would need a main file and `exports`, which a package of data lacks. */
function findInPackages(reference: string, folder: string): string | undefined {
  const [, name = ""] = /^((?:@[^/]+\/)?[^/]+)/.exec(reference) ?? [];
  const folders = createRequire(join(resolve(folder), "package.json")).resolve.paths(name) ?? [];
  const found = folders.find((modules) => existsSync(join(modules, name)));
  return found && join(found, reference);
}

function nameIn(target: string, reference: string, by: string): string {
  const file = join(target, "package.json");
  if (!existsSync(file)) return usualName;
  const { slipway: name } = readYaml(file, `${by}: package.json of "${reference}"`); // JSON is YAML
  if (name === undefined) return usualName;
  if (typeof name === "string") return name;
  throw new UserError(`${by}: the field "slipway" in package.json of "${reference}" must be a path (got ${JSON.stringify(name)}).`);
}
