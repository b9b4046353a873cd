import { driftAsJson, formatDrift } from "../../../../cli/drift/format.ts";
import { driftAsMarkdown } from "../../../../cli/drift/markdown.ts";
import { reportOf } from "../../../../cli/drift/report.ts";
import type { DriftedResource, DriftResult } from "../../../../engine/drift.ts";
import { secret, type Properties } from "../../../../lib/values.ts";

const stack = { project: "shop", name: "prod" };
const urnOf = (type: string, name: string) => `urn:pulumi:prod::shop::${type}::${name}`;
const drifted = (type: string, name: string, inputs: Properties, drift: DriftedResource["drift"]): DriftedResource => ({
  urn: urnOf(type, name),
  type,
  id: `shop/${name}`,
  parent: undefined,
  inputs,
  drift,
});
const deployment = (replicas: number, image: string) => ({
  metadata: { name: "web" },
  spec: { replicas, template: { spec: { containers: [{ name: "web", image }] } } },
});
const author = { manager: "kubectl-edit", time: "2026-01-31T10:00:00Z" };
const result: DriftResult = {
  compared: 5,
  drifted: [
    drifted("kubernetes:apps/v1:Deployment", "web", deployment(2, "web:1"), {
      kind: "changed",
      live: deployment(0, "nginx"),
      restored: deployment(2, "web:1"),
      paths: ["spec.replicas", "spec.template.spec.containers[0].image"],
      authors: { "spec.replicas": author },
    }),
    drifted("kubernetes:core/v1:Service", "web", { metadata: { name: "web" } }, { kind: "gone", problem: "does not exist" }),
  ],
  uncompared: [
    {
      urn: urnOf("kubernetes:core/v1:ConfigMap", "a"),
      type: "kubernetes:core/v1:ConfigMap",
      id: "shop/a",
      inputs: {},
      problem: "is forbidden",
    },
    {
      urn: urnOf("kubernetes:core/v1:ConfigMap", "b"),
      type: "kubernetes:core/v1:ConfigMap",
      id: "shop/b",
      inputs: {},
      problem: "is forbidden",
    },
  ],
};

test("the report names object, property, both values and who changed it, and what drift and restoration do to users", () => {
  expect(formatDrift(reportOf(stack, result))).toBe(
    [
      'drift of stack "prod": 2 of 7 objects differ from the state, 2 of 7 objects could not be compared, restart with downtime (requests fail, temporarily or permanently)',
      "  Deployment web (shop/web)  changed",
      "    spec.replicas: state 2, live 0 (changed by kubectl-edit at 2026-01-31T10:00:00Z)",
      "    spec.template.spec.containers[0].image: state web:1, live nginx",
      "    happened  restart with downtime  spec.replicas: 2 → 0: no pods are left to serve requests",
      "    happened  restart with downtime  spec.template.spec.containers[0].image changed: maxUnavailable allows all pods to be unavailable during the rollout",
      "    restored  cost change  0 → 2 replicas",
      "    restored  rolling update  new image: nginx → web:1",
      "  Service web (shop/web)  does not exist",
      "    happened  restart with downtime  deleted: clients lose the Service's DNS name and cluster IP, and their requests fail",
      "    restored  nothing  the Service is created again",
      "  not compared: ConfigMap a, ConfigMap b",
      "    is forbidden",
      "  3 unchanged",
    ].join("\n"),
  );
});

test("the JSON has everything, with the values of both sides", () => {
  const json = driftAsJson(reportOf(stack, result)) as { objects: Properties[] };
  expect(json).toMatchObject({ stack: "prod", drifted: true, impact: "restart with downtime", compared: 5 });
  expect(json.objects.map(({ name, type, status, properties }) => [type, name, status, properties])).toEqual([
    [
      "kubernetes:apps/v1:Deployment",
      "web",
      "changed",
      [
        { path: "spec.replicas", state: 2, live: 0, changedBy: "kubectl-edit", changedAt: "2026-01-31T10:00:00Z" },
        { path: "spec.template.spec.containers[0].image", state: "web:1", live: "nginx" },
      ],
    ],
    ["kubernetes:core/v1:Service", "web", "missing", []],
  ]);
});

test("the Markdown begins with the marker of project and stack, and says how to restore", () => {
  const markdown = driftAsMarkdown(reportOf(stack, result));
  expect(markdown).toMatch(/^<!-- slipway-drift: shop\/prod -->\n### Drift of <code>prod<\/code>: 2 of 7 objects differ/);
  expect(markdown).toContain(
    "| <code>Deployment web (shop/web)</code> | <code>spec.replicas</code> | <code>2</code> | <code>0</code> | kubectl-edit at 2026-01-31T10:00:00Z |",
  );
  expect(markdown).toContain("- <code>ConfigMap a</code>: is forbidden");
  expect(markdown).toContain("<code>slipway drift --stack prod --fix</code>");
});

test("no report shows a secret: marked in the state, in a Secret, or what somebody has put in its place", () => {
  const inputs = { metadata: { name: "web" }, spec: { template: secret({ value: "hunter2-in-state" }) } };
  const withSecrets: DriftResult = {
    compared: 2,
    drifted: [
      drifted(
        "kubernetes:core/v1:Secret",
        "web",
        { data: secret({ value: { key: "c3RhdGUtdmFsdWU=" } }) },
        {
          kind: "changed",
          live: { data: { key: "bGl2ZS12YWx1ZQ==" } },
          restored: { data: { key: "c3RhdGUtdmFsdWU=" } },
          paths: ["data.key"],
        },
      ),
      drifted("kubernetes:apps/v1:Deployment", "web", inputs, {
        kind: "changed",
        live: { spec: { template: secret({ value: "hunter3-by-hand" }) } },
        restored: { spec: { template: secret({ value: "hunter2-in-state" }) } },
        paths: ["spec.template"],
      }),
    ],
    uncompared: [
      {
        urn: urnOf("kubernetes:core/v1:ConfigMap", "a"),
        type: "kubernetes:core/v1:ConfigMap",
        id: "a",
        inputs: {},
        problem: "hunter2-in-state is wrong",
      },
    ],
  };
  const report = reportOf(stack, withSecrets);
  const shown = [formatDrift(report), driftAsMarkdown(report), JSON.stringify(driftAsJson(report))];
  for (const text of shown) {
    expect(text).toContain(
      "[secret]".replace("[", text.startsWith("<!--") ? "&#91;" : "[").replace("]", text.startsWith("<!--") ? "&#93;" : "]"),
    );
    for (const value of ["hunter2", "hunter3", "c3RhdGU", "bGl2ZS", "state-value", "live-value"]) expect(text).not.toContain(value);
  }
});

test("an unchanged stack has no drift, and one that cannot be compared is not reported as unchanged", () => {
  expect(formatDrift(reportOf(stack, { compared: 9, drifted: [], uncompared: [] }))).toBe(
    'drift of stack "prod": none in 9 objects\n  9 unchanged',
  );
  const unknown = reportOf(stack, { ...result, compared: 0, drifted: [] });
  expect(formatDrift(unknown)).toBe(
    'drift of stack "prod": unknown, 2 of 2 objects could not be compared\n  not compared: ConfigMap a, ConfigMap b\n    is forbidden',
  );
});
