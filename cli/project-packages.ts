import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { command } from "../lib/command.ts";
import { step } from "../lib/progress.ts";

/** Folder of this package. */
const own = realpathSync(join(import.meta.dirname, ".."));

/**
 * Makes the project's own version of Slipway run the command: `npx slipway` may be another copy of the package, and the program must share
 * the SDK with the command. Installs the project's packages if they are missing.
 *
 * @returns the exit code of the other copy; undefined if this one is right.
 * @throws UserError with npm's output if the packages cannot be installed.
 */
export async function runInProject(args: string[]): Promise<number | undefined> {
  if (!needsProject(args) || !dependsOnSlipway("package.json")) return undefined;
  const installed = installedIn(process.cwd()) ?? (await install());
  if (installed === undefined || realpathSync(installed) === own) return undefined;
  const start = join(installed, "cli", "start.cjs");
  if (!existsSync(start)) return undefined;
  process.on("SIGINT", () => {}); // the other process gets it, too, and ends as it should
  const { status } = spawnSync(process.execPath, [start, ...args], { stdio: "inherit" });
  return status ?? 1;
}

/** The project's copy of Slipway, in its node_modules or those of the workspace above it; undefined if there is none. */
function installedIn(folder: string): string | undefined {
  const installed = join(folder, "node_modules", "slipway");
  if (existsSync(installed)) return installed;
  return dirname(folder) === folder ? undefined : installedIn(dirname(folder));
}

async function install(): Promise<string | undefined> {
  await step("install the project's packages", () => command("npm", ["install", "--no-audit", "--no-fund"]), { always: true });
  return installedIn(process.cwd());
}

/** Commands without a program: the project may not be there yet. */
function needsProject([name]: string[]): boolean {
  return name !== undefined && !name.startsWith("-") && !["init", "completion", "complete"].includes(name);
}

function dependsOnSlipway(file: string): boolean {
  if (!existsSync("Pulumi.yaml") || !existsSync(file)) return false;
  try {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(file, "utf8")) as Record<string, Record<string, string> | undefined>;
    return { ...devDependencies, ...dependencies }["slipway"] !== undefined;
  } catch {
    return false; // whoever needs it reports what is wrong with it
  }
}
