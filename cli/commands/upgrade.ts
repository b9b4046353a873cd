import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const upgrade = defineCommand({
  name: "upgrade",
  group: CommandGroup.Project,
  summary: "Upgrade the project to another version of Slipway",
  description:
    "Shows the changelog, what changes in package.json and in stack files, and what that does to each stack that was deployed from here, and asks before it writes. If anything fails, all files and node_modules are as before.",
  options: {
    to: { value: "version", summary: "version, or a tarball or folder with the npm package (default: the latest version in the registry)" },
    "dry-run": { summary: "print the changes, and write nothing" },
    yes: { summary: "ask nothing, also if the files have uncommitted changes" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway upgrade", summary: "show what the latest version changes, and ask" },
    { command: "slipway upgrade --dry-run", summary: "show it, and write nothing" },
    { command: "slipway upgrade --to 1.2.3 --yes", summary: "upgrade to this version without a question" },
  ],
  exitCodes: [ExitCode.Locked, ExitCode.Unconfirmed],
  async run({ to, "dry-run": dryRun, yes, json }) {
    const [{ upgradeProject }, { formatUpgrade, formatResult, upgradeAsJson }, { onTerminal }] = await Promise.all([
      import("../upgrade/upgrade.ts"),
      import("../upgrade/format.ts"),
      import("../init/questions.ts"),
    ]);
    const canAsk = !json && process.stdin.isTTY && process.stderr.isTTY;
    const upgraded = await upgradeProject({
      to,
      dryRun,
      mayMix: yes,
      confirm: async (shown) => {
        if (!json) process.stdout.write(`${formatUpgrade(shown)}\n`);
        if (yes || dryRun || !canAsk) return yes;
        const terminal = onTerminal();
        try {
          return await terminal.confirm(`Upgrade to Slipway ${shown.to}?`);
        } finally {
          terminal.close();
        }
      },
    });
    process.stdout.write(json ? `${JSON.stringify(upgradeAsJson(upgraded), null, 2)}\n` : formatResult(upgraded));
    return upgraded.result === "declined" ? ExitCode.Unconfirmed : ExitCode.Success;
  },
});
