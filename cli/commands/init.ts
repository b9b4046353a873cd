import { UserError } from "../../lib/user-error.ts";
import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const init = defineCommand({
  name: "init",
  group: CommandGroup.Project,
  summary: "Make a Go repository a project of Slipway",
  description:
    "Finds the programs, their ports, health endpoints and files, a Dockerfile and a Compose file, and asks on a terminal what the source does not say. Only adds to existing files; a second run changes nothing.",
  options: {
    dir: { value: "folder", summary: "folder of the project in the repository", default: "." },
    platform: { value: "name", summary: "where the stack local runs: local, docker or swarm", default: "local" },
    aws: { summary: "also write the stacks dev, staging and prod on AWS, with placeholders" },
    yes: { summary: "ask nothing, and take the defaults" },
    "dry-run": { summary: "print the changes, and write nothing" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway init", summary: "write the files of the project" },
    { command: "slipway init --dry-run", summary: "show what it would write" },
    { command: "slipway init --dir deploy", summary: "in a folder of its own" },
  ],
  async run({ dir, platform, aws, yes, "dry-run": dryRun, json }) {
    if (platform !== "local" && platform !== "docker" && platform !== "swarm")
      throw new UserError(`--platform: must be local, docker or swarm (got "${platform}"). For AWS, use --aws.`);
    const [{ initialize }, { defaults, onTerminal }, { formatInit, initAsJson }, { posix }] = await Promise.all([
      import("../init/init.ts"),
      import("../init/questions.ts"),
      import("../init/format.ts"),
      import("node:path"),
    ]);
    const folder = posix.normalize(dir).replace(/(?<=.)\/$/, "");
    if (posix.isAbsolute(folder) || folder.startsWith(".."))
      throw new UserError(`--dir: must be a folder below this one (got "${dir}"). Run slipway init in the repository.`);
    const terminal = yes || json || !process.stdin.isTTY || !process.stderr.isTTY ? undefined : onTerminal();
    try {
      const result = await initialize({ folder, platform, aws, dryRun, ask: terminal ?? defaults });
      process.stdout.write(json ? `${JSON.stringify(initAsJson(result, dryRun), null, 2)}\n` : formatInit(result, folder, dryRun));
    } finally {
      terminal?.close();
    }
    return ExitCode.Success;
  },
});
