import * as pulumi from "@pulumi/pulumi";
import { loadConfiguration, type Configuration } from "../config/load.ts";
import { loadPlatform } from "../platforms/platform.ts";
import type { Stack } from "../config/stack-file.ts";

/** The configuration of a stack, checked as for a run of the program, for commands that run none. */
export async function configurationOf(stack: Stack): Promise<Configuration> {
  const none = () => Promise.reject(new Error("no program runs"));
  await pulumi.runtime.setMocks({ newResource: none, call: none }, stack.project, stack.name);
  pulumi.runtime.setAllConfig(stack.config, stack.secretKeys);
  return loadConfiguration(loadPlatform);
}
