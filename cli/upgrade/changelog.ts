import { compare, gt, lte, valid } from "semver";

interface Section {
  /** As in the heading: a version or `Unreleased`. */
  name: string;
  text: string;
}

/**
 * The sections of a changelog (https://keepachangelog.com) that are newer than one version and not newer than another, as they are written.
 * A package that was built between two releases has what it adds in the section Unreleased.
 */
export function changesBetween(changelog: string, from: string, to: string): string {
  if (valid(from) !== null && gt(from, to)) return "";
  const sections = sectionsOf(changelog);
  const isIncluded = ({ name }: Section) =>
    valid(name) === null
      ? !sections.some((section) => section.name === to && to !== from)
      : valid(from) !== null && gt(name, from) && lte(name, to);
  return sections
    .filter((section) => /^\[?(Unreleased|\d)/.test(section.name) && isIncluded(section))
    .sort((a, b) => order(a, b))
    .map(({ text }) => text)
    .join("\n\n");
}

/** Newest first; Unreleased is the newest. */
function order(a: Section, b: Section): number {
  if (valid(a.name) === null || valid(b.name) === null) return valid(a.name) === null ? -1 : 1;
  return compare(b.name, a.name);
}

function sectionsOf(changelog: string): Section[] {
  return changelog
    .split(/^(?=## )/m)
    .flatMap((text) => {
      const [, name] = /^## \[?([^\]\s]+)\]?/.exec(text) ?? [];
      // Definitions of links follow the last section.
      return name === undefined ? [] : [{ name, text: text.replaceAll(/^\[[^\]]+\]: .*\n?/gm, "").trim() }];
    })
    .filter(({ text }) => text.includes("\n"));
}
