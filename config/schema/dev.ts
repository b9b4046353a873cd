import { z } from "zod";
import { Platform, setting } from "./setting.ts";

/** Platforms whose stacks are for development unless they say otherwise. */
export const developmentPlatforms: Platform[] = [Platform.Local, Platform.Docker];

/** `slipway:dev`: whether programs of the stack may be replaced in place, see docs/DEV.md. */
export const devSetting = setting(z.boolean(), {
  meaning: "Whether `slipway dev` may replace programs of the stack in place",
  without: `true on the platforms ${developmentPlatforms.join(" and ")}, otherwise false`,
  example: true,
});
