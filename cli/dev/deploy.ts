import { spawn } from "node:child_process";
import { developmentVariable } from "../../config/development.ts";

/**
 * Deploys the stack in a process of its own: a program runs once per process.
 *
 * @param variables for the program.
 * @param json whether standard output is reserved for JSON.
 * @param signal ends it. What it has not done, the next one does.
 */
export function deployStack(stack: string, variables: Record<string, string>, json: boolean, signal?: AbortSignal): Promise<boolean> {
  const [script = ""] = process.argv.slice(1);
  const { [developmentVariable]: _developed, ...env } = process.env;
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [...process.execArgv, script, "up", "--stack", stack], {
      stdio: ["ignore", json ? 2 : "inherit", "inherit"],
      env: { ...env, ...variables },
    });
    const stop = () => void child.kill("SIGINT");
    signal?.addEventListener("abort", stop, { once: true });
    child.on("error", failed).on("close", (code) => {
      signal?.removeEventListener("abort", stop);
      done(code === 0);
    });
  });
}
