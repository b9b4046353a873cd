import { existsSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import { command, succeeds } from "./command.ts";
import { step } from "./progress.ts";
import { sourceHash } from "./source-hash.ts";
import { UserError } from "./user-error.ts";

/**
 * Builds a Go program into the cache, unless it is cached already. Its go.mod pins all versions.
 *
 * @param module Folder of the module: either the program itself, or a module whose `tool` line names the program.
 * @param toolchain Version of Go that must at least build it, such as `go1.26.8`. @default - that on the PATH
 * @returns its path.
 * @throws UserError if Go is missing, or the program does not compile.
 */
export async function goProgram(module: string, toolchain?: string): Promise<string> {
  const tool = await toolOf(module);
  const name = basename(module);
  const path = cacheFolder("go-programs", [name, await sourceHash(module), ...(toolchain === undefined ? [] : [toolchain])].join("-"));
  if (!existsSync(path)) {
    if (!(await succeeds("go", ["version"])))
      throw new UserError(`Go is not on the PATH, and ${name} is built with it. Install Go: https://go.dev/doc/install`);
    // https://go.dev/doc/toolchain#select
    const env = { CGO_ENABLED: "0", ...(toolchain !== undefined && { GOTOOLCHAIN: `${toolchain}+auto` }) };
    // Another run never finds a part of the program.
    const unfinished = `${path}.${process.pid}`;
    const build = async () => {
      await command("go", ["build", "-o", unfinished, tool], { cwd: module, env });
      await rename(unfinished, path);
    };
    await step(`build ${name}`, build);
  }
  return path;
}

/** The version of a program of another module. */
export async function goProgramVersion(module: string): Promise<string> {
  return (await command("go", ["list", "-f", "{{.Module.Version}}", await toolOf(module)], { cwd: module })).trim();
}

/** The folder with the source of a program of another module. */
export async function goProgramSource(module: string): Promise<string> {
  return (await command("go", ["list", "-f", "{{.Dir}}", await toolOf(module)], { cwd: module })).trim();
}

async function toolOf(module: string): Promise<string> {
  return /^tool (\S+)$/m.exec(await readFile(join(module, "go.mod"), "utf8"))?.[1] ?? ".";
}
