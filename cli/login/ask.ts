import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { UserError } from "../../lib/user-error.ts";

export interface GivenLogin {
  username: string;
  password: string;
}

/** A terminal. Tests pass their own streams. */
export interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream;
}

/**
 * Takes the user and the password from options and standard input, and asks for them on a terminal.
 *
 * @throws UserError if one is missing and there is no terminal.
 */
export async function askForLogin(
  registry: string,
  { username, passwordStdin }: { username: string | undefined; passwordStdin: boolean },
  terminal: Terminal = { input: process.stdin, output: process.stderr },
): Promise<GivenLogin> {
  if (passwordStdin) {
    if (username === undefined) throw new UserError("--username: is required together with --password-stdin.");
    return { username, password: required(await text(terminal.input), "password", "Write it to standard input") };
  }
  if (!terminal.input.isTTY)
    throw new UserError(
      `There is no terminal to ask for the login to ${registry}. Use --username, and --password-stdin with the password on standard input.`,
    );
  const name = username ?? (await ask(`User of ${registry}: `, terminal));
  const password = await ask("Password or token: ", terminal, true);
  return { username: required(name, "user", "Enter it"), password: required(password, "password", "Enter it") };
}

function required(given: string, what: string, remedy: string): string {
  const value = given.replace(/\r?\n$/, "");
  if (value === "") throw new UserError(`The ${what} is empty. ${remedy}.`);
  return value;
}

/** Asks for a line on a terminal. A hidden answer is not echoed. */
export async function ask(question: string, { input, output }: Terminal, isHidden = false): Promise<string> {
  // What is typed is echoed to the output, so for a password it is one that discards it.
  const discarding = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input, output: isHidden ? discarding : output, terminal: true });
  const cancelled = new AbortController();
  reader.on("SIGINT", () => cancelled.abort());
  reader.on("close", () => cancelled.abort()); // Ctrl-D
  try {
    if (isHidden) output.write(question);
    return await reader.question(question, { signal: cancelled.signal });
  } catch {
    throw new UserError("Cancelled. Nothing was stored.");
  } finally {
    if (isHidden) output.write("\n");
    reader.close();
  }
}
