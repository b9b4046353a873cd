import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import type { ComposeProject } from "./project.ts";

/** The content of a secret of the project: of its file, or of a variable. Undefined if it is not here. */
export function secretContent(source: string, project: ComposeProject): string | undefined {
  const { file, environment } = project.secrets?.[source] ?? {};
  if (file === undefined) return environment === undefined ? undefined : process.env[environment];
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** Why a secret has no content, to follow "because". */
export function whyNoContent(source: string, project: ComposeProject, folder: string): string {
  const { file } = project.secrets?.[source] ?? {};
  return file === undefined ? `"${source}" has no file here` : `${relative(folder, file)} does not exist`;
}
