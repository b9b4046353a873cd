import { isDeepStrictEqual } from "node:util";
import { isMap, parseDocument, type Document } from "yaml";
import { secretsBelow } from "../../config/project.ts";
import { UserError } from "../../lib/user-error.ts";

const gate = ["config", "slipway:gate"];

/**
 * A stack file as it was, but with the gate of today: what may be deployed, and with whose approval, is no part of a release.
 *
 * @param now text of the stack file
 * @param then its text in the release
 */
export function restoredSettings(now: string, then: string): string {
  const [current, restored] = [parseDocument(now), parseDocument(then)];
  // Without a difference, the file keeps its formatting.
  if (isDeepStrictEqual(withoutGate(now), withoutGate(then))) return now;
  const today = current.getIn(gate, true);
  if (isDeepStrictEqual(valueOf(current, gate), valueOf(restored, gate))) return then;
  if (today === undefined) restored.deleteIn(gate);
  else if (isMap(restored.get("config"))) restored.setIn(gate, today);
  return restored.toString(formatting);
}

/** Long lines stay as they are. */
const formatting = { lineWidth: 0 };

function withoutGate(text: string): unknown {
  const document = parseDocument(text);
  document.deleteIn(gate);
  return document.toJS();
}

/** The value at a path, as data. */
function valueOf(document: Document, path: string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], document.toJS());
}

/**
 * A stack file with the settings that one service or job had.
 *
 * @param now text of the stack file
 * @param then its text in the release
 * @throws UserError if one of the files has no such service or job, or its secrets cannot be read with today's passphrase.
 */
export function restoredService(now: string, then: string, name: string, file: string): string {
  const [current, restored] = [parseDocument(now), parseDocument(then)];
  const root = ["services", "jobs"].map((one) => ["config", `slipway:${one}`]).find((path) => restored.hasIn([...path, name]));
  if (root === undefined || !current.hasIn(root))
    throw new UserError(
      `--service: ${file} had no service or job "${name}" in that release. Leave the option out to roll back all of them.`,
    );
  const path = [...root, name];
  if (isDeepStrictEqual(valueOf(current, path), valueOf(restored, path))) return now;
  if (hasSecrets(restored, path) && current.get("encryptionsalt") !== restored.get("encryptionsalt"))
    throw new UserError(
      `--service: "${name}" has secrets, and the passphrase of ${file} has changed since. Leave the option out, or roll back the image alone: --images-only.`,
    );
  current.setIn(path, restored.getIn(path, true));
  return current.toString(formatting);
}

function hasSecrets(document: Document, path: string[]): boolean {
  return secretsBelow(valueOf(document, path)).length > 0;
}
