import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { cacheFolder } from "../lib/cache-folder.ts";
import { command } from "../lib/command.ts";
import { step } from "../lib/progress.ts";
import { sourceHash } from "../lib/source-hash.ts";

/**
 * Builds a Go program into the cache, unless it is cached already. Its go.mod pins all versions.
 *
 * @param module Folder of the module: either the program itself, or a module whose `tool` line names the program.
 * @returns the program's path and its version.
 */
export async function goProgram(module: string): Promise<{ path: string; version: string }> {
  const [, tool = "."] = /^tool (\S+)$/m.exec(await readFile(join(module, "go.mod"), "utf8")) ?? [];
  const name = basename(module);
  const path = cacheFolder("go-programs", `${name}-${await sourceHash(module)}`);
  if (!existsSync(path)) {
    const build = () => command("go", ["build", "-o", path, tool], { cwd: module, env: { CGO_ENABLED: "0" } });
    await step(`build ${name}`, build);
  }
  const version = await command("go", ["list", "-f", "{{.Module.Version}}", tool], { cwd: module });
  return { path, version: version.trim() };
}
