import { readFileSync } from "node:fs";
import { judge } from "../../../review/gate.ts";
import { impactsOf } from "../../../review/impact/step-impact.ts";
import { readPreview } from "../../../review/preview/read.ts";
import type { Step } from "../../../review/preview/step.ts";
import { Severity } from "../../../review/policy/rule.ts";
import { registrationsOf } from "../../../review/render/registrations.ts";
import { diagramOf } from "../../../review/report/diagram.ts";
import { formatHtml } from "../../../review/report/html.ts";
import { formatMarkdown, text } from "../../../review/report/markdown.ts";
import type { ServiceFinding } from "../../../review/vulnerabilities/scan-stack.ts";
import type { Review } from "../../../review/review.ts";
import { readStack } from "../../../config/stack-file.ts";
import { gateSettings } from "../../../config/schema/gate.ts";
import { stepOf } from "./preview-steps.ts";

function reviewOf(steps: Step[], more: Partial<Review> = {}, settings: object = {}): Review {
  const impacts = impactsOf({ project: "slipway", stack: "prod", steps });
  const verdict = judge(impacts, gateSettings.parse(settings), { platform: "eks", today: "2026-06-30" });
  return { project: "slipway", stack: "prod", impacts, verdict, resources: [], ...more };
}

const claim = "kubernetes:core/v1:PersistentVolumeClaim";

test("the Markdown report has impacts, reasons, rejected changes, and how to approve them", () => {
  const review = reviewOf([
    stepOf(claim, "delete", { spec: {} }, {}),
    stepOf("kubernetes:apps/v1:Deployment", "update", { spec: { replicas: 2 } }, { spec: { replicas: 3 } }),
  ]);
  expect(formatMarkdown(review)).toBe(`<!-- slipway-report: prod -->
### <code>prod</code>: data loss · **gate closed**

Stored data is deleted.

1 × data loss · 1 × cost change

| Impact | Resource | Reason |
| --- | --- | --- |
| data loss | <code>PersistentVolumeClaim it</code> | deleted: the volume is deleted with the claim, unless its reclaim policy is Retain |
| cost change | <code>Deployment it</code> | 2 → 3 replicas |

**Rejected**

- <code>PersistentVolumeClaim it</code>: data loss, change <code>${review.verdict.rejected[0]!.change}</code>

To approve a change, add it to <code>slipway:gate.approvals</code> in <code>stacks/Pulumi.prod.yaml</code>.
`);
});

test("the Markdown report has approvals with their author and reason", () => {
  const steps = [stepOf(claim, "delete", { spec: {} }, {})];
  const [{ change } = { change: "" }] = reviewOf(steps).verdict.rejected;
  const approvals = [{ change, reason: "moved to *S3*", approvedBy: "Ada", until: "2026-12-31" }];
  expect(formatMarkdown(reviewOf(steps, {}, { approvals }))).toContain(
    "**Approved**\n\n- <code>PersistentVolumeClaim it</code>: approved by Ada until 2026-12-31: moved to &#42;S3&#42;\n",
  );
});

test("the ninth finding is collapsed, and a long report is truncated to fit into a comment", () => {
  const steps = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      stepOf(claim, "delete", { spec: {} }, {}, { urn: `urn:pulumi:prod::slipway::${claim}::v${i}`, name: `v${i}` }),
    );
  expect(formatMarkdown(reviewOf(steps(8)))).not.toContain("<details>");
  expect(formatMarkdown(reviewOf(steps(9)))).toContain("<details><summary>1 more</summary>\n\n| Impact |");
  const many = formatMarkdown(reviewOf(steps(2000)));
  expect(many.length).toBeLessThan(65_536);
  expect(many.split("<details>")).toHaveLength(many.split("</details>").length);
  expect(many).toContain("This report is truncated. The HTML report is complete.");
});

test("the Markdown report of a review without changes is short", () => {
  expect(formatMarkdown(reviewOf([]))).toBe(`<!-- slipway-report: prod -->
### <code>prod</code>: nothing · gate open

Users notice nothing.
`);
});

test("the Markdown report has expired approvals and other problems, and needs no approval for what is approved", () => {
  const steps = [stepOf(claim, "delete", { spec: {} }, {})];
  const { impacts, verdict } = reviewOf(steps);
  const [rejected] = verdict.rejected;
  const approval = { change: rejected!.change, reason: "moved", approvedBy: "Ada", until: "2026-01-01" };
  const gateOf = (more: Partial<Review["verdict"]>) => {
    const review = { ...reviewOf([]), impacts, verdict: { ...verdict, rejected: [], ...more } };
    return formatMarkdown(review).split("unless its reclaim policy is Retain |\n")[1];
  };
  const howTo = "To approve a change, add it to <code>slipway:gate.approvals</code> in <code>stacks/Pulumi.prod.yaml</code>.\n";
  expect(gateOf({ rejected: [{ ...rejected!, approval }], problems: ["Pod *x*: no probe"] })).toBe(`
**Rejected**

- <code>PersistentVolumeClaim it</code>: data loss, change <code>${approval.change}</code>; the approval expired on 2026-01-01
- Pod &#42;x&#42;: no probe

${howTo}`);
  expect(gateOf({ problems: ["Pod x: no probe"] })).toBe("\n**Rejected**\n\n- Pod x: no probe\n");
  expect(gateOf({ approved: [{ ...rejected!, approval }] })).toBe(
    "\n**Approved**\n\n- <code>PersistentVolumeClaim it</code>: approved by Ada until 2026-01-01: moved\n",
  );
  expect(gateOf({})).toBe("");
});

test("the first eight findings are visible, and the others are in a table of their own", () => {
  const steps = Array.from({ length: 10 }, (_, i) => stepOf(claim, "delete", { spec: {} }, {}, { urn: `${claim}::v${i}`, name: `v${i}` }));
  const names = (text: string) => [...text.matchAll(/PersistentVolumeClaim (v\d)<\/code> \|/g)].map(([, name]) => name);
  const [visible = "", hidden = ""] = formatMarkdown(reviewOf(steps)).split("<details><summary>2 more</summary>");
  expect(names(visible)).toEqual(["v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7"]);
  expect(names(hidden)).toEqual(["v8", "v9"]);
  expect(formatMarkdown(reviewOf(steps.slice(0, 8)))).toContain("v7");
});

test("a report is truncated at the end of a line, if it has more than 60,000 characters", () => {
  const { verdict } = reviewOf([]);
  const report = (...problems: string[]) => formatMarkdown(reviewOf([], { verdict: { ...verdict, problems } }));
  const free = 60_000 - report("first", "").length;
  const longest = report("first", "x".repeat(free));
  expect(longest).toHaveLength(60_000);
  expect(longest).not.toContain("truncated");
  expect(report("first", "x".repeat(free + 1))).toContain("truncated");
  expect(report("first", "x".repeat(free + 9), "last")).toBe(
    `${report("first").trimEnd()}\n\nThis report is truncated. The HTML report is complete.\n`,
  );
});

test("text is escaped for Markdown, and is one line", () => {
  expect(text("&<>|`*_[]~@\\#!")).toBe("&#38;&#60;&#62;&#124;&#96;&#42;&#95;&#91;&#93;&#126;&#64;&#92;&#35;&#33;");
  expect(text("a \n\n\t b\r\nc")).toBe("a b c");
});

const evil = `</script><img src=x onerror="alert(1)">|*[a](b)\`@team #1\n`;

test("HTML and Markdown in names, values and reasons are escaped", () => {
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

test("both reports have what a change makes reachable, escaped, and what was published since", () => {
  const finding = (id: string): ServiceFinding => ({
    id,
    aliases: [],
    summary: "Out-of-bounds <read>",
    url: `https://pkg.go.dev/vuln/${id}`,
    module: "golang.org/x/text",
    version: "v0.3.5",
    fixed: "v0.3.7",
    level: "reachable",
    calls: [{ function: "main.main", position: "app/main.go:42" }, { function: "language.Parse" }],
    upgrade: "go -C app get golang.org/x/text@v0.3.7",
  });
  const reachable = (["introduced", "published", "existing"] as const).map((cause, i) => ({
    service: "web",
    finding: finding(`GO-${i}`),
    cause,
  }));
  const vulnerabilities = { scan: { database: undefined, services: [], warnings: ["the database is old"] }, reachable, problems: [] };
  const review = reviewOf([], { vulnerabilities });
  expect(formatMarkdown(review)).toContain(
    [
      "<details><summary>Reachable vulnerabilities: 1 introduced, 1 published since the last deployment, 1 existing</summary>",
      "",
      "| Service | Vulnerability | Cause | Calls | Remedy |",
      "| --- | --- | --- | --- | --- |",
      "| <code>web</code> | [GO-0](https://pkg.go.dev/vuln/GO-0) | introduced | main.main (app/main.go:42) → language.Parse | golang.org/x/text v0.3.5, fixed in v0.3.7: go -C app get golang.org/x/text&#64;v0.3.7 |",
      "| <code>web</code> | [GO-1](https://pkg.go.dev/vuln/GO-1) | published | main.main (app/main.go:42) → language.Parse | golang.org/x/text v0.3.5, fixed in v0.3.7: go -C app get golang.org/x/text&#64;v0.3.7 |",
      "",
      "- the database is old",
      "",
      "</details>",
    ].join("\n"),
  );
  const page = formatHtml(review);
  expect(page).toContain("Out-of-bounds &lt;read>");
  expect(page).toContain("main.main (app/main.go:42) → language.Parse");
  expect(page).not.toContain("GO-2");
});

test("the HTML report loads and runs nothing", () => {
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

test("the diagram goes from image to URL, with the worst impact on each part", () => {
  const change = (type: string, name: string, parent: string | undefined, operation: "delete" | "create") =>
    stepOf(type, operation, {}, {}, { urn: `${parent ?? ""}/${name}:${type}`, name, parent });
  const steps = [
    change("kubernetes:apps/v1:Deployment", "web", service.urn, "delete"),
    change("kubernetes:core/v1:Secret", "web", service.urn, "create"),
    change("x:y:Z", "alone", undefined, "create"),
  ];
  const { parts, arrows } = diagramOf(reviewOf(steps, { resources: stackOf }));
  expect(parts.map(({ kind, name, impact }) => [kind, name, impact])).toEqual([
    ["image", "web", undefined],
    ["registry", "web", undefined],
    ["network", "net", undefined],
    ["cluster", "prod", undefined],
    ["service", "web", "restart with downtime"],
    ["URL", "a.example, b.example", undefined],
    ["other", "1 other resource", "unclassified"],
  ]);
  const kindOf = new Map(parts.map(({ id, kind }) => [id, kind]));
  expect(arrows.map(([from, to]) => `${kindOf.get(from)} → ${kindOf.get(to)}`)).toEqual([
    "image → registry",
    "network → cluster",
    "registry → cluster",
    "cluster → service",
    "service → URL",
  ]);
});

test.each(["docker", "swarm"])("the diagram of the stack %s goes from image to URL", async (name) => {
  const { parts, arrows } = diagramOf(reviewOf([], { resources: await registrationsOf(readStack(name)) }));
  const labels = new Map(parts.map(({ id, kind, name }) => [id, `${kind} ${name}`]));
  expect(arrows.map(([from, to]) => `${labels.get(from)} → ${labels.get(to)}`)).toEqual([
    `image web → registry slipway-${name}-registry`,
    `registry slipway-${name}-registry → Docker host slipway-${name}`,
    `Docker host slipway-${name} → service web`,
    "service web → URL web.localhost",
  ]);
});

test("equal changes are one entry, except those with the worst impacts", () => {
  const created = (type: string, name: string) =>
    stepOf(type, "create", {}, {}, { name, urn: `urn:pulumi:prod::slipway::${type}::${name}` });
  const gone = (name: string) => ({ ...stepOf(claim, "delete", {}, {}), name, urn: `urn:pulumi:prod::slipway::${claim}::${name}` });
  const role = "aws:iam/role:Role";
  const steps = [created(role, "a"), created(role, "b"), created("aws:iam/policy:Policy", "c"), gone("x"), gone("y"), gone("z")];
  const markdown = formatMarkdown(reviewOf(steps));
  expect(markdown.split("\n").filter((line) => /^\| (data|access)/.test(line))).toEqual([
    ...["x", "y", "z"].map(
      (name) =>
        `| data loss | <code>PersistentVolumeClaim ${name}</code> | deleted: the volume is deleted with the claim, unless its reclaim policy is Retain |`,
    ),
    "| access change | <code>Policy c, Role × 2</code> | created: affects permissions in the AWS account |",
  ]);
  expect(formatMarkdown(reviewOf(steps.slice(0, 2)))).toContain("<code>Role a</code>");
  const html = formatHtml(reviewOf(steps));
  expect(html).toContain("<summary>All 3 resources</summary><ul><li>Policy c</li><li>Role a</li><li>Role b</li></ul>");
});

test("changes without effect on users are collapsed", () => {
  const html = formatHtml(reviewOf([stepOf("docker:index/volume:Volume", "create", {}, {}), stepOf(claim, "delete", {}, {})]));
  expect(html).toContain("<summary>1 change without effect on users</summary>");
  expect(html.indexOf("data loss</span>")).toBeLessThan(html.indexOf("without effect on users"));
});

test("the diagram has parts that only the preview has", () => {
  const file = "test/fixtures/previews/selector.events.jsonl";
  const { steps } = readPreview(readFileSync(file, "utf8"), file, { project: "slipway", stack: "local" });
  const { parts } = diagramOf(reviewOf(steps));
  expect(parts.map(({ kind, name, impact }) => [kind, name, impact])).toEqual([
    ["URL", "web.localhost", undefined],
    ["service", "web", "restart with downtime"],
  ]);
});

test("the report has the policy findings and exceptions", () => {
  const score = {
    points: 90,
    rules: 30,
    passed: 29,
    findings: [
      {
        rule: "r-1",
        severity: Severity.Error,
        resource: "Deployment web",
        message: "no probe",
        remedy: "Add one.",
        reference: "https://example.org/",
      },
    ],
    exceptions: [{ rule: "several-pods" as const, resource: "Pod x", reason: "old", until: "2026-12-31" }],
  };
  const review = reviewOf([], { score });
  expect(formatMarkdown(review)).toContain(`<details><summary>Policy: 90 of 100 points, 29 of 30 rules passed</summary>

| Rule | Severity | Resource | Problem |
| --- | --- | --- | --- |
| [r-1](https://example.org/) | error | <code>Deployment web</code> | No probe. Add one. |

Exceptions:

- several-pods for <code>Pod x</code> until 2026-12-31: old

</details>`);
  const head = "<details><summary>Policy: 90 of 100 points, 29 of 30 rules passed</summary>\n\n";
  expect(formatMarkdown({ ...review, score: { ...score, exceptions: [] } })).toContain("No probe. Add one. |\n\n</details>");
  expect(formatMarkdown({ ...review, score: { ...score, findings: [] } })).toContain(`${head}No findings.\n\nExceptions:\n`);
  expect(formatMarkdown({ ...review, score: { ...score, findings: [], exceptions: [] } })).toContain(`${head}No findings.\n\n</details>`);
});
