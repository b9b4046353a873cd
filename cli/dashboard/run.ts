import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStack } from "../../config/stack-file.ts";
import { UserError } from "../../lib/user-error.ts";
import { engineFor } from "../engines.ts";
import { startDashboard } from "./dashboard.ts";

/** Starts the dashboard, prints its URL, and returns after Ctrl-C. */
export async function runDashboard(
  name: string,
  { port, readOnly, open, json }: { port: string; readOnly: boolean; open: boolean; json: boolean },
): Promise<void> {
  const stack = readStack(name);
  const dashboard = await startDashboard(stack, await engineFor(stack), { port: portOf(port), readOnly });
  const { url } = dashboard;
  process.stdout.write(
    json
      ? `${JSON.stringify({ stack: stack.name, url, port: dashboard.port })}\n`
      : `dashboard of stack "${stack.name}": ${url}\nCtrl-C ends it.\n`,
  );
  const file = join(stack.folder, "dashboard.html");
  if (open && process.stdout.isTTY) {
    // Not the URL itself: everybody on this machine can read the arguments of a program.
    mkdirSync(stack.folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, `<!doctype html><meta http-equiv="refresh" content="0; url=${url}" />\n`, { mode: 0o600 });
    openBrowser(file);
  }
  await new Promise<void>((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => done());
  });
  rmSync(file, { force: true });
  await dashboard.close();
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new UserError(`--port: must be a port number, or 0 for any free one (got "${text}").`);
  return port;
}

/** Opens a file as the desktop does. Without a desktop there is only the printed URL. */
function openBrowser(file: string): void {
  const openers: Record<string, string[]> = { darwin: ["open"], win32: ["rundll32", "url.dll,FileProtocolHandler"] };
  const [command = "", ...args] = openers[process.platform] ?? ["xdg-open"];
  spawn(command, [...args, file], { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}
