import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { command } from "../../lib/command.ts";

/** A Go module in a folder of this machine that is not Go's cache. */
export interface LocalModule {
  path: string;
  folder: string;
}

/** A module of the workspace, or one that a `replace` directive takes from a folder: https://go.dev/ref/mod#go-mod-file-replace */
const format = "{{if .Main}}{{.Path}}\t{{.Dir}}{{else if .Replace}}{{if not .Replace.Version}}{{.Path}}\t{{.Replace.Dir}}{{end}}{{end}}";

/** The local modules that a program is built from. If Go cannot say, because a go.mod is not valid now, the one around the source. */
export async function localModules(source: string): Promise<LocalModule[]> {
  const folder = resolve(source);
  const around = () => [{ path: "", folder: moduleAround(folder) ?? folder }];
  const listed = await command("go", ["list", "-mod=readonly", "-m", "-f", format, "all"], { cwd: folder }).catch(() => "");
  const modules = listed
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t"))
    .map(([path = "", dir = ""]) => ({ path, folder: dir }));
  return modules.length > 0 ? modules : around();
}

function moduleAround(folder: string): string | undefined {
  if (existsSync(join(folder, "go.mod"))) return folder;
  return dirname(folder) === folder ? undefined : moduleAround(dirname(folder));
}

/**
 * The place in the project's own code where a program panicked, relative to this folder, from what Go prints: the first of the stack that is in a
 * local module. Programs are built with -trimpath, so files begin with the path of their module. Undefined without one.
 */
export function panicIn(output: string, modules: LocalModule[]): string | undefined {
  for (const [, file = "", line] of output.matchAll(/^\t(\S+\.go):(\d+)/gm)) {
    const module = modules.find(({ path }) => path !== "" && file.startsWith(`${path}/`));
    if (module) return `${relative("", join(module.folder, file.slice(module.path.length + 1)))}:${line}`;
  }
  return undefined;
}
