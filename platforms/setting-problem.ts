import { settingsNamespace } from "../config/config-value.ts";
import { formatProblem } from "../lib/problem.ts";
import type { Path } from "../lib/property-path.ts";

/** A problem that a preflight found with a setting: `slipway:docker.ports.http: port 8080 is already used by …`. */
export function settingProblem(path: Path, message: string): string {
  return `${settingsNamespace}:${formatProblem({ path, message })}`;
}
