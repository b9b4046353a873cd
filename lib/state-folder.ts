import { homedir } from "node:os";
import { join } from "node:path";

/**
 * A path in Slipway's folder for what belongs to this machine and user and cannot be created again: `$XDG_STATE_HOME/slipway`, by default
 * `~/.local/state/slipway` (https://specifications.freedesktop.org/basedir-spec/latest/).
 */
export function stateFolder(...below: string[]): string {
  return join(process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "slipway", ...below);
}
