import { readFileSync } from "node:fs";
import { judge } from "../../../review/gate.ts";
import { impactsOf } from "../../../review/impact/impacts.ts";
import { readPreview } from "../../../review/preview/read.ts";
import type { Step } from "../../../review/preview/step.ts";
import type { Review } from "../../../review/report/review.ts";
import { registrationsOf } from "../../../review/render/registrations.ts";
import { formatHtml } from "../../../review/report/html.ts";
import { formatMarkdown } from "../../../review/report/markdown.ts";
import { pictureOf } from "../../../review/report/picture.ts";
import { readStack } from "../../../config/stack-file.ts";
import { gateSettings } from "../../../config/schema/gate.ts";
import { stepOf } from "./preview-steps.ts";

function reviewOf(steps: Step[], more: Partial<Review> = {}, settings: object = {}): Review {
  const impacts = impactsOf({ project: "slipway", stack: "prod", steps });
  const verdict = judge(impacts, gateSettings.parse(settings), { platform: "eks", today: "2026-06-30" });
  return { project: "slipway", stack: "prod", impacts, verdict, resources: [], ...more };
}

const claim = "kubernetes:core/v1:PersistentVolumeClaim";

test("the Markdown has what happens, why, what is refused, and how to approve it", () => {
  const review = reviewOf([
    stepOf(claim, "delete", { spec: {} }, {}),
    stepOf("kubernetes:apps/v1:Deployment", "update", { spec: { replicas: 2 } }, { spec: { replicas: 3 } }),
  ]);
  expect(formatMarkdown(review)).toBe(`<!-- slipway-report: prod -->
### <code>prod</code>: data loss · **gate closed**

What is stored goes.

1 data loss · 1 cost change

| Impact | Resource | Why |
| --- | --- | --- |
| data loss | <code>PersistentVolumeClaim it</code> | it is deleted: the claim goes, and with it the volume, unless its class retains it |
| cost change | <code>Deployment it</code> | 2 → 3 pods |

**Refused**

- <code>PersistentVolumeClaim it</code>: data loss, change <code>${review.verdict.refused[0]!.change}</code>

To approve a change, record it under <code>slipway:gate.approvals</code> in <code>stacks/Pulumi.prod.yaml</code>.
`);
});

test("an approval is told of with who gave it and why", () => {
  const steps = [stepOf(claim, "delete", { spec: {} }, {})];
  const [{ change } = { change: "" }] = reviewOf(steps).verdict.refused;
  const approvals = [{ change, reason: "moved to *S3*", approvedBy: "Ada", until: "2026-12-31" }];
  expect(formatMarkdown(reviewOf(steps, {}, { approvals }))).toContain(
    "**Approved**\n\n- <code>PersistentVolumeClaim it</code>: approved by Ada until 2026-12-31: moved to &#42;S3&#42;\n",
  );
});

test("nine findings fold one, and however many there are fit into a comment", () => {
  const steps = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      stepOf(claim, "delete", { spec: {} }, {}, { urn: `urn:pulumi:prod::slipway::${claim}::v${i}`, name: `v${i}` }),
    );
  expect(formatMarkdown(reviewOf(steps(8)))).not.toContain("<details>");
  expect(formatMarkdown(reviewOf(steps(9)))).toContain("<details><summary>1 more</summary>\n\n| Impact |");
  const many = formatMarkdown(reviewOf(steps(2000)));
  expect(many.length).toBeLessThan(65_536);
  expect(many.split("<details>")).toHaveLength(many.split("</details>").length);
  expect(many).toContain("This is not all: the HTML report has the rest.");
});

const evil = `</script><img src=x onerror="alert(1)">|*[a](b)\`@team #1\n`;

test("HTML and Markdown in names, values and reasons stay text", () => {
  const step = stepOf(
    "kubernetes:apps/v1:Deployment",
    "update",
    { spec: { replicas: evil } },
    { spec: { replicas: `${evil}2` } },
    { name: evil },
  );
  const review = reviewOf([step], {
    resources: [{ urn: "x", type: "slipway:index:WebService", name: evil, parent: undefined, inputs: {} }],
  });
  const page = formatHtml(review);
  expect(page).not.toContain("<img");
  expect(page).not.toContain("</script>");
  expect(page.match(/&lt;img src=x/g)!.length).toBeGreaterThan(3);
  const markdown = formatMarkdown(review);
  expect(markdown).not.toContain("<img");
  expect(markdown).toContain('&#60;img src=x onerror="alert(1)"&#62;&#124;&#42;&#91;a&#93;(b)&#96;&#64;team &#35;1');
  expect(markdown.split("\n").filter((line) => line.startsWith("|"))).toHaveLength(3);
});

test("the HTML loads nothing and runs nothing", () => {
  const page = formatHtml(reviewOf([stepOf(claim, "delete", { spec: {} }, {})]));
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  expect(page).not.toMatch(/<script|<link|src=|url\((?!#)|@import/);
});

const resource = (type: string, name: string, parent?: string, inputs = {}) => ({
  urn: `${parent ?? ""}/${name}:${type}`,
  type,
  name,
  parent,
  inputs,
});
const service = resource("slipway:index:WebService", "web");
const stackOf = [
  resource("slipway:index:GoImage", "web"),
  resource("slipway:index:EcrRepository", "web"),
  resource("slipway:index:Network", "net"),
  resource("slipway:index:EksCluster", "prod"),
  service,
  resource("kubernetes:apps/v1:Deployment", "web", service.urn),
  resource("kubernetes:networking.k8s.io/v1:Ingress", "web", service.urn, {
    spec: { rules: [{ host: "a.example" }, { host: "b.example" }] },
  }),
];

test("the picture leads from image to URL, and marks what changes with the worst of it", () => {
  const change = (type: string, name: string, parent: string | undefined, operation: "delete" | "create") =>
    stepOf(type, operation, {}, {}, { urn: `${parent ?? ""}/${name}:${type}`, name, parent });
  const steps = [
    change("kubernetes:apps/v1:Deployment", "web", service.urn, "delete"),
    change("kubernetes:core/v1:Secret", "web", service.urn, "create"),
    change("x:y:Z", "alone", undefined, "create"),
  ];
  const { parts, arrows } = pictureOf(reviewOf(steps, { resources: stackOf }));
  expect(parts.map(({ kind, name, impact }) => [kind, name, impact])).toEqual([
    ["image", "web", undefined],
    ["registry", "web", undefined],
    ["network", "net", undefined],
    ["cluster", "prod", undefined],
    ["service", "web", "restart with downtime"],
    ["url", "a.example, b.example", undefined],
    ["other", "1 other resource", "unclassified"],
  ]);
  const kindOf = new Map(parts.map(({ id, kind }) => [id, kind]));
  expect(arrows.map(([from, to]) => `${kindOf.get(from)} → ${kindOf.get(to)}`)).toEqual([
    "image → registry",
    "network → cluster",
    "registry → cluster",
    "cluster → service",
    "service → url",
  ]);
});

test.each(["docker", "swarm"])("the stack %s is drawn by its engine, and to its URL", async (name) => {
  const { parts, arrows } = pictureOf(reviewOf([], { resources: await registrationsOf(readStack(name)) }));
  const labels = new Map(parts.map(({ id, kind, name }) => [id, `${kind} ${name}`]));
  expect(arrows.map(([from, to]) => `${labels.get(from)} → ${labels.get(to)}`)).toEqual([
    `image web → registry slipway-${name}-registry`,
    `registry slipway-${name}-registry → engine slipway-${name}`,
    `engine slipway-${name} → service web`,
    "service web → url web.localhost",
  ]);
});

test("many changes that do the same are told of once, and what hurts one by one", () => {
  const created = (type: string, name: string) =>
    stepOf(type, "create", {}, {}, { name, urn: `urn:pulumi:prod::slipway::${type}::${name}` });
  const gone = (name: string) => ({ ...stepOf(claim, "delete", {}, {}), name, urn: `urn:pulumi:prod::slipway::${claim}::${name}` });
  const role = "aws:iam/role:Role";
  const steps = [created(role, "a"), created(role, "b"), created("aws:iam/policy:Policy", "c"), gone("x"), gone("y"), gone("z")];
  const markdown = formatMarkdown(reviewOf(steps));
  expect(markdown.split("\n").filter((line) => /^\| (data|access)/.test(line))).toEqual([
    ...["x", "y", "z"].map(
      (name) =>
        `| data loss | <code>PersistentVolumeClaim ${name}</code> | it is deleted: the claim goes, and with it the volume, unless its class retains it |`,
    ),
    "| access change | <code>Policy c, Role × 2</code> | it is new: who may do what in the account |",
  ]);
  expect(formatMarkdown(reviewOf(steps.slice(0, 2)))).toContain("<code>Role a</code>");
  const html = formatHtml(reviewOf(steps));
  expect(html).toContain("<summary>the 3 of them</summary><ul><li>Policy c</li><li>Role a</li><li>Role b</li></ul>");
});

test("what nobody notices is folded", () => {
  const html = formatHtml(reviewOf([stepOf("docker:index/volume:Volume", "create", {}, {}), stepOf(claim, "delete", {}, {})]));
  expect(html).toContain("<summary>1 change that nobody notices</summary>");
  expect(html.indexOf("data loss</span>")).toBeLessThan(html.indexOf("that nobody notices"));
});

test("what goes with the stack of a preview is in the picture, too", () => {
  const file = "test/fixtures/previews/selector.events.jsonl";
  const { steps } = readPreview(readFileSync(file, "utf8"), file, { project: "slipway", stack: "local" });
  const { parts } = pictureOf(reviewOf(steps));
  expect(parts.map(({ kind, name, impact }) => [kind, name, impact])).toEqual([
    ["url", "web.localhost", undefined],
    ["service", "web", "restart with downtime"],
  ]);
});

test("the policy is told of, with what is excused", () => {
  const score = {
    points: 90,
    rules: 30,
    kept: 29,
    findings: [
      {
        rule: "r-1",
        severity: "error",
        resource: "Deployment web",
        message: "no probe",
        remedy: "Add one.",
        reference: "https://example.org/",
      },
    ],
    excused: [{ rule: "r-2", resource: "Pod x", reason: "old", until: "2026-12-31" }],
  };
  const review = reviewOf([], { score });
  expect(formatMarkdown(review)).toContain(`<details><summary>Policy: 90 of 100 points, 29 of 30 rules kept</summary>

| Rule | Severity | Resource | What |
| --- | --- | --- | --- |
| [r-1](https://example.org/) | error | <code>Deployment web</code> | no probe. Add one. |

Excused:

- r-2 of <code>Pod x</code> until 2026-12-31: old

</details>`);
  expect(formatHtml(review)).toContain(`no probe. Add one. (<a href="https://example.org/">r-1</a>)`);
});
