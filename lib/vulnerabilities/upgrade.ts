import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Finding } from "./finding.ts";
import type { GoToolchain } from "./govulncheck.ts";

/** Where the program of a finding is. */
export interface UpgradePlace {
  /** Path of its go.mod. */
  module: string;
  toolchain: GoToolchain;
  /** Setting of the stack file that names the toolchain. @default - none */
  toolchainSetting?: string;
}

/** What upgrades the module of a finding to a version without it. Undefined if there is no such version. */
export function upgradeOf({ module, fixed }: Pick<Finding, "module" | "fixed">, place: UpgradePlace): string | undefined {
  if (fixed === undefined) return undefined;
  const folder = dirname(place.module);
  if (module !== "stdlib" && module !== "toolchain") {
    const vendor = existsSync(join(folder, "vendor", "modules.txt")) ? " && " + go(folder, "mod vendor") : "";
    return `${go(folder, `get ${module}@${fixed}`)} && ${go(folder, "mod tidy")}${vendor}`;
  }
  const version = shownVersion(module, fixed);
  const { toolchain, toolchainSetting } = place;
  if (toolchainSetting !== undefined) return `set ${toolchainSetting} to go${version}`;
  if (toolchain.fixed) return `install Go ${version}, because GOTOOLCHAIN allows no other than ${toolchain.version}: https://go.dev/dl/`;
  if (toolchain.workspace !== "") return go(toolchain.workspace, `work edit -go=${version}`);
  return go(folder, `get go@${version}`);
}

/** The version as Go's own tools print it: those of Go itself have no `v`. */
export function shownVersion(module: string, version: string): string {
  return module === "stdlib" || module === "toolchain" ? version.replace(/^v/, "") : version;
}

/** The command in a folder, from the project. */
function go(folder: string, args: string): string {
  const path = relative(".", folder);
  return `go ${path === "" ? "" : `-C ${path} `}${args}`;
}
