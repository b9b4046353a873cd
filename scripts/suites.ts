import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { step } from "../lib/progress.ts";
import { run, type Count } from "./checks.ts";

/** How a file with tests, or Vitest itself, has ended. */
interface Result extends Count {
  /** A project of vitest.config.ts. */
  project: string;
  /** @default - Vitest itself has failed, and has printed why */
  file?: string;
  /** Each failed test, with the first line of its error. */
  failures: string[];
}

/** The results of all suites that have run. */
export class Suites {
  private results: Result[] = [];

  /** Runs a project of vitest.config.ts. Prints what it prints only if a test fails. */
  async run(project: string): Promise<void> {
    this.results.push(...(await resultsOf(project)));
  }

  /**
   * Runs suites that have failed beside others a second time, each alone, so that a timeout on a busy machine is told from a defect. Suites of
   * these projects only, and none if many have failed. The second result counts; the first one is printed.
   */
  async runAlone(projects: readonly string[], atMost: number): Promise<void> {
    const isAgain = ({ project, file, failed }: Result) => failed > 0 && file !== undefined && projects.includes(project);
    const again = this.results.filter(isAgain);
    if (again.length > atMost) return;
    this.results = this.results.filter((result) => !isAgain(result));
    const first: string[] = [];
    for (const { project, file, failures } of again) {
      const results = await resultsOf(project, file);
      this.results.push(...results);
      if (results.every(({ failed }) => failed === 0)) first.push(...failures);
    }
    if (first.length > 0)
      process.stdout.write(`Failed beside other tests, and passed alone:\n${first.map((line) => `  ${line}\n`).join("")}`);
  }

  count(): Count {
    return {
      passed: this.results.reduce((sum, { passed }) => sum + passed, 0),
      failed: this.results.reduce((sum, { failed }) => sum + failed, 0),
    };
  }

  /** The failed tests, a line each. */
  failures(): string[] {
    return this.results.flatMap(({ failures }) => failures);
  }
}

/** @param file only this one of the project */
async function resultsOf(project: string, file?: string): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-tests-"));
  const report = join(folder, "report.json");
  const args = [join("node_modules", "vitest", "vitest.mjs"), "run", "--project", project, ...(file === undefined ? [] : [file])];
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const title = file === undefined ? `${project} tests` : `${file}, alone`;
  const { code, out } = await step(title, () => run(process.execPath, [...args, ...reporters]), { always: true });
  if (code !== 0) process.stdout.write(out);
  try {
    const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
    const results = testResults.map((result) => resultOf(project, result));
    // An error outside of tests has no file.
    if (code !== 0 && results.every(({ failed }) => failed === 0)) results.push(broken(project));
    return results;
  } catch {
    return [broken(project)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const broken = (project: string): Result => ({ project, passed: 0, failed: 1, failures: [`${project} tests: see the output above`] });

function resultOf(project: string, { name, status, message = "", assertionResults }: Report["testResults"][number]): Result {
  const file = relative(process.cwd(), name);
  const failed = assertionResults.filter((test) => test.status === "failed");
  const line = (title: string, text: string) => `${file}${title}: ${text.split("\n")[0]}`;
  const failures = failed.map(({ fullName, failureMessages }) => line(` > ${fullName.trim()}`, failureMessages?.[0] ?? ""));
  // A file that cannot be loaded has failed without a failed test.
  if (status === "failed" && failures.length === 0) failures.push(line("", message));
  return {
    project,
    file,
    passed: assertionResults.filter((test) => test.status === "passed").length,
    failed: failures.length,
    failures,
  };
}

/** The report of Vitest's JSON reporter. */
interface Report {
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { status: string; fullName: string; failureMessages?: string[] }[];
  }[];
}
