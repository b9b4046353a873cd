import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { command } from "../../lib/command.ts";
import { pythonProgram } from "../../scripts/python-programs.ts";
import type { Call } from "../aws-calls.ts";
import type { Template } from "../cloudformation.ts";
import type { TerraformPlan } from "../terraform.ts";
import { region } from "../unit/platforms/aws-outputs.ts";

/** A failed check of checkov. */
export interface Finding {
  plan: string;
  check: string;
  /** Address of the resource in Terraform. */
  resource: string;
  values: Record<string, unknown>;
}

/** Scans plans, by name, with checkov. Returns the failed checks and the number of resources. */
export async function checkov(plans: Record<string, TerraformPlan>): Promise<{ findings: Finding[]; resources: number }> {
  const args = ["--framework", "terraform_plan", "--skip-download", "--compact", "--output", "json", "--directory"];
  const report = JSON.parse(await scan("checkov", args, plans)) as {
    results: { failed_checks: { check_id: string; resource: string; file_path: string }[] };
    summary: { resource_count: number; parsing_errors: number };
  };
  const { resource_count: resources, parsing_errors: errors } = report.summary;
  if (errors > 0) throw new Error(`checkov could not read ${errors} plans`);
  const findings = report.results.failed_checks.map(({ check_id: check, resource, file_path: file }) => {
    const plan = basename(file, ".json");
    const found = plans[plan]!.planned_values.root_module.resources.find(({ address }) => address === resource);
    return { plan, check, resource, values: found?.values ?? {} };
  });
  return { findings, resources };
}

/** Scans IAM documents, by name, with parliament. Returns a line for each finding. */
export async function parliament(documents: Record<string, unknown>): Promise<string[]> {
  const names = Object.keys(documents);
  const numbered = Object.fromEntries(names.map((name, i) => [i, documents[name]]));
  const lines = await scan("parliament", ["--include_policy_extension", "json", "--json", "--directory"], numbered);
  const findings = lines
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ParliamentFinding);
  return findings
    .map(({ issue, detail, location }) => `${names[Number(basename(location.filepath, ".json"))]}: ${issue} ${JSON.stringify(detail)}`)
    .sort();
}

interface ParliamentFinding {
  issue: string;
  detail: unknown;
  location: { filepath: string };
}

/** A finding of cfn-lint. */
export interface LintFinding {
  template: string;
  /** Id of the rule, https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md. Errors start with E, warnings with W. */
  rule: string;
  /** Where it is, such as `Resources/VpcShop/Properties/CidrBlock`. */
  path: string;
  message: string;
}

/** Checks CloudFormation templates, by name, with cfn-lint and the schemas that it contains. */
export async function cfnLint(templates: Record<string, Template>): Promise<LintFinding[]> {
  const names = Object.keys(templates);
  const program = await pythonProgram("aws", "cfn-lint");
  const options = ["--regions", region, "--format", "json", "--non-zero-exit-code", "none", "--"];
  const out = await inFolder(templates, (folder) =>
    command(program, [...options, ...names.map((name) => join(folder, `${name}.json`))], { lines: Infinity }),
  );
  const findings = JSON.parse(out || "[]") as CfnLintFinding[];
  return findings.map(({ Filename, Rule, Location, Message }) => {
    return { template: basename(Filename, ".json"), rule: Rule.Id, path: Location.Path.join("/"), message: Message };
  });
}

interface CfnLintFinding {
  Filename: string;
  Message: string;
  Rule: { Id: string };
  Location: { Path: (string | number)[] };
}

/** A finding in a call of the AWS API. */
export interface CallFinding extends Pick<Call, "resource" | "service" | "operation"> {
  plan: string;
  /** The model of AWS' own SDK, or moto. */
  by: "model" | "mock";
  message: string;
}

/**
 * Checks calls of the AWS API, by plan, with the models of AWS' SDK for Python.
 *
 * @param mocked Plans that are also sent to moto.
 */
export async function checkCalls(plans: Record<string, Call[]>, mocked: string[]): Promise<CallFinding[]> {
  const args = [join(import.meta.dirname, "aws_calls.py"), ...mocked];
  const out = await command(await pythonProgram("aws", "python"), args, { input: JSON.stringify(plans), lines: Infinity });
  return JSON.parse(out) as CallFinding[];
}

async function scan(program: "checkov" | "parliament", args: string[], files: Record<string, unknown>): Promise<string> {
  const path = await pythonProgram("scanners", program);
  return await inFolder(files, (folder) => {
    const { stdout, stderr, status } = spawnSync(path, [...args, folder], { encoding: "utf8", maxBuffer: 2 ** 28 });
    // Exit code 1 means that there are findings.
    if (status !== 0 && (status !== 1 || !stdout)) throw new Error(`${program}: ${stderr}`);
    return stdout;
  });
}

/** Works with a temporary folder of JSON files, by name. */
async function inFolder<T>(files: Record<string, unknown>, work: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-scan-"));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, `${name}.json`), JSON.stringify(content));
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
