import { z } from "zod";
import { setting } from "./setting.ts";

const reference = z.string().min(1);

/** Where defaults and locks come from, in a stack file and in files of defaults. */
export const extendsSetting = setting(
  z.union([reference, z.array(reference)], { error: "must be an npm package, a directory, or a list of them" }),
  {
    meaning: "npm package or directory with defaults and locks, or a list of them, of which a later one replaces earlier ones",
    without: "none",
    example: "@acme/slipway-defaults",
  },
);
