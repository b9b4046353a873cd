import { homedir } from "node:os";
import { join } from "node:path";

/** Where Slipway keeps what can be made again, outside any checkout: `$XDG_CACHE_HOME/slipway`, else `~/.cache/slipway`. */
export function cacheFolder(...below: string[]): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "slipway", ...below);
}
