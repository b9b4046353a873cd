import { Impact, impacts } from "../../../lib/impact.ts";
import type { Finding } from "../../../review/impact/rule.ts";
import type { StepImpact } from "../../../review/impact/step-impact.ts";
import type { Step } from "../../../review/preview/step.ts";
import { capitalized, classOf, entriesOf, formatCounts, summaryOf } from "../../../review/report/summary.ts";
import { stepOf } from "./preview-steps.ts";

const findingOf = (impact: Impact, reason = "why", changes: Finding["changes"] = []): Finding => ({ impact, reason, changes });
const change = { path: ["a"], before: 1, after: 2, replaces: false };

function impactOf(name: string, findings: Finding[], more: Partial<Step> = {}, type = "aws:iam/role:Role"): StepImpact {
  const step = stepOf(type, "create", {}, {}, { name, urn: `${type}::${name}`, ...more });
  return { step, impact: findings[0]?.impact ?? Impact.Nothing, findings };
}

test("the summary counts changes by impact, the worst first, and unchanged resources", () => {
  const same = { operation: "same", rawOperation: "same" } as const;
  const all = [
    impactOf("a", [findingOf(Impact.Cost)]),
    impactOf("b", [findingOf(Impact.DataLoss), findingOf(Impact.Cost)]),
    impactOf("c", [findingOf(Impact.Cost)]),
    impactOf("d", [findingOf(Impact.Nothing)]),
    impactOf("e", [], same),
    impactOf("f", [], same),
    impactOf("a component", [], { ...same, custom: false }),
    impactOf("a component that is created", [], { custom: false }),
  ];
  const summary = summaryOf({ impacts: all });
  expect(summary).toEqual({
    overall: "data loss",
    counts: [
      ["data loss", 1],
      ["cost change", 2],
      ["nothing", 1],
    ],
    changed: all.slice(0, 4),
    unchanged: 2,
  });
  expect(formatCounts(summary)).toBe("1 × data loss · 2 × cost change · 1 × nothing · 2 unchanged");
  expect(formatCounts(summaryOf({ impacts: all.slice(0, 1) }))).toBe("1 × cost change");
  expect(formatCounts(summaryOf({ impacts: [] }))).toBe("");
});

test("the colour of an impact says how bad it is", () => {
  expect(Object.fromEntries(impacts.map((impact) => [impact, classOf(impact)]))).toEqual({
    nothing: "quiet",
    metadata: "quiet",
    "rolling update": "good",
    "cost change": "warn",
    "access change": "warn",
    "restart with downtime": "bad",
    unclassified: "bad",
    "data loss": "bad",
    "cluster or network replacement": "bad",
  });
});

test("a text is capitalized at its start only", () => {
  expect(["", "a", "a pod", "Ü"].map(capitalized)).toEqual(["", "A", "A pod", "Ü"]);
});

describe("three or more equal changes are one entry", () => {
  const labels = (...of: StepImpact[]) => entriesOf(of).map(({ label }) => label);
  const three = (one: (name: string) => StepImpact) => ["a", "b", "c"].map(one);
  const access = [findingOf(Impact.Access)];

  test("with the number of each kind, and the names", () => {
    const all = [...three((name) => impactOf(name, access)), impactOf("p", access, {}, "aws:iam/policy:Policy")];
    expect(entriesOf(all)).toEqual([
      {
        label: "Role × 3, Policy p",
        impact: "access change",
        operation: "create",
        findings: access,
        names: ["Role a", "Role b", "Role c", "Policy p"],
      },
    ]);
  });

  test("but two are separate, without names", () => {
    const [one, two] = three((name) => impactOf(name, access));
    const entry = (label: string) => ({ label, impact: "access change", operation: "create", findings: access, names: [] });
    expect(entriesOf([one!, two!])).toEqual([entry("Role a"), entry("Role b")]);
  });

  test.each<[string, (name: string) => StepImpact]>([
    ["an impact that is bad", (name) => impactOf(name, [findingOf(Impact.Downtime)])],
    ["changed values", (name) => impactOf(name, [findingOf(Impact.Access), findingOf(Impact.Cost, "why", [change])])],
    ["different operations", (name) => impactOf(name, access, { rawOperation: name })],
    ["different reasons", (name) => impactOf(name, [findingOf(Impact.Access, name)])],
    ["different impacts", (name) => impactOf(name, [findingOf(name === "a" ? Impact.Cost : Impact.Access)])],
    ["different numbers of findings", (name) => impactOf(name, name === "a" ? access : [...access, ...access])],
  ])("but not with %s", (_, one) => {
    expect(labels(...three(one))).toEqual(["Role a", "Role b", "Role c"]);
  });

  test("and keep the place of the first", () => {
    const [a, b, c] = three((name) => impactOf(name, access));
    const other = impactOf("x", [findingOf(Impact.Cost)]);
    expect(labels(a!, other, b!, c!)).toEqual(["Role × 3", "Role x"]);
  });
});
