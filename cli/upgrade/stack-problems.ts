import { readStack } from "../../config/stack-file.ts";
import { UserError } from "../../lib/user-error.ts";
import { configurationOf } from "../../review/configuration.ts";

/** What is invalid in a stack file, with this version's schema: one problem each. Secrets are not decrypted. */
export async function problemsOfStack(name: string): Promise<string[]> {
  try {
    await configurationOf(readStack(name, { withoutSecrets: true }));
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [, ...problems] = error.message.split(/\n {2}- /);
    return problems.length > 0 ? problems : [error.message];
  }
}
