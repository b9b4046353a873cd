import { parseConfigValue } from "./config-value.ts";
import { developmentPlatforms } from "./schema/dev.ts";
import { Platform } from "./schema/setting.ts";
import type { Configuration } from "./settings.ts";

/** The variable by which `slipway dev` tells the program which services it develops, as JSON. */
export const developmentVariable = "SLIPWAY_DEV";

/** What `slipway dev` develops. */
export interface Development {
  /** Services whose programs are replaced in place. */
  services: string[];
  /** Whether the programs run in the debugger. */
  debug: boolean;
}

/** No services in any other run than one of `slipway dev`. */
export function readDevelopment(): Development {
  const given = process.env[developmentVariable];
  return given ? (parseConfigValue(given) as Development) : { services: [], debug: false };
}

/** Stacks that nobody develops on, whatever their settings say. */
const production = /^prod(uction)?\b/;

/** Why `slipway dev` does not run on a stack, with a remedy. Undefined if it does. */
export function problemWithDevelopment({ stack, platform, dev }: Pick<Configuration, "stack" | "platform" | "dev">): string | undefined {
  if (platform === Platform.Swarm || platform === Platform.Eks)
    return `slipway:platform: slipway dev runs on local, docker and kubernetes (got "${platform}"). Develop on a stack of one of these; slipway up deploys this one.`;
  if (production.test(stack))
    return `Stack "${stack}" is production by its name, where slipway dev never replaces a program. Develop on another stack, such as one on the platform local.`;
  if (dev ?? developmentPlatforms.includes(platform)) return undefined;
  return dev === false
    ? `slipway:dev: is false, so slipway dev must not replace programs of stack "${stack}". Develop on another stack, or set it to true.`
    : `slipway:dev: must be true before slipway dev replaces programs on a cluster that others may use. Set it in the stack file of "${stack}".`;
}
