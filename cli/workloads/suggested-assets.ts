import { existsSync } from "node:fs";
import { join } from "node:path";
import { settingsIn, type Stack } from "../../config/stack-file.ts";
import { readDockerfile } from "../compose/dockerfile.ts";
import { addToAssets } from "./missing-file.ts";

/** The remedy with what the source's own Dockerfile copies, for a service that the Go toolchain builds. */
export function withAssets(likely: string, service: string, stack: Pick<Stack, "config">): string {
  if (!likely.endsWith(addToAssets)) return likely;
  const all = ["services", "jobs"].flatMap((root) => Object.entries(settingsIn(stack, root) as Record<string, Settings>));
  const { source, builder } = all.find(([name]) => name === service)?.[1] ?? {};
  const copied = source === undefined || builder === "dockerfile" ? [] : (readDockerfile(join(source, "Dockerfile"))?.copied ?? []);
  const found = [...new Set(copied)].filter((path) => existsSync(join(source!, path)));
  return found.length === 0
    ? likely
    : likely.replace(addToAssets, `Its Dockerfile copies ${found.join(" and ")}: set build.assets to [${found.join(", ")}].`);
}

interface Settings {
  source?: string;
  builder?: string;
}
