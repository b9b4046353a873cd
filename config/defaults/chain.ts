import { dirname, relative } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { extendsSetting } from "../schema/extends.ts";
import { readDefaultsFile, type DefaultsFile } from "./file.ts";
import { locateDefaults } from "./locate.ts";

/**
 * The files of defaults that `extends` names, and those that they extend, each once: a file after all that it extends, and otherwise in the
 * order in which they are named.
 *
 * @param by the file and key that have `extends`, for messages.
 * @param project folder of the project.
 * @throws UserError if a file is missing or invalid, or extends itself.
 */
export function extendedFiles(given: unknown, by: string, project: string): DefaultsFile[] {
  const { data, error } = extendsSetting.safeParse(given);
  if (error) throw new UserError(`${by}: ${error.issues[0]!.message} (got ${JSON.stringify(given)}).`);
  const found = new Map<string, DefaultsFile>();
  const add = (references: string[], folder: string, from: string, above: string[]) => {
    for (const reference of references) {
      const path = locateDefaults(reference, folder, from);
      if (above.includes(path)) throw new UserError(`${from}: ${cycle([...above.slice(above.indexOf(path)), path], project)}`);
      if (found.has(path)) continue;
      const file = readDefaultsFile(path, project);
      add(file.extends, dirname(path), `${file.file}: extends`, [...above, path]);
      found.set(path, file);
    }
  };
  add([data ?? []].flat(), project, by, []);
  return [...found.values()];
}

function cycle(paths: string[], project: string): string {
  return `is a cycle: ${paths.map((path) => relative(project, path)).join(" → ")}. Remove one of them.`;
}
