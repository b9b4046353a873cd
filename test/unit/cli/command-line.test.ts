import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { commands } from "../../../cli/commands/index.ts";
import { cliDocs } from "../../../scripts/cli-docs.ts";

const slipway = (...args: string[]) => {
  const env = { ...process.env, NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["cli/main.ts", ...args], { encoding: "utf8", env });
  return { status, stdout, stderr };
};

test("the help lists every command with its summary, by group", () => {
  const { status, stdout } = slipway("--help");
  expect(status).toBe(0);
  const groups = [...new Set(commands.map(({ group }) => group))];
  expect([...stdout.matchAll(/^(\S.*):$/gm)].map(([, heading]) => heading)).toEqual(expect.arrayContaining(groups));
  const text = stdout.replaceAll(/\s+/g, " ");
  for (const { name, summary } of commands) {
    expect(text).toContain(` ${name} `);
    expect(text).toContain(summary);
  }
});

test("the version is that of the package", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(slipway("--version")).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
});

test("the help of a command has its options, defaults, examples and exit codes", () => {
  expect(slipway("gate", "--help").stdout).toBe(`Usage: slipway gate [options]

Decide whether the stack lets a change through (slipway:gate).

Options:
  --stack <name>    stack, as in stacks/Pulumi.<name>.yaml (default: "local")
  --preview <file>  file with the output of pulumi preview --json, or "-" for
                    standard input (default: run a preview)
  --json            print one JSON document
  -h, --help        display help for command

Examples:
  slipway gate --stack prod --preview preview.json  fail with exit code 3 if the gate is closed

Exit codes:
  3  The gate is closed, or the policy has errors.
`);
});

test.each([
  [["upp"], "error: unknown command 'upp'\n(Did you mean up?)\n"],
  [["up", "--stak", "dev"], "error: unknown option '--stak'\n(Did you mean --stack?)\n"],
  [["up", "dev"], "error: too many arguments for 'up'. Expected 0 arguments but got 1: dev.\n"],
  [["preview", "--stack"], "error: option '--stack <name>' argument missing\n"],
  [["render"], "error: required option '--out <folder>' not specified\n"],
])("%j is rejected with exit code 2", (args, stderr) => {
  expect(slipway(...args)).toEqual({ status: 2, stdout: "", stderr });
});

test("without a command the help is printed, with exit code 2", () => {
  const { status, stdout, stderr } = slipway();
  expect([status, stdout, stderr.split("\n")[0]]).toEqual([2, "", "Usage: slipway <command> [options]"]);
});

test("an unknown stack is an error without a stack trace, with exit code 1", () => {
  expect(slipway("outputs", "--stack", "nowhere")).toEqual({
    status: 1,
    stdout: "",
    stderr:
      'error: There is no stack "nowhere": stacks/Pulumi.nowhere.yaml does not exist. Known stacks: dev, docker, local, prod, staging, swarm.\n',
  });
});

describe("completion", () => {
  const suggestions = (...words: string[]) =>
    slipway("complete", "--", ...words)
      .stdout.split("\n")
      .flatMap((line) => (line.includes("\t") ? [line.split("\t")[0]] : []));

  test("suggests the commands", () => {
    expect(suggestions("")).toEqual(expect.arrayContaining(commands.map(({ name }) => name.split(" ")[0])));
    expect(suggestions("config", "")).toEqual(["explain"]);
  });

  test("suggests the options of a command", () => {
    expect(suggestions("gate", "--")).toEqual(["--stack", "--preview", "--json", "--help"]);
  });

  test("suggests the stacks of this project", () => {
    expect(suggestions("up", "--stack", "")).toEqual(["dev", "docker", "local", "prod", "staging", "swarm"]);
  });

  test.each(["bash", "zsh", "fish", "powershell"])("has a script for %s", (shell) => {
    const { status, stdout } = slipway("completion", shell);
    expect(status).toBe(0);
    expect(stdout).toMatch(/slipway complete '?--'? /);
  });
});

test("every command accepts --json", () => {
  expect(commands.filter(({ options }) => !("json" in options))).toEqual([]);
});

test("names, options and examples are consistent", () => {
  expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
  for (const { name, summary, options, examples } of commands) {
    expect(summary).not.toMatch(/\.$/);
    expect(examples.length).toBeGreaterThan(0);
    for (const { command } of examples) {
      expect(command).toMatch(new RegExp(`^slipway ${name}\\b`));
      for (const [, option = ""] of command.matchAll(/--([\w-]+)/g)) expect(Object.keys(options)).toContain(option);
    }
  }
});

test("docs/CLI.md is generated from the commands (npm run fix updates it)", async () => {
  expect(readFileSync("docs/CLI.md", "utf8")).toBe(await cliDocs());
});
