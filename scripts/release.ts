import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** What a release needs: a Git tag, the version in package.json, and the text of CHANGELOG.md. */
export interface Release {
  tag: string;
  version: string;
  changelog: string;
}

/** What is wrong with a release. The tag, package.json and the changelog must agree, so that a published version is never wrong about itself. */
export function problemsWithRelease({ tag, version, changelog }: Release): string[] {
  const problems: string[] = [];
  if (tag !== `v${version}`)
    problems.push(`The tag is ${tag}, and package.json has the version ${version}. Tag v${version}, or change the version.`);
  const section = sectionOf(changelog, version);
  if (section === undefined) problems.push(`CHANGELOG.md has no section "## [${version}] - <date>". Rename "## [Unreleased]" to it.`);
  else if (!/^- /m.test(section)) problems.push(`The section ${version} of CHANGELOG.md has no entries. Say what changed.`);
  return problems;
}

/** The text below the heading of a version, with its date: https://keepachangelog.com/en/1.1.0/. Undefined if there is none. */
export function sectionOf(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find((section) => section.startsWith(`[${version}] - `) && /^\[.+\] - \d{4}-\d{2}-\d{2}\n/.test(section));
  return found?.slice(found.indexOf("\n") + 1).trim();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  const tag = process.argv[2] ?? "";
  const problems = problemsWithRelease({ tag, version, changelog: readFileSync("CHANGELOG.md", "utf8") });
  for (const problem of problems) process.stderr.write(`error: ${problem}\n`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
