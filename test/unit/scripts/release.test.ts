import { problemsWithRelease, sectionOf } from "../../../scripts/release.ts";

const changelog = [
  "# Changelog",
  "",
  "## [Unreleased]",
  "",
  "## [1.2.0] - 2026-11-27",
  "",
  "### Added",
  "",
  "- A command.",
  "",
  "## [1.1.0] - 2026-10-01",
  "",
  "Nothing.",
  "",
].join("\n");

test("a release whose tag, version and changelog agree has no problems", () => {
  expect(problemsWithRelease({ tag: "v1.2.0", version: "1.2.0", changelog })).toEqual([]);
});

test("a release has the notes of its section", () => {
  expect(sectionOf(changelog, "1.2.0")).toBe("### Added\n\n- A command.");
  expect(sectionOf(changelog, "1.2")).toBe(undefined);
  expect(sectionOf(changelog.replace(" - 2026-11-27", ""), "1.2.0")).toBe(undefined);
});

test("every contradiction is reported", () => {
  expect(problemsWithRelease({ tag: "v1.2.0", version: "1.3.0", changelog })).toEqual([
    "The tag is v1.2.0, and package.json has the version 1.3.0. Tag v1.3.0, or change the version.",
    'CHANGELOG.md has no section "## [1.3.0] - <date>". Rename "## [Unreleased]" to it.',
  ]);
  expect(problemsWithRelease({ tag: "v1.1.0", version: "1.1.0", changelog })).toEqual([
    "The section 1.1.0 of CHANGELOG.md has no entries. Say what changed.",
  ]);
});
