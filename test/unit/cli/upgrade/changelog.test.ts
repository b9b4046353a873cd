import { readFileSync } from "node:fs";
import { changesBetween } from "../../../../cli/upgrade/changelog.ts";

const changelog = `# Changelog

The format is [Keep a Changelog].

## [Unreleased]

## [1.10.0] - 2026-03-01

### Changed

- Ten

## [1.9.0] - 2026-02-01

- Nine

## 1.8.0

- Eight

[Keep a Changelog]: https://keepachangelog.com
[1.9.0]: https://example.org/1.9.0
`;
const [ten, nine, eight] = ["## [1.10.0] - 2026-03-01\n\n### Changed\n\n- Ten", "## [1.9.0] - 2026-02-01\n\n- Nine", "## 1.8.0\n\n- Eight"];

test.each([
  ["1.8.0", "1.10.0", `${ten}\n\n${nine}`],
  ["1.9.0", "1.10.0", ten],
  ["1.7.0", "1.8.5", eight],
  ["1.8.0", "1.9.0", nine],
  ["1.9.0-rc.1", "1.9.0", nine],
  ["1.10.0", "1.10.0", ""],
  ["1.10.0", "1.8.0", ""],
])("between %s and %s are the sections that are newer than the first one", (from, to, expected) => {
  expect(changesBetween(changelog, from, to)).toBe(expected);
});

test("a package that was built between two releases has its section Unreleased", () => {
  const unreleased = changelog.replace("## [Unreleased]", "## [Unreleased]\n\n- Next");
  expect(changesBetween(unreleased, "1.9.0", "1.10.1-dev")).toBe(`## [Unreleased]\n\n- Next\n\n${ten}`);
  expect(changesBetween(unreleased, "1.10.0", "1.10.0")).toBe("## [Unreleased]\n\n- Next");
  expect(changesBetween(unreleased, "1.9.0", "1.10.0")).toBe(ten);
  expect(changesBetween(unreleased, "1.10.0", "1.9.5")).toBe("");
});

test("the changelog of this repository has sections", () => {
  expect(changesBetween(readFileSync("CHANGELOG.md", "utf8"), "0.0.1", "999.0.0")).toMatch(/^## \[/);
});
