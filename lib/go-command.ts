import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { lockedInTurn } from "./file-lock.ts";

/** A run of the Go compiler. */
export interface GoCommand {
  folder: string;
  /** Arguments of `go`. */
  args: string[];
  /** Environment variables besides those of this process. */
  env: Record<string, string>;
  /** The file that it writes. */
  output: string;
}

/** What a run printed, and the program if it did not fail. */
export interface GoResult {
  log: string;
  program: Buffer | undefined;
}

interface EarlyBuild {
  command: GoCommand;
  result: Promise<GoResult>;
  stop: AbortController;
}

/** Builds that were started before it was known that they are needed. */
const early: EarlyBuild[] = [];
/** The builds of this run. */
const made = new Map<string, GoCommand>();

/** Builds a Go program. One that was started early with the same arguments is waited for. */
export async function goBuild(command: GoCommand, what: string, signal: AbortSignal | undefined): Promise<GoResult> {
  const key = JSON.stringify(command);
  made.set(key, command);
  const known = early.find((one) => JSON.stringify(one.command) === key);
  // Another version of the same program would have to be waited for.
  for (const other of early) if (other !== known && other.command.output === command.output) other.stop.abort();
  if (known && !known.stop.signal.aborted) {
    signal?.addEventListener("abort", () => known.stop.abort(), { once: true });
    const result = await known.result;
    early.splice(early.indexOf(known), 1);
    // What failed is tried again, so that errors are those of a normal build.
    if (result.program) return result;
  }
  return run(command, what, signal);
}

/**
 * Go links again only if the file is not what it would write, so all builds of a program use one. Another run may build another version of the
 * program, so they take turns.
 */
function run({ folder, args, env, output }: GoCommand, what: string, signal: AbortSignal | undefined): Promise<GoResult> {
  return lockedInTurn(dirname(output), what, "go build", async () => {
    const { failed, log } = await runGo(args, folder, env, signal);
    signal?.throwIfAborted();
    return { log, program: failed ? undefined : await readFile(output) };
  });
}

/** Runs `go`, and returns all that it prints. */
export function runGo(
  args: string[],
  cwd: string,
  env: Record<string, string | undefined>,
  signal?: AbortSignal,
): Promise<{ failed: boolean; log: string }> {
  return new Promise((done) => {
    execFile("go", args, { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024, signal }, (error, stdout, stderr) =>
      done({ failed: error !== null, log: stdout + stderr }),
    );
  });
}

function recordOf(folder: string): string {
  return join(folder, "go-builds.json");
}

/**
 * Starts the builds that the last run of a stack needed, one after the other, while the program is still being loaded. Only the arguments are those
 * of the last run: what Go compiles is what is there now.
 *
 * @param folder Of the stack: `.slipway/<name>`.
 */
export function startEarlyBuilds(folder: string): void {
  let commands: GoCommand[];
  try {
    commands = JSON.parse(readFileSync(recordOf(folder), "utf8")) as GoCommand[];
  } catch {
    return; // there is none, or it is not readable: nothing depends on it
  }
  let last: Promise<unknown> = Promise.resolve();
  for (const command of commands) {
    const stop = new AbortController();
    const result = last
      .then(() => run(command, `The build of ${command.folder}`, stop.signal))
      .catch((error: Error) => {
        return { log: error.message, program: undefined };
      });
    early.push({ command, result, stop });
    last = result;
  }
  process.once("exit", stopEarlyBuilds);
}

/** Ends the early builds that nobody has needed. */
export function stopEarlyBuilds(): void {
  for (const { stop } of early.splice(0)) stop.abort();
}

/**
 * Records the builds of this run for the next one.
 *
 * @param create Whether to create the folder of the stack. One whose state is in a cluster may have none.
 */
export function recordBuilds(folder: string, create: boolean): void {
  if (made.size === 0 || !(create || existsSync(folder))) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = JSON.stringify([...made.values()], null, 2);
  writeFileSync(recordOf(folder), `${text}\n`, { mode: 0o600 });
}
