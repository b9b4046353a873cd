import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Stack } from "../../config/stack-file.ts";
import { readDockerfile } from "../compose/dockerfile.ts";

/** How programs say that a file is missing: Go's os and template packages, and C programs. */
const messages = [
  /\b(?:open|stat|lstat|chdir|readdirent|read) ([^\s:"']+): (?:no such file or directory|file does not exist)/,
  /pattern matches no files: [`"']?([^\s`"']+)[`"']?/,
  /([^\s:"']+): No such file or directory/,
];

/** Files that the system has or that volumes provide, and those of a build machine. */
const notAssets = /^\/(proc|sys|dev|etc\/(resolv\.conf|hosts)|run|var\/run)\b/;

const remedy = "Add it to build.assets if it is in the source, or to files; with builder: dockerfile, copy it in the Dockerfile.";

/** What to do about a file that a log names as missing; undefined if it names none. */
export function missingFile(log: string[]): string | undefined {
  for (const line of log)
    for (const message of messages) {
      const [, path] = message.exec(line) ?? [];
      if (path !== undefined && !notAssets.test(path)) return `The file ${path} is not in the container. ${remedy}`;
    }
  return undefined;
}

/** The remedy with what the source's own Dockerfile copies, for a service that the Go toolchain builds. */
export function withAssets(likely: string, service: string, { project, config }: Pick<Stack, "project" | "config">): string {
  if (!likely.endsWith(remedy)) return likely;
  const all = ["services", "jobs"].flatMap((root) =>
    Object.entries(JSON.parse(config[`${project}:${root}`] ?? "{}") as Record<string, Settings>),
  );
  const { source, builder } = all.find(([name]) => name === service)?.[1] ?? {};
  const copied = source === undefined || builder === "dockerfile" ? [] : (readDockerfile(join(source, "Dockerfile"))?.copied ?? []);
  const found = [...new Set(copied)].filter((path) => existsSync(join(source!, path)));
  return found.length === 0
    ? likely
    : likely.replace(remedy, `Its Dockerfile copies ${found.join(" and ")}: set build.assets to [${found.join(", ")}].`);
}

interface Settings {
  source?: string;
  builder?: string;
}
