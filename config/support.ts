import type { Problem } from "../lib/problem.ts";
import { valuesAt } from "../lib/property-path.ts";
import type { z } from "zod";
import { jobSettings } from "./schema/job.ts";
import { serviceSettings } from "./schema/service.ts";
import { Platform, settingsBelow, type Support } from "./schema/setting.ts";

/** Platforms on Docker, without Kubernetes. */
export const dockerPlatforms = [Platform.Docker, Platform.Swarm] as const;
export type DockerPlatform = (typeof dockerPlatforms)[number];

/** A setting of a service and how each platform supports it. `*` in its path is any name or index. */
export interface SupportedSetting {
  path: string[];
  on: Record<Platform, Support>;
}

/** The settings of a service, each with its support. */
export const supportedSettings: SupportedSetting[] = supportOf(serviceSettings);

/** The settings of a job, each with its support. */
const supportedJobSettings: SupportedSetting[] = supportOf(jobSettings);

function supportOf(schema: z.ZodType): SupportedSetting[] {
  return settingsBelow(schema).flatMap(({ path, definition }) =>
    definition === undefined ? [] : [{ path, on: { local: {}, docker: {}, swarm: {}, kubernetes: {}, eks: {}, ...definition.on } }],
  );
}

/** What is wrong with the services or jobs of a stack because the platform does not support it. */
export function problemsWithSupport(platform: Platform, root: "services" | "jobs", services: Record<string, object>): Problem[] {
  const limited = (root === "jobs" ? supportedJobSettings : supportedSettings).filter(({ on }) => on[platform].reject !== undefined);
  return Object.entries(services).flatMap(([service, given]) =>
    limited.flatMap(({ path: pattern, on }) =>
      valuesAt(given, pattern).flatMap(({ path, value }): Problem[] => {
        const why = on[platform].reject!(value);
        if (why === undefined) return [];
        const others = Object.values(Platform).filter((other) => on[other].reject?.(value) === undefined);
        const message = `is not supported on ${platform} (supported on ${others.join(", ")}): ${why}`;
        return [{ path: [root, service, ...path], message }];
      }),
    ),
  );
}
