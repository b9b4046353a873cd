import { writeFileSync } from "node:fs";
import * as prettier from "prettier";
import type { Command, OptionDeclaration } from "../cli/command.ts";
import { commands } from "../cli/commands/index.ts";
import { exitCodeMeanings } from "../cli/exit-code.ts";

const file = "docs/CLI.md";

/** The text of docs/CLI.md, from the declarations of the commands. */
export async function cliDocs(): Promise<string> {
  const text = `<!-- Generated from cli/commands by \`npm run fix\`. -->

# Command line

In a clone, run \`./slipway\`. \`slipway <command> --help\` prints what is below. With \`--json\`, standard output is one JSON document, and
progress and messages go to standard error.

${commandTable(commands)}

## Exit codes

| Code | Meaning |
| --- | --- |
${Object.entries(exitCodeMeanings)
  .map(([code, meaning]) => `| ${code} | ${meaning} |`)
  .join("\n")}

## Shell completion

\`slipway completion bash\` prints the script for bash; \`zsh\`, \`fish\` and \`powershell\` work too. For bash:

    source <(./slipway completion bash) # needs the package bash-completion

## Commands

${commands.map(section).join("\n\n")}
`;
  return prettier.format(text, { ...(await prettier.resolveConfig(file)), parser: "markdown" });
}

export async function writeCliDocs(): Promise<void> {
  writeFileSync(file, await cliDocs());
}

/** One row for each command. */
function commandTable(all: Command[]): string {
  const rows = all.map(({ name, summary }) => `| [\`slipway ${name}\`](#slipway-${name.replaceAll(" ", "-")}) | ${summary} |`);
  return ["| Command | |", "| --- | --- |", ...rows].join("\n");
}

function section({ name, summary, description, argument, options, examples, exitCodes = [] }: Command): string {
  const usage = ["slipway", name, ...(argument ? [`[${argument.name}]`] : []), "[options]"].join(" ");
  const argumentRows = argument ? [`| \`${argument.name}\` | ${capitalize(argument.summary)} | ${argument.default ?? "required"} |`] : [];
  const optionRows = Object.entries(options).map(([key, option]) => optionRow(key, option));
  return [
    `### \`slipway ${name}\``,
    [`${summary}.`, description].filter(Boolean).join(" "),
    `    ${usage}`,
    ["| Option | Meaning | Default |", "| --- | --- | --- |", ...argumentRows, ...optionRows].join("\n"),
    ...(exitCodes.length > 0
      ? [`Exit codes besides 0, 1 and 2: ${exitCodes.map((code) => `${code} (${exitCodeMeanings[code]})`).join(", ")}`]
      : []),
    ["Examples:", ...examples.map(({ command, summary: what }) => `- \`${command}\`: ${what}`)].join("\n\n"),
  ].join("\n\n");
}

function optionRow(key: string, { value, summary, default: fallback, required, repeatable }: OptionDeclaration): string {
  const name = value === undefined ? `--${key}` : `--${key} <${value}>`;
  const [, meaning = summary, described] = /^(.*) \(default: (.*)\)$/.exec(summary) ?? [];
  const meaningAndMore = capitalize(repeatable ? `${meaning}; can be repeated` : meaning);
  return `| \`${name}\` | ${meaningAndMore} | ${required ? "required" : (fallback ?? described ?? "–")} |`;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
