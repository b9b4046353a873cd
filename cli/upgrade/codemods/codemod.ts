import { settingsNamespace } from "../../../config/config-value.ts";
import { formatPath, type Path } from "../../../lib/property-path.ts";
import type { StackText } from "../stack-text.ts";

/** What a codemod sees of a stack. */
export interface StackToChange {
  /** Name of the Pulumi project. */
  project: string;
  text: StackText;
}

/**
 * A change of stack files that a version needs. It edits only what that version no longer accepts or understands, so that it changes nothing
 * when it runs again, or in a file that does not need it.
 */
export interface Codemod {
  /** Name, which never changes. */
  id: string;
  /** The first version that needs the change. */
  since: string;
  /** What it does, in one line, without a full stop. */
  description: string;
  /**
   * Edits the text.
   *
   * @returns what the user must do by hand, because the file does not say what is meant: path, problem and remedy.
   */
  apply: (stack: StackToChange) => string[];
}

/** The path of a setting in a stack file. */
export function settingPath(key: string, ...below: Path): Path {
  return ["config", `${settingsNamespace}:${key}`, ...below];
}

/** The paths of all services and jobs, or of those of one kind. */
export function unitsIn(text: StackText, roots: ("services" | "jobs")[] = ["services", "jobs"]): { path: Path; name: string }[] {
  return roots.flatMap((root) => text.keys(settingPath(root)).map((name) => ({ path: settingPath(root, name), name })));
}

/** A setting in a message: `slipway:services.web.port`. */
export function formatSetting(path: Path): string {
  const prefix = `${settingsNamespace}:`;
  return `${prefix}${formatPath([String(path[1]).slice(prefix.length), ...path.slice(2)])}`;
}
