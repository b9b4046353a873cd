import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../components/internal/cache-folder.ts";
import { command } from "../components/internal/command.ts";
import { step } from "./progress.ts";
import { sourceHash } from "./source-hash.ts";

/** Programs that commands, tests and measurements use; the module of each pins its version and those of all that is in it. */
export type GoProgram = "actionlint" | "compose-config" | "ko" | "kube-score" | "vegeta";

/** The path of a program and its version. It is built beside the caches when it is first asked for. */
export async function goProgram(name: GoProgram): Promise<{ path: string; version: string }> {
  const module = join(import.meta.dirname, "go-programs", name);
  // One without is a program of our own, over a library.
  const [, tool = "."] = /^tool (\S+)$/m.exec(await readFile(join(module, "go.mod"), "utf8")) ?? [];
  const path = cacheFolder("go-programs", `${name}-${await sourceHash(module)}`);
  if (!existsSync(path)) {
    const build = () => command("go", ["build", "-o", path, tool], { cwd: module, env: { CGO_ENABLED: "0" } });
    await step(`build ${name}`, build);
  }
  const version = await command("go", ["list", "-f", "{{.Module.Version}}", tool], { cwd: module });
  return { path, version: version.trim() };
}
