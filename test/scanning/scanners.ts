import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pythonProgram } from "../../scripts/python-programs.ts";
import type { TerraformPlan } from "../terraform.ts";

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

async function scan(program: "checkov" | "parliament", args: string[], files: Record<string, unknown>): Promise<string> {
  const path = await pythonProgram("scanners", program);
  const folder = mkdtempSync(join(tmpdir(), "slipway-scan-"));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, `${name}.json`), JSON.stringify(content));
    const { stdout, stderr, status } = spawnSync(path, [...args, folder], { encoding: "utf8", maxBuffer: 2 ** 28 });
    // Exit code 1 means that there are findings.
    if (status !== 0 && (status !== 1 || !stdout)) throw new Error(`${program}: ${stderr}`);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
