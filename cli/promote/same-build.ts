import { imageSettings } from "../../config/image-settings.ts";
import { settingsIn, type Stack } from "../../config/stack-file.ts";
import { isMap } from "../../lib/property-path.ts";

/** The settings that decide what the image of a source contains. */
const buildSettings = [...imageSettings.filter((setting) => setting !== "image"), "version"];

/** The services and jobs of a stack that have a source, by name. */
export function builtIn(stack: Pick<Stack, "config">): Record<string, Record<string, unknown>> {
  const all = ["services", "jobs"].flatMap((root) => Object.entries(settingsIn(stack, root)));
  return Object.fromEntries(
    all.filter((entry): entry is [string, Record<string, unknown>] => isMap(entry[1]) && entry[1]["source"] !== undefined),
  );
}

/**
 * Settings in which two stacks differ, and with which one of them builds another image of a service than the other. Secrets are not compared,
 * so the stacks may have been read without them.
 */
export function differencesInBuild(a: Pick<Stack, "config">, b: Pick<Stack, "config">, name: string): string[] {
  const [one = {}, other = {}] = [builtIn(a)[name], builtIn(b)[name]];
  return buildSettings.filter((setting) => JSON.stringify(one[setting]) !== JSON.stringify(other[setting]));
}
