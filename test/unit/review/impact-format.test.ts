import { stripVTControlCharacters } from "node:util";
import { formatImpacts, impactsAsJson } from "../../../review/impact/format.ts";
import { impactsOf } from "../../../review/impact/step-impact.ts";
import type { Step } from "../../../review/preview/step.ts";
import { stepOf } from "./preview-steps.ts";

const impactsOfAll = (...steps: Step[]) => impactsOf({ project: "slipway", stack: "prod", steps });
const shown = (...steps: Step[]) => stripVTControlCharacters(formatImpacts(impactsOfAll(...steps), "prod"));

const claim = "kubernetes:core/v1:PersistentVolumeClaim";
const drop = stepOf(claim, "delete", {}, {}, { name: "data", urn: "urn:a", rawOperation: "delete-replaced" });
const scale = stepOf(
  "kubernetes:apps/v1:Deployment",
  "update",
  { metadata: { labels: { "example.org/team": "a" } }, spec: { replicas: 2 } },
  { metadata: { labels: { "example.org/team": "b" } }, spec: { replicas: 3 } },
  { name: "web", urn: "urn:b" },
);
const same = stepOf(claim, "same", {}, {});
const component = stepOf("slipway:index:WebService", "update", {}, {}, { custom: false });

test("the impacts are printed with the operation of each resource, and the number of unchanged resources", () => {
  expect(shown(scale, same, component, { ...component, operation: "same" }, same, drop)).toBe(
    `impact on stack "prod": data loss (stored data is deleted)
  PersistentVolumeClaim data  delete-replaced
    data loss    deleted: the volume is deleted with the claim, unless its reclaim policy is Retain
  Deployment web  update
    metadata     metadata.labels["example.org/team"] changed
    cost change  2 → 3 replicas
  2 unchanged`,
  );
});

test("a preview without changes has no impact", () => {
  expect(shown()).toBe('impact on stack "prod": nothing (users notice nothing)');
  expect(shown(same)).toBe('impact on stack "prod": nothing (users notice nothing)\n  1 unchanged');
});

test("impacts have the colour of their severity in a terminal", () => {
  const { FORCE_COLOR, NO_COLOR } = process.env;
  delete process.env["NO_COLOR"];
  process.env["FORCE_COLOR"] = "1";
  try {
    const [head, , first] = formatImpacts(impactsOfAll(drop), "prod").split("\n");
    expect(head).toBe('impact on stack "prod": \u001B[31mdata loss\u001B[39m (stored data is deleted)');
    expect(first!.startsWith("    \u001B[31mdata loss\u001B[39m  deleted: ")).toBe(true);
  } finally {
    for (const [name, value] of Object.entries({ FORCE_COLOR, NO_COLOR }))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
});

test("as JSON, the impacts list changed resources with the rule and the properties of each finding", () => {
  const unknown = stepOf("x:y:Z", "create", {}, {}, { name: "z", urn: "urn:c" });
  expect(impactsAsJson(impactsOfAll(scale, same, component, unknown), "prod")).toEqual({
    stack: "prod",
    impact: "unclassified",
    resources: [
      {
        urn: "urn:c",
        type: "x:y:Z",
        name: "z",
        operation: "create",
        impact: "unclassified",
        findings: [{ impact: "unclassified", reason: "no rule covers the creation of a Z (x:y:Z)", rule: undefined, properties: [] }],
      },
      {
        urn: "urn:b",
        type: "kubernetes:apps/v1:Deployment",
        name: "web",
        operation: "update",
        impact: "cost change",
        findings: [
          {
            impact: "metadata",
            reason: 'metadata.labels["example.org/team"] changed',
            rule: "object-metadata",
            properties: ['metadata.labels["example.org/team"]'],
          },
          { impact: "cost change", reason: "2 → 3 replicas", rule: "workload-scaled", properties: ["spec.replicas"] },
        ],
      },
    ],
  });
  expect(impactsAsJson([], "prod")).toEqual({ stack: "prod", impact: "nothing", resources: [] });
});
