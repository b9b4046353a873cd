import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Stack } from "../../config/stack-file.ts";

/** A file that marks a stack as created by the Pulumi CLI. */
export function pulumiMark(stack: Stack): string {
  return join(stack.folder, "made-by-pulumi");
}

/** Where `pulumi login` keeps who is logged in where. */
function credentialsFile(): string {
  return join(process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi"), "credentials.json");
}

/** URL of the backend that somebody is logged in to. */
export function loggedInTo(): string | undefined {
  const file = credentialsFile();
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { current?: string }).current : undefined;
}

/** If nobody is logged in to a backend: state in `.slipway/`, and a passphrase of this checkout for its secrets. */
export function backendVariables(): Record<string, string> {
  const { PULUMI_BACKEND_URL, PULUMI_ACCESS_TOKEN, PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE } = process.env;
  if (PULUMI_BACKEND_URL || PULUMI_ACCESS_TOKEN || loggedInTo()) return {};
  const state = resolve(".slipway/pulumi");
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const env: Record<string, string> = { PULUMI_BACKEND_URL: `file://${state}`, PULUMI_SKIP_UPDATE_CHECK: "true" };
  if (PULUMI_CONFIG_PASSPHRASE === undefined && PULUMI_CONFIG_PASSPHRASE_FILE === undefined) {
    const file = resolve(".slipway/passphrase");
    if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600 });
    env["PULUMI_CONFIG_PASSPHRASE_FILE"] = file;
  }
  return env;
}
