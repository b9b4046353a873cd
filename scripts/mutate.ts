// npm run mutate [-- folder or file … --tests=glob,…]: changes the code in small ways, and runs the unit tests on each change. A change that
// no test notices has survived. By default all folders with logic of the product: that takes hours. With fewer tests, the score is a lower bound.
import { relative } from "node:path";
import { parseArgs } from "node:util";
import type { LogLevel } from "@stryker-mutator/api/core";
import { Stryker } from "@stryker-mutator/core";

/** The least share of mutants, in percent, that the tests must notice in each folder. */
const leastScore = 85;

const { positionals: paths, values } = parseArgs({ allowPositionals: true, options: { tests: { type: "string" } } });
if (paths.length === 0) paths.push("engine", "components", "review", "lib");
if (values.tests !== undefined) process.env["SLIPWAY_MUTATION_TESTS"] = values.tests;

const stryker = new Stryker({
  mutate: paths.map((path) => (path.endsWith(".ts") ? path : `${path}/**/*.ts`)),
  plugins: ["@stryker-mutator/vitest-runner"],
  testRunner: "vitest",
  vitest: { configFile: "scripts/mutation-tests.config.ts", pool: "forks", related: false },
  coverageAnalysis: "perTest",
  // Code that runs once when a module is loaded: each mutant would need all tests.
  ignoreStatic: true,
  // Node strips the types, and some tests compare files with generated ones.
  disableTypeChecks: false,
  ignorePatterns: [".slipway", "coverage"],
  tempDirName: ".slipway/mutation/sandbox",
  reporters: ["html", process.stdout.isTTY ? "progress" : "progress-append-only"],
  htmlReporter: { fileName: ".slipway/mutation/report.html" },
  allowConsoleColors: process.stdout.isTTY === true,
  logLevel: "warn" as LogLevel,
});
const results = (await stryker.runMutationTest()).map((result) => ({ ...result, fileName: relative(process.cwd(), result.fileName) }));

const noticed = ["Killed", "Timeout"];
const missed = ["Survived", "NoCoverage"];
const counted = results.filter(({ status }) => noticed.includes(status) || missed.includes(status));
for (const { fileName, location, mutatorName, replacement, status } of counted.filter((result) => missed.includes(result.status))) {
  const { line, column } = location.start;
  process.stdout.write(`${fileName}:${line}:${column} ${status} ${mutatorName}: ${replacement?.replace(/\s+/g, " ").slice(0, 80)}\n`);
}
let isGood = true;
for (const [folder, mutants] of Map.groupBy(counted, ({ fileName }) => fileName.split("/")[0]!)) {
  const killed = mutants.filter(({ status }) => noticed.includes(status)).length;
  const score = (100 * killed) / mutants.length;
  isGood &&= score >= leastScore;
  process.stdout.write(`${folder}: ${score.toFixed(1)} % of ${mutants.length} mutants noticed\n`);
}
process.stdout.write("Details: .slipway/mutation/report.html\n");
process.exitCode = isGood ? 0 : 1;
