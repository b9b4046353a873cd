/**
 * Namespace of Slipway's settings in a stack file, as in `slipway:services`. It does not depend on the name of the project, which may have
 * settings of its own.
 */
export const settingsNamespace = "slipway";

/** Pulumi passes every value of the configuration as text, and objects as JSON. */
export function parseConfigValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A value of the configuration as Pulumi passes it. */
export function formatConfigValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
