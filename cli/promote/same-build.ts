import { imageSettings } from "../../config/image-settings.ts";
import { settingsIn, type Stack } from "../../config/stack-file.ts";
import { isMap } from "../../lib/property-path.ts";

/** The settings that decide what the image of a source contains. */
const buildSettings = [...imageSettings.filter((setting) => setting !== "image"), "version"];

/**
 * Settings in which two stacks differ, and with which one of them builds another image of a service or job than the other. Secrets are compared only
 * if both stacks were read with them.
 */
export function differencesInBuild(a: Pick<Stack, "config">, b: Pick<Stack, "config">, name: string): string[] {
  const [one, other] = [settingsOf(a, name), settingsOf(b, name)];
  return buildSettings.filter((setting) => JSON.stringify(one[setting]) !== JSON.stringify(other[setting]));
}

function settingsOf(stack: Pick<Stack, "config">, name: string): Record<string, unknown> {
  const [found = {}] = ["services", "jobs"].flatMap((root) => settingsIn(stack, root)[name] ?? []);
  return isMap(found) ? found : {};
}
