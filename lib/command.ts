import { execFile } from "node:child_process";
import { UserError } from "./user-error.ts";

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** @default - no timeout. */
  timeoutSeconds?: number;
  /** Standard input. @default - empty */
  input?: string;
  /** How many of the last output lines the error shows. @default 20 */
  lines?: number;
}

/**
 * Runs a program and returns its standard output.
 *
 * @throws UserError with the last output lines if the program is missing, fails or times out.
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
        ? `timed out after ${options.timeoutSeconds} s`
        : typeof error.code === "number"
          ? `exit code ${error.code}`
          : error.message;
      const output = (stderr || stdout).trimEnd();
      const lines = output === "" ? [] : output.split("\n").slice(-(options.lines ?? 20));
      reject(new UserError([[program, ...args].join(" "), `  ${ending}`, ...lines.map((line) => `  | ${line}`)].join("\n")));
    });
    child.stdin?.on("error", () => {}); // a program that ends without reading it
    child.stdin?.end(options.input);
  });
}

/** Whether a program succeeds. Its output is discarded. */
export async function succeeds(program: string, args: string[], options: CommandOptions = {}): Promise<boolean> {
  return command(program, args, options).then(
    () => true,
    () => false,
  );
}
