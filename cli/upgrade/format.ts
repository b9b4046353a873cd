import { formatDiff } from "../init/changes.ts";
import type { Upgrade, Upgraded } from "./upgrade.ts";

/** What an upgrade changes: versions, changelog, files, and the impact on each stack. */
export function formatUpgrade({ from, to, files, lockFile, changelog, codemods, stacks, warnings }: Upgrade): string {
  const blocks: string[] = [`Slipway ${from} → ${to}`];
  if (changelog !== "") blocks.push(changelog.replaceAll(/^(?=.)/gm, "  "));
  blocks.push([formatDiff(files), `~ ${lockFile}  written by the package manager`].filter(Boolean).join("\n"));
  if (codemods.length > 0) blocks.push(["Codemods:", ...codemods.map(({ file, description }) => `  ${file}: ${description}`)].join("\n"));
  const todo = stacks.flatMap(({ file, todo }) => todo.map((line) => `  ${file}: ${line}`));
  if (todo.length > 0) blocks.push(["To do by hand:", ...todo].join("\n"));
  for (const { stack, impact, withoutImpact } of stacks)
    blocks.push(impact ? impact.text : `impact on stack "${stack}": not known, because ${withoutImpact}`);
  if (warnings.length > 0) blocks.push(warnings.map((warning) => `warning: ${warning}`).join("\n"));
  return `${blocks.join("\n\n")}\n`;
}

/** The upgrade for machines. */
export function upgradeAsJson({ result, files, stacks, ...rest }: Upgraded): object {
  return {
    result,
    ...rest,
    files: files.filter(({ state }) => state !== "unchanged").map(({ path, before, after }) => ({ path, before, after })),
    stacks: stacks.map(({ impact, ...stack }) => ({ ...stack, ...(impact && { impact: impact.impact, resources: impact.resources }) })),
  };
}

/** What to do next. */
export function formatResult({ result, from, to }: Upgraded): string {
  switch (result) {
    case "up to date":
      return to === from
        ? `Slipway ${from} is installed. There is nothing to upgrade.\n`
        : `Slipway ${from} is installed, and ${to} is the latest version in the registry. To downgrade: npx slipway upgrade --to ${to}\n`;
    case "planned":
      return "Nothing was written. To upgrade: npx slipway upgrade\n";
    case "declined":
      return "Nothing was written, because nobody confirmed it. To upgrade without a question: npx slipway upgrade --yes\n";
    case "upgraded":
      return `Upgraded to Slipway ${to}. Next: npx slipway check, then commit the files.\n`;
  }
}
