import { join } from "node:path";
import { platformOf, type Stack } from "../../config/stack-file.ts";
import { UserError } from "../../lib/user-error.ts";
import { writeFolder } from "../../review/render/folder.ts";
import { manifestsOf, type OmittedSecret } from "../../review/render/manifests.ts";
import { registrationsOf } from "../../review/render/registrations.ts";

/** What was rendered, as far as it is the same for a controller. */
export interface RenderResult {
  files: string[];
  removed: string[];
  secrets: OmittedSecret[];
  notes: string[];
  bootstrap?: undefined;
  images?: undefined;
  artifact?: undefined;
}

/** Writes one file for each object of a stack. */
export async function renderPlain(stack: Stack, out: string): Promise<RenderResult> {
  const { files, secrets } = manifestsOf(await registrationsOf(stack));
  if (files.size === 0)
    throw new UserError(
      `Stack "${stack.name}" has no Kubernetes objects (its platform is ${platformOf(stack)}). Render a stack of the platform kubernetes, local or eks.`,
    );
  const { removed } = writeFolder(files, out);
  const inFolder = (names: string[]) => names.map((name) => join(out, name));
  return { files: inFolder([...files.keys()]), removed: inFolder(removed), secrets, notes: [] };
}
