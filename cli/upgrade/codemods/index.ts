import { gte, lte, valid } from "semver";
import type { Codemod, StackToChange } from "./codemod.ts";
import { declareCalls } from "./declared-calls.ts";
import { setProbeKind } from "./probe-kind.ts";
import { renameNamespace } from "./settings-namespace.ts";
import { removeSettingsWithoutEffect } from "./settings-without-effect.ts";

/** All codemods, in the order in which they run: by version, and in a version those first that others build on. */
export const codemods: Codemod[] = [renameNamespace, setProbeKind, removeSettingsWithoutEffect, declareCalls];

/** What the codemods did in a stack file. */
export interface Applied {
  changes: { id: string; description: string }[];
  /** What is left to the user. */
  todo: string[];
}

/**
 * Runs the codemods that an upgrade needs on a stack file: those of the versions between both. That of the old version is one of them, since
 * a package from a tarball may have been built before the version was complete; a codemod changes nothing in a file that does not need it.
 */
export function applyCodemods(stack: StackToChange, from: string, to: string, all: Codemod[] = codemods): Applied {
  const applied: Applied = { changes: [], todo: [] };
  const needed = all.filter(({ since }) => valid(from) === null || (gte(since, from) && lte(since, to)));
  for (const { id, description, apply } of needed) {
    const before = stack.text.text;
    applied.todo.push(...apply(stack));
    if (stack.text.text !== before) applied.changes.push({ id, description });
  }
  return applied;
}
