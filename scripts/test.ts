import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { glob } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command, succeeds } from "../lib/command.ts";
import { UserError } from "../lib/user-error.ts";
import { readStack, type Stack } from "../config/stack-file.ts";
import { step } from "../lib/progress.ts";
import { setUp } from "../setup/setup.ts";

/** How many passed and failed; a check counts as one. */
export interface Count {
  passed: number;
  failed: number;
}

const bin = (name: string) => join("node_modules", ".bin", name);
const jest = join("node_modules", "jest", "bin", "jest.js");
const goFiles = () => Array.fromAsync(glob("{app,cli,components,scripts,setup,test}/**/*.go"));

/** All checks, and the tests that need neither Docker nor programs of others. */
export async function check(projects = ["unit"]): Promise<Count> {
  // Each has a core's work, so two go at a time.
  const forTypeScript = async () => [
    await asOne("formatting", () => command(bin("prettier"), ["--check", "--log-level=warn", "."], { lines: Infinity })),
    await asOne("lint", () => command(bin("eslint"), ["."], { lines: Infinity })),
  ];
  const others = async () => [
    await asOne("types", () => command(bin("tsc"), ["--noEmit", "--pretty", "false"], { lines: Infinity })),
    await asOne("formatting of Go", async () => {
      const unformatted = await command("gofmt", ["-l", ...(await goFiles())]);
      if (unformatted) throw new UserError(`not as gofmt has it:\n${unformatted}`);
    }),
    await asOne("go vet", () => command("go", ["vet", "./..."], { cwd: "app" })),
    await testGo("app"),
    await testGo("components/helper"),
  ];
  const counts = await Promise.all([forTypeScript(), others()]);
  return sum([...counts.flat(), await testWithJest(projects, [])]);
}

/** The same, and the tests on the real Docker, registry and Kubernetes; where they cannot be had, that is said. */
export async function test(stack: Stack): Promise<Count> {
  const checked = await check(["unit", "scanning"]);
  try {
    await setUp(stack);
    // What other platforms need besides is made before the tests' own clocks run.
    for (const other of ["docker", "swarm"]) await setUp(readStack(other));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stdout.write(`The integration tests cannot run here: ${error.message}\n`);
    return sum([checked, { passed: 0, failed: process.env["CI"] ? 1 : 0 }]);
  }
  return sum([
    checked,
    await testWithJest(["integration"], ["--runInBand", "--reporters=default", "--reporters=./test/progress-reporter.js"]),
  ]);
}

/** Mends what can be mended without thought: formatting, lint, and what is generated from the sources. */
export async function fix(): Promise<void> {
  await step("schema of the stack files", () => command(process.execPath, ["scripts/schema.ts"]));
  await step("tables of the docs", async () => (await import("./tables.ts")).writeTables());
  await step("lint", () => command(bin("eslint"), ["--fix", "."], { lines: Infinity }));
  await step("formatting", () => command(bin("prettier"), ["--write", "--log-level=warn", "."]));
  await step("formatting of Go", async () => command("gofmt", ["-w", ...(await goFiles())]));
}

async function asOne(title: string, work: () => Promise<unknown>): Promise<Count> {
  try {
    await step(title, work, { always: true });
    return { passed: 1, failed: 0 };
  } catch (error) {
    process.stdout.write(`${(error as Error).message}\n`);
    return { passed: 0, failed: 1 };
  }
}

/** With the race detector, where there is the C compiler that it needs. */
async function testGo(module: string): Promise<Count> {
  const race = (await succeeds("gcc", ["--version"])) ? ["-race"] : [];
  const count = { passed: 0, failed: 0 };
  const work = () => run("go", ["test", "-json", ...race, "./..."], { cwd: module });
  const { code, out } = await step(`go test${race.length > 0 ? " -race" : ""} of ${module}`, work, { always: true });
  const events = out.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as GoTestEvent] : []));
  for (const { Test, Action } of events) {
    if (Test && Action === "pass") count.passed++;
    if (Test && Action === "fail") count.failed++;
  }
  if (code !== 0) process.stdout.write(events.map((event) => event.Output ?? "").join("") || out);
  // What does not compile has no tests to count.
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

/** A line of `go test -json`, https://pkg.go.dev/cmd/test2json. */
interface GoTestEvent {
  Action: string;
  Test?: string;
  Output?: string;
}

async function testWithJest(projects: string[], args: string[]): Promise<Count> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-jest-"));
  const report = join(folder, "report.json");
  const flags = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
  await run(process.execPath, [...flags, jest, "--selectProjects", ...projects, "--json", "--outputFile", report, ...args], {
    show: true,
    env: { NODE_OPTIONS: flags.join(" ") },
  });
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, "utf8"));
    return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
  } catch {
    return { passed: 0, failed: 1 }; // Jest itself failed, and has said why
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Standard error goes to the person at once. */
  show?: boolean;
}

function run(program: string, args: string[], { cwd, env, show }: RunOptions): Promise<{ code: number | null; out: string }> {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", show ? "inherit" : "pipe"] });
    let out = "";
    child.stdout?.on("data", (text) => (out += text));
    child.stderr?.on("data", (text) => (out += text));
    child.on("error", failed).on("close", (code) => done({ code, out }));
  });
}

function sum(counts: Count[]): Count {
  return counts.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }));
}
