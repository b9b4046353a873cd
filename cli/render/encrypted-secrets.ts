import { createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { stringify } from "yaml";
import { readWritten } from "../../config/stack-file.ts";
import { passphraseKey } from "../../lib/secrets.ts";
import { encryptSecret } from "../../lib/sops.ts";
import { UserError } from "../../lib/user-error.ts";
import { hasUnknown, type Properties } from "../../lib/values.ts";
import { header } from "../../review/render/folder.ts";
import type { SecretWriter } from "../../review/render/gitops.ts";

/** A key that only those have who can read the stack's secrets. Undefined for a stack without a passphrase. */
export function keyOfStack(name: string, purpose: string): Buffer | undefined {
  const { encryptionsalt, file } = readWritten(name);
  return encryptionsalt === undefined
    ? undefined
    : createHmac("sha256", passphraseKey(encryptionsalt, file)).update(`slipway render: ${purpose}`).digest();
}

/**
 * Encrypts Secrets with SOPS. A Secret that has not changed keeps its file: SOPS encrypts with a new key each time, so each rendering would be a
 * change. Whether it has changed says a checksum in the file, of the content and the recipients.
 *
 * @param key of the checksum. @default - every Secret is encrypted again
 * @param out folder of earlier files
 */
export function encryptedSecrets(key: Buffer | undefined, out: string, recipients: string[]): SecretWriter {
  const rules = recipients.length > 0 ? "" : creationRules();
  return async (secret, path, annotate) => {
    const text = stringify(annotate(secret), { sortMapEntries: true, lineWidth: 0 });
    const file = join(out, path);
    if (hasUnknown(secret)) throw new UserError(`${labelOf(secret)}: contains a value that is known only after deployment.`);
    const checksum =
      key &&
      createHmac("sha256", key)
        .update(JSON.stringify([text, recipients, rules]))
        .digest("hex");
    const head = header + (checksum === undefined ? "" : `# Checksum of its content and recipients: ${checksum}\n`);
    const earlier = existsSync(file) ? readFileSync(file, "utf8") : "";
    if (checksum !== undefined && earlier.startsWith(head)) return earlier;
    try {
      return head + (await encryptSecret(text, file, recipients));
    } catch (error) {
      const [, ...said] = (error as Error).message.split("\n");
      throw new UserError([`${labelOf(secret)}: SOPS cannot encrypt it for ${file}. ${remedy(recipients)}`, ...said].join("\n"));
    }
  };
}

function remedy(recipients: string[]): string {
  return recipients.length > 0
    ? "Check the recipients after --age."
    : "Add a rule for this file to .sops.yaml, or pass recipients with --age.";
}

function labelOf({ kind, metadata }: Properties): string {
  return `${kind} ${metadata?.name}`;
}

/** The creation rules that SOPS uses: those in the nearest .sops.yaml, here or in a folder above. */
function creationRules(folder = resolve(".")): string {
  const file = join(folder, ".sops.yaml");
  if (existsSync(file)) return readFileSync(file, "utf8");
  return dirname(folder) === folder ? "" : creationRules(dirname(folder));
}
