import { homedir } from "node:os";
import { join } from "node:path";

/** A path in Slipway's cache: `$XDG_CACHE_HOME/slipway`, by default `~/.cache/slipway`. Everything in it can be created again. */
export function cacheFolder(...below: string[]): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "slipway", ...below);
}
