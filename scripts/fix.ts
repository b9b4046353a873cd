// npm run fix: formatting, lint, and everything that is generated from the sources.
import { join } from "node:path";
import { generateCi } from "../cli/ci/ci.ts";
import { command } from "../lib/command.ts";
import { step } from "../lib/progress.ts";
import { writeApiReports } from "./api-report.ts";
import { goFiles } from "./checks.ts";
import { writeCliDocs } from "./cli-docs.ts";
import { writeComponentDocs } from "./component-docs.ts";
import { writeComponentSchema } from "./component-schema.ts";
import { writeServiceArgs } from "./service-args.ts";
import { writeSchema } from "./schema.ts";
import { writeTables } from "./tables.ts";
import { writeTemplates } from "./templates.ts";

const bin = (name: string) => join("node_modules", ".bin", name);

async function fix(): Promise<void> {
  await step("components/service-args.ts", () => writeServiceArgs());
  await step("components/plugin/schema.json", async () => writeComponentSchema());
  await step("docs/components", () => writeComponentDocs());
  await step("stacks/schema.json", async () => writeSchema());
  await step("docs/CLI.md", () => writeCliDocs());
  await step("tables in the docs", async () => writeTables());
  await step("templates", () => writeTemplates());
  await step("workflows", async () => void generateCi({ forge: "github", stacks: [], workflows: [], dryRun: false, force: true }));
  await step("API reports", () => writeApiReports());
  await step("lint", () => command(bin("oxlint"), ["--fix"], { lines: Infinity }));
  await step("formatting", () => command(bin("prettier"), ["--write", "--log-level=warn", "."]));
  await step("Go formatting", async () => command("gofmt", ["-w", ...(await goFiles())]));
}

await fix().catch((error: Error) => {
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
});
