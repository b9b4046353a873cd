import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { goBuild, recordBuilds, startEarlyBuilds, stopEarlyBuilds, type GoCommand } from "../../../lib/go-command.ts";
import { pollUntil } from "../../../lib/poll.ts";

// With a `go` that logs its calls and writes what the source says, because only the order of calls is tested here.

let folder: string;
let path: string | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-go-command-"));
  path = process.env["PATH"];
  mkdirSync(join(folder, "bin"));
  const go = `#!/bin/sh\necho "$@" >>${folder}/calls\nsleep 0.2\n[ -f fails ] && { rm fails; echo broken; exit 1; }\nwhile [ -f hangs ]; do sleep 0.05; done\ncp source "$3"\n`;
  writeFileSync(join(folder, "bin/go"), go);
  chmodSync(join(folder, "bin/go"), 0o755);
  process.env["PATH"] = join(folder, "bin") + delimiter + path;
  writeFileSync(join(folder, "source"), "one");
});
afterEach(() => {
  stopEarlyBuilds();
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});

const command = (name = "app", flag = "-v"): GoCommand => {
  const output = join(folder, "out", name);
  return { folder, args: ["build", "-o", output, flag], env: {}, output };
};
const calls = () => (existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n") : []);
const record = (...commands: GoCommand[]) => writeFileSync(join(folder, "go-builds.json"), JSON.stringify(commands));
const build = async (one: GoCommand) => (await goBuild(one, "The build", undefined)).program?.toString();

test("a build that was started early is not made again", async () => {
  record(command());
  startEarlyBuilds(folder);
  expect([await build(command()), calls()]).toEqual(["one", [command().args.join(" ")]]);
});

test("the next build of the same process compiles again", async () => {
  record(command());
  startEarlyBuilds(folder);
  await build(command());
  writeFileSync(join(folder, "source"), "two");
  expect([await build(command()), calls().length]).toEqual(["two", 2]);
});

test("an early build with other arguments is stopped, and does not hold up the one that is needed", async () => {
  record(command("app", "-race"));
  writeFileSync(join(folder, "hangs"), "");
  startEarlyBuilds(folder);
  await pollUntil(() => calls().length === 1, { timeoutSeconds: 10, intervalMs: 10 });
  setTimeout(() => rmSync(join(folder, "hangs")), 1000).unref();
  expect(await build(command("app", "-v"))).toBe("one");
  expect(calls()).toEqual([command("app", "-race").args.join(" "), command("app", "-v").args.join(" ")]);
});

test("an early build that failed is made again, so that the error is that of a normal build", async () => {
  writeFileSync(join(folder, "fails"), "");
  record(command());
  startEarlyBuilds(folder);
  expect([await build(command()), calls().length]).toEqual(["one", 2]);
});

test("several early builds run one after the other", async () => {
  record(command("a"), command("b"));
  startEarlyBuilds(folder);
  expect(await Promise.all([build(command("b")), build(command("a"))])).toEqual(["one", "one"]);
  expect(calls()).toEqual([command("a").args.join(" "), command("b").args.join(" ")]);
});

test.each([
  ["none", undefined],
  ["one that is damaged", "[{"],
])("with %s as record, nothing is started early", async (_what, content) => {
  if (content !== undefined) writeFileSync(join(folder, "go-builds.json"), content);
  startEarlyBuilds(folder);
  await new Promise((wake) => setTimeout(wake, 300));
  expect(calls()).toEqual([]);
});

test("the builds of a run are recorded for the next one, after a preview only if the stack has a folder", async () => {
  await build(command());
  recordBuilds(join(folder, "missing"), false);
  expect(existsSync(join(folder, "missing"))).toBe(false);
  recordBuilds(join(folder, "created"), true);
  expect(existsSync(join(folder, "created/go-builds.json"))).toBe(true);
  recordBuilds(folder, false);
  expect(JSON.parse(readFileSync(join(folder, "go-builds.json"), "utf8"))).toContainEqual(command());
});

test("an early build that nobody needs ends with the process", async () => {
  record(command());
  writeFileSync(join(folder, "hangs"), "");
  const code = `const { startEarlyBuilds } = await import(${JSON.stringify(join(process.cwd(), "lib/go-command.ts"))}); startEarlyBuilds(${JSON.stringify(folder)}); setTimeout(() => process.exit(0), 500);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: "ignore" });
  await new Promise((ended) => child.on("close", ended));
  expect(calls()).toHaveLength(1);
  // Nothing holds the lock of the output any more.
  rmSync(join(folder, "hangs"));
  expect(await build(command())).toBe("one");
});
