import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../lib/cache-folder.ts";
import { command, succeeds } from "../lib/command.ts";
import { step } from "../lib/progress.ts";
import { UserError } from "../lib/user-error.ts";

/** Numbers of passed and failed tests; a check counts as one test. */
export interface Count {
  passed: number;
  failed: number;
}

const bin = (name: string) => join("node_modules", ".bin", name);
/** TypeScript 7. Tests use the library of TypeScript 5, which version 7 does not have; both packages have a program `tsc`. */
const typeChecker = join("node_modules", "typescript-native", "bin", "tsc");
export const goFiles = () => Array.fromAsync(glob("{app,cli,components,scripts,setup,templates,test}/**/*.go"));

/** Formatting, lint, types and the Go code's own tests. Two checks run at a time: each keeps one core busy. */
export async function staticChecks(): Promise<Count> {
  const caches = cacheFolder("checks");
  mkdirSync(caches, { recursive: true });
  const prettierCache = ["--cache", `--cache-location=${join(caches, "prettier")}`];
  const typesCache = ["--incremental", `--tsBuildInfoFile`, join(caches, "types.tsbuildinfo")];
  const one = async () => [
    await check("lint", () => command(bin("oxlint"), [], { lines: Infinity })),
    await check("formatting", () => command(bin("prettier"), ["--check", "--log-level=warn", ...prettierCache, "."], { lines: Infinity })),
  ];
  const other = async () => [
    await check("types", () => command(typeChecker, ["--noEmit", "--pretty", "false", ...typesCache], { lines: Infinity })),
    await check("types of the dashboard's page", () =>
      command(typeChecker, ["--noEmit", "--pretty", "false", "--project", "cli/dashboard/page"], { lines: Infinity }),
    ),
    await check("Go formatting", async () => {
      const unformatted = await command("gofmt", ["-l", ...(await goFiles())]);
      if (unformatted) throw new UserError(`These files are not formatted. Run npm run fix:\n${unformatted}`);
    }),
    await check("go vet", () => command("go", ["vet", "./..."], { cwd: "app" })),
    await check("go vet with OpenTelemetry", () => command("go", ["vet", "-tags=otel", "./..."], { cwd: "app" })),
    await testGo("app"),
    await testGo("components/helper"),
  ];
  return sum((await Promise.all([one(), other()])).flat());
}

/** Runs a check and prints its error, if any. */
export async function check(title: string, work: () => Promise<unknown>): Promise<Count> {
  try {
    await step(title, work, { always: true });
    return { passed: 1, failed: 0 };
  } catch (error) {
    process.stdout.write(`${(error as Error).message}\n`);
    return { passed: 0, failed: 1 };
  }
}

/** Tests a Go module, with the race detector if there is a C compiler. */
async function testGo(module: string): Promise<Count> {
  const race = (await succeeds("gcc", ["--version"])) ? ["-race"] : [];
  const count = { passed: 0, failed: 0 };
  const work = () => run("go", ["test", "-json", ...race, "./..."], { cwd: module });
  const { code, out } = await step(`go test ${module}`, work, { always: true });
  const events = out.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as GoTestEvent] : []));
  for (const { Test, Action } of events) {
    if (Test && Action === "pass") count.passed++;
    if (Test && Action === "fail") count.failed++;
  }
  if (code !== 0) process.stdout.write(events.map((event) => event.Output ?? "").join("") || out);
  // A module that does not compile has no tests to count.
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

/** A line of `go test -json`, https://pkg.go.dev/cmd/test2json. */
interface GoTestEvent {
  Action: string;
  Test?: string;
  Output?: string;
}

/** Runs a program, and returns its output also if it fails. */
export function run(program: string, args: string[], options: { cwd?: string } = {}): Promise<{ code: number | null; out: string }> {
  return new Promise((done, failed) => {
    // Vitest would decide by the variable CI.
    const color = process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" };
    const env = { ...process.env, ...color };
    const child = spawn(program, args, { cwd: options.cwd, stdio: ["ignore", "pipe", "pipe"], env });
    let out = "";
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (out += text));
    child.on("error", failed).on("close", (code) => done({ code, out }));
  });
}

export function sum(counts: Count[]): Count {
  return counts.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }));
}

/** Prints the failed tests, so that they are at the end of a long output, and the totals. Ends the process. */
export function finish({ passed, failed }: Count, failures: string[] = []): never {
  if (failures.length > 0) process.stdout.write(`Failed:\n${failures.map((line) => `  ${line}\n`).join("")}`);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exit(failed === 0 ? 0 : 1);
}
