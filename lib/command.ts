import { execFile } from "node:child_process";
import { UserError } from "./user-error.ts";

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** @default - no bound. */
  timeoutSeconds?: number;
  /** How many of its last lines are told of a program that fails. @default 20 */
  lines?: number;
}

/**
 * Runs a program and returns its standard output.
 *
 * @throws UserError with the last lines of what the program said, where it is missing, fails, or takes too long.
 */
export async function command(program: string, args: string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const settings = {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      timeout: (options.timeoutSeconds ?? 0) * 1000,
      maxBuffer: 64 * 1024 * 1024,
    };
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const ending = error.killed
        ? `not done after ${options.timeoutSeconds} s`
        : typeof error.code === "number"
          ? `exit code ${error.code}`
          : error.message;
      const said = (stderr || stdout)
        .trimEnd()
        .split("\n")
        .slice(-(options.lines ?? 20));
      reject(new UserError([[program, ...args].join(" "), `  ${ending}`, ...said.map((line) => `  | ${line}`)].join("\n")));
    });
    child.stdin?.end();
  });
}

/** Whether a program succeeds; what it prints is dropped. */
export async function succeeds(program: string, args: string[], options: CommandOptions = {}): Promise<boolean> {
  return command(program, args, options).then(
    () => true,
    () => false,
  );
}
