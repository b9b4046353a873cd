import { passphraseVariable, shortestPassphrase } from "../../lib/attestations/key-file.ts";
import { UserError } from "../../lib/user-error.ts";
import { ask, type Terminal } from "../login/ask.ts";

/**
 * The passphrase for a new private key: from the environment, else asked for twice on a terminal.
 *
 * @throws UserError if there is none, or it is too short.
 */
export async function newPassphrase(
  env: NodeJS.ProcessEnv = process.env,
  terminal: Terminal = { input: process.stdin, output: process.stderr },
): Promise<string> {
  const given = env[passphraseVariable];
  if (given) return longEnough(given);
  if (!terminal.input.isTTY)
    throw new UserError(`There is no terminal to ask for the passphrase of the private key. Set ${passphraseVariable}.`);
  const passphrase = longEnough(await ask("Passphrase of the private key: ", terminal, true));
  if ((await ask("Again: ", terminal, true)) !== passphrase) throw new UserError("The passphrases differ. Nothing was written.");
  return passphrase;
}

function longEnough(passphrase: string): string {
  if (passphrase.length < shortestPassphrase)
    throw new UserError(
      `The passphrase must have at least ${shortestPassphrase} characters (got ${passphrase.length}), because whoever has the file can try passphrases. Use a longer one.`,
    );
  return passphrase;
}
