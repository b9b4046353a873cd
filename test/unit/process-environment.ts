/**
 * Restores the variables of this process to what they were, in the same object: `vi.stubEnv` deletes variables from the original one only, so a test
 * that replaces `process.env` breaks the tests after it.
 */
export function restoreEnvironment(before: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
}
