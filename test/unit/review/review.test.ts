import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stack } from "../../../config/stack-file.ts";
import { gateSettings } from "../../../config/schema/gate.ts";
import { policySettings } from "../../../config/schema/policy.ts";
import { UserError } from "../../../lib/user-error.ts";
import { configurationOf } from "../../../review/configuration.ts";
import { impactsOf } from "../../../review/impact/step-impact.ts";
import { formatHtml } from "../../../review/report/html.ts";
import { formatMarkdown } from "../../../review/report/markdown.ts";
import { writeReport } from "../../../review/report/write.ts";
import { reviewOf } from "../../../review/review.ts";
import { stepOf } from "./preview-steps.ts";

const image = `registry.example/app@sha256:${"0".repeat(64)}`;
const stackWith = (web: object, others: Record<string, string> = {}): Stack => ({
  project: "slipway",
  name: "one",
  main: "index.ts",
  folder: ".slipway/one",
  config: { "slipway:platform": "local", "slipway:services": JSON.stringify({ web: { image, ...web } }), ...others },
  secretKeys: [],
});

const review = (platform: "local" | "docker", policy: object, impacts = impactsOf({ project: "slipway", stack: "one", steps: [] })) => {
  const settings = { platform, gate: gateSettings.parse({}), policy: policySettings.parse(policy) };
  return reviewOf(stackWith({ replicas: 1 }), settings, impacts, "2026-06-30");
};
const severePolicy = { severities: { "several-pods": "error" } };
const policyError =
  "policy error: Deployment web has one replica, so requests fail while its pod restarts. Set replicas: 2 or more. (several-pods)";

test("policy errors close the gate, except on the platform local; warnings do not", async () => {
  const { project, stack, verdict, score, resources } = await review("docker", severePolicy);
  expect([project, stack]).toEqual(["slipway", "one"]);
  expect(verdict).toEqual({ open: false, rejected: [], approved: [], problems: [policyError], unusedApprovals: [] });
  expect(score!.findings.map(({ rule, severity }) => [rule, severity])).toEqual([["several-pods", "error"]]);
  expect(resources.map(({ name }) => name)).toContain("slipway-one");

  const onLocal = await review("local", severePolicy);
  expect([onLocal.verdict.open, onLocal.verdict.problems]).toEqual([true, []]);
  expect(onLocal.score!.findings).toEqual(score!.findings);
  expect((await review("docker", {})).verdict).toEqual({ ...verdict, open: true, problems: [] });
});

test("expired exceptions close the gate on every platform", async () => {
  const exception = { rule: "several-pods", resource: "Deployment web", reason: "old", until: "2026-06-29" };
  const problem =
    "slipway:policy.exceptions[0]: expired on 2026-06-29 (several-pods, Deployment web). Fix the finding, or extend the exception.";
  const policy = { exceptions: [exception] };
  expect((await review("local", policy)).verdict).toMatchObject({ open: false, problems: [problem] });
  expect((await review("docker", { ...severePolicy, ...policy })).verdict).toMatchObject({ open: false, problems: [problem, policyError] });
  const valid = await review("docker", { ...severePolicy, exceptions: [{ ...exception, until: "2026-06-30" }] });
  expect(valid.verdict).toMatchObject({ open: true, problems: [] });
});

test("the gate of a platform decides about the changes", async () => {
  const gone = stepOf("kubernetes:core/v1:PersistentVolumeClaim", "delete", { spec: {} }, {});
  const impacts = impactsOf({ project: "slipway", stack: "one", steps: [gone] });
  const onDocker = await review("docker", {}, impacts);
  expect(onDocker.impacts).toBe(impacts);
  expect(onDocker.verdict.rejected.map(({ step }) => step)).toEqual([gone]);
  expect((await review("local", {}, impacts)).verdict.rejected).toEqual([]);
});

test("the configuration of a stack has its settings and defaults", async () => {
  const configuration = await configurationOf(
    stackWith({ replicas: 2 }, { "slipway:local": JSON.stringify({ cluster: "own", ports: { api: 7000 } }) }),
  );
  expect(configuration).toMatchObject({
    stack: "one",
    platform: "local",
    local: { ports: { api: 7000, http: 8080 } },
    services: { web: { image, replicas: 2 } },
    policy: { severities: {}, exceptions: [] },
  });
});

test("an invalid configuration is rejected without its secrets", async () => {
  const problem =
    'The configuration of stack "one" is invalid. In stacks/Pulumi.one.yaml:\n  - slipway:services.web.replicas: must be a whole number';
  const invalid = stackWith({ replicas: 0.5 });
  await expect(configurationOf(invalid)).rejects.toThrow(new UserError(`${problem} (got 0.5).`));
  await expect(configurationOf({ ...invalid, secretKeys: ["slipway:services"] })).rejects.toThrow(new UserError(`${problem}.`));
});

test("a report is a Markdown and an HTML file, in a folder that is created", async () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-report-"));
  try {
    const [inner, one] = [join(folder, "a", "b"), await review("local", {})];
    const files = ["report.md", "report.html"].map((name) => join(inner, name));
    expect(writeReport(one, inner)).toEqual(files);
    expect(writeReport(one, inner)).toEqual(files);
    expect(files.map((file) => readFileSync(file, "utf8"))).toEqual([formatMarkdown(one), formatHtml(one)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
