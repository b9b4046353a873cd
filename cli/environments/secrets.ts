import { readStackFile, secretsBelow, knownStacks, type StackFile } from "../../config/project.ts";
import { open, passphraseKey, preparePassphraseKey } from "../../lib/secrets.ts";
import { formatPath, valueAt, type Path } from "../../lib/property-path.ts";
import { throwIfAny } from "../../lib/problem.ts";
import type { Template } from "./template.ts";

/**
 * Rejects a template with the secrets of another stack, or with a passphrase that opens them: whoever can change the code of an environment, such
 * as the author of a pull request, can read everything that its deployment can.
 *
 * @throws UserError that names the secrets and stacks.
 */
export async function rejectSharedSecrets({ name, file, settings }: Pick<Template, "name" | "file" | "settings">): Promise<void> {
  const own = readStackFile(name);
  const { sharesSecretsWith = [] } = settings;
  const others = knownStacks().filter((stack) => stack !== name && !sharesSecretsWith.includes(stack));
  const problems = await Promise.all(others.map((stack) => problemsWithSecrets(own, stack, readStackFile(stack))));
  throwIfAny(
    problems.flat(),
    `${file}: environments must have secrets of their own, because whoever can change their code can read them. Use other secrets and another passphrase, or add the stack to slipway:review.sharesSecretsWith:`,
  );
}

async function problemsWithSecrets(own: StackFile, stack: string, other: StackFile): Promise<string[]> {
  const theirs = secretsOf(other);
  if (theirs.length === 0) return [];
  const copies = secretsOf(own).filter(({ text }) => theirs.some((one) => one.text === text));
  if (copies.length > 0) return copies.map(({ path: [key, ...path] }) => `${key}.${formatPath(path)}: is a secret of the stack ${stack}`);
  const opened = await opens(other);
  return opened ? [`the passphrase also opens the secrets of the stack ${stack} (${other.file})`] : [];
}

interface Secret {
  path: Path;
  /** Ciphertext. */
  text: string;
}

function secretsOf({ config }: StackFile): Secret[] {
  return secretsBelow(config).map((path) => ({ path, text: String(valueAt(config, [...path, "secure"])) }));
}

/** Whether the passphrase of this run opens the secrets of a stack file. */
async function opens(other: StackFile): Promise<boolean> {
  if (other.encryptionsalt === undefined) return false;
  try {
    await preparePassphraseKey(other.encryptionsalt);
    const key = passphraseKey(other.encryptionsalt, other.file);
    return secretsOf(other).some(({ text }) => open(key, text) !== undefined);
  } catch {
    return false;
  }
}
