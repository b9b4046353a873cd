import type { Deployment } from "../../../lib/deployment-record.ts";
import { Impact } from "../../../lib/impact.ts";
import type { GatedFinding, Verdict } from "../../../review/gate.ts";
import type { Finding } from "../../../review/impact/rule.ts";
import type { StepImpact } from "../../../review/impact/step-impact.ts";
import type { Change, Operation } from "../../../review/preview/step.ts";
import { Severity } from "../../../review/policy/rule.ts";
import { formatHtml } from "../../../review/report/html.ts";
import type { Review } from "../../../review/review.ts";
import { stepOf } from "./preview-steps.ts";

const findingOf = (impact: Impact, reason: string, changes: Change[] = []): Finding => ({ impact, reason, changes });
const changeOf = (name: string, before: unknown, after: unknown): Change => ({ path: ["spec", name], before, after, replaces: false });

function impactOf(kind: string, name: string, operation: Operation, ...findings: Finding[]): StepImpact {
  const type = `acme:x/v1:${kind}`;
  const step = stepOf(type, operation, {}, {}, { name, urn: `urn:pulumi:prod::slipway::${type}::${name}` });
  return { step, impact: findings[0]?.impact ?? Impact.Nothing, findings };
}

const openVerdict: Verdict = { open: true, rejected: [], approved: [], problems: [], unusedApprovals: [] };
const reviewOf = (impacts: StepImpact[], more: Partial<Review> = {}): Review => ({
  project: "slipway",
  stack: "prod",
  impacts,
  verdict: openVerdict,
  resources: [],
  ...more,
});

const textOf = (html: string) => html.replaceAll(/\s+/g, " ");
const documentOf = (review: Review) => textOf(formatHtml(review).replace(/<style>.*<\/style>/s, "<style/>"));
/** A section of the page, with a line for each part of it. */
const sectionOf = (id: string, review: Review) => {
  const [, section] = new RegExp(`(<section aria-labelledby="${id}">.*?</section>)`).exec(documentOf(review)) ?? [];
  return section?.replaceAll(/(?=<(ul|li|p|article|details|dl|dt|div)[ >])/g, "\n");
};

test("a review without changes is a whole page that says so", () => {
  const steps = [impactOf("Pod", "a", "same"), impactOf("Pod", "b", "same")];
  expect(documentOf(reviewOf(steps))).toBe(
    [
      `<!doctype html> <html lang="en"><head><meta charset="utf-8"/>`,
      `<meta name="viewport" content="width=device-width, initial-scale=1"/>`,
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>`,
      `<meta name="color-scheme" content="light dark"/><title>prod: nothing</title><style/></head>`,
      `<body><header><p>slipway · stack prod</p>`,
      `<h1><span class="badge quiet">nothing</span> <span class="badge good">gate open</span></h1>`,
      `<p>Users notice nothing.</p><p>2 unchanged</p></header>`,
      `<main><section aria-labelledby="changes"><h2 id="changes">Changes</h2><p>No changes.</p></section></main></body></html> `,
    ].join(""),
  );
});

test("the head has the worst impact, and whether the gate is closed", () => {
  const impacts = [impactOf("Database", "db", "delete", findingOf(Impact.DataLoss, "gone")), impactOf("Pod", "a", "same")];
  const page = documentOf(reviewOf(impacts, { verdict: { ...openVerdict, open: false } }));
  expect(page).toContain("<title>prod: data loss</title>");
  expect(page).toContain(
    `<h1><span class="badge bad">data loss</span> <span class="badge bad">gate closed</span></h1><p>Stored data is deleted.</p><p>1 × data loss · 1 unchanged</p></header>`,
  );
  expect(page).not.toContain("No changes.");
});

test("the page has its style sheet, unescaped", () => {
  expect(formatHtml(reviewOf([]))).toMatch(/<style>\n:root \{ color-scheme: light dark;.*\.narrow \{ display: block; \} \}\n<\/style>/s);
});

describe("the changes", () => {
  const data = findingOf(Impact.DataLoss, "replaced", [changeOf("size", 1, undefined), changeOf("zone", "a", "b")]);

  test("have their reasons and values, and other impacts than the worst", () => {
    const database = impactOf("Database", "db", "replace", data, findingOf(Impact.Cost, "larger"));
    expect(sectionOf("changes", reviewOf([database]))).toBe(`<section aria-labelledby="changes"><h2 id="changes">Changes</h2>
<article><h3><span class="badge bad">data loss</span> Database db <small>replace</small></h3>
<ul>
<li>replaced</li>
<li>larger <em>(cost change)</em></li></ul>
<details><summary>2 changed values of Database db</summary>
<dl>
<dt><code>spec.size</code></dt><dd><code>1</code> → <code>not set</code></dd>
<dt><code>spec.zone</code></dt><dd><code>a</code> → <code>b</code></dd></dl></details></article></section>`);
  });

  test("without effect on users are collapsed, and one changed value is named as such", () => {
    const labels = (name: string) => impactOf("Pod", name, "update", findingOf(Impact.Metadata, "labels", [changeOf("a", 1, 2)]));
    const one = (name: string) => `
<article><h3><span class="badge quiet">metadata</span> Pod ${name} <small>update</small></h3>
<ul>
<li>labels</li></ul>
<details><summary>1 changed value of Pod ${name}</summary>
<dl>
<dt><code>spec.a</code></dt><dd><code>1</code> → <code>2</code></dd></dl></details></article>`;
    const head = `<section aria-labelledby="changes"><h2 id="changes">Changes</h2>\n<details><summary>`;
    expect(sectionOf("changes", reviewOf([labels("a")]))).toBe(
      `${head}1 change without effect on users</summary>${one("a")}</details></section>`,
    );
    expect(sectionOf("changes", reviewOf([labels("a"), labels("b")]))).toBe(
      `${head}2 changes without effect on users</summary>${one("a")}${one("b")}</details></section>`,
    );
  });

  test("that are equal are one, with a list of the resources", () => {
    const created = ["a", "b", "c"].map((name) => impactOf("Role", name, "create", findingOf(Impact.Access, "created")));
    expect(sectionOf("changes", reviewOf(created))).toBe(`<section aria-labelledby="changes"><h2 id="changes">Changes</h2>
<article><h3><span class="badge warn">access change</span> Role × 3 <small>create</small></h3>
<ul>
<li>created</li></ul>
<details><summary>All 3 resources</summary>
<ul>
<li>Role a</li>
<li>Role b</li>
<li>Role c</li></ul></details></article></section>`);
  });

  test("show at most 200 values", () => {
    const changes = Array.from({ length: 201 }, (_, i) => changeOf(`v${i}`, 1, 2));
    const page = sectionOf("changes", reviewOf([impactOf("Pod", "a", "update", findingOf(Impact.Rolling, "x", changes))]))!;
    expect(page).toContain("201 changed values of Pod a");
    expect(page.split("<dt>")).toHaveLength(201);
    expect(page).toContain("spec.v199");
  });
});

describe("the gate", () => {
  const database = impactOf("Database", "db", "delete", findingOf(Impact.DataLoss, "gone"));
  const gated = (change: string, reason?: string, until = "2026-12-31"): GatedFinding => ({
    step: database.step,
    finding: database.findings[0]!,
    change,
    ...(reason && { approval: { change, reason, approvedBy: "Ada", until } }),
  });
  const gateOf = (verdict: Partial<Verdict>) => sectionOf("gate", reviewOf([database], { verdict: { ...openVerdict, ...verdict } }));
  const head = `<section aria-labelledby="gate"><h2 id="gate">Gate</h2>\n<ul>`;

  test("has rejected changes, other problems, and approved changes", () => {
    const verdict = {
      rejected: [gated("00ab"), gated("00ac", "moved", "2025-01-01")],
      problems: ["Pod x: no probe"],
      approved: [gated("00ad", "planned")],
    };
    expect(gateOf(verdict)).toBe(`${head}
<li><strong>Rejected:</strong> Database db: data loss (change <code>00ab</code>)</li>
<li><strong>Rejected:</strong> Database db: data loss (change <code>00ac</code>); the approval expired on 2025-01-01</li>
<li><strong>Rejected:</strong> Pod x: no probe</li>
<li><strong>Approved</strong> by Ada until 2026-12-31: Database db: data loss. planned</li></ul>
<p>To approve a change, add it to <code>slipway:gate.approvals</code> in <code>stacks/Pulumi.prod.yaml</code>.</p></section>`);
  });

  test("may have only problems, or only approved changes, which need no further approval", () => {
    expect(gateOf({ problems: ["Pod x: no probe"] })).toBe(`${head}\n<li><strong>Rejected:</strong> Pod x: no probe</li></ul></section>`);
    expect(gateOf({ approved: [gated("00ad", "planned")] })).toBe(
      `${head}\n<li><strong>Approved</strong> by Ada until 2026-12-31: Database db: data loss. planned</li></ul></section>`,
    );
    expect(gateOf({ approved: [gated("00ad", "planned")], problems: ["a"] })).toContain("<strong>Approved</strong>");
    expect(gateOf({ rejected: [gated("00ad")], approved: [gated("00ad", "planned")] })).toContain("<strong>Approved</strong>");
  });

  test("has no section if there is nothing to say", () => {
    expect(gateOf({})).toBeUndefined();
  });
});

describe("the policy", () => {
  const finding = (severity: Severity) => ({
    rule: `rule-${severity}`,
    severity,
    resource: "Pod a",
    message: "no probe",
    remedy: "Add one.",
    reference: "https://example.org/",
  });
  const exception = { rule: "several-pods" as const, resource: "Pod x", reason: "old", until: "2026-12-31" };
  const policyOf = (score: Partial<NonNullable<Review["score"]>>) =>
    sectionOf("policy", reviewOf([], { score: { points: 90, rules: 30, passed: 29, findings: [], exceptions: [], ...score } }));
  const head = (colour: string) =>
    `<section aria-labelledby="policy"><h2 id="policy">Policy</h2>\n<p><span class="badge ${colour}">90 of 100 points</span> 29 of 30 rules passed</p>`;
  const excepted = "<li>several-pods for Pod x until 2026-12-31: old</li>";

  test("has findings with their remedy, by severity", () => {
    const one = (severity: string, colour: string) => `
<article><h3><span class="badge ${colour}">${severity}</span> Pod a</h3>
<p>No probe. Add one. (<a href="https://example.org/">rule-${severity}</a>)</p></article>`;
    expect(policyOf({ findings: [finding(Severity.Error), finding(Severity.Warning)] })).toBe(
      `${head("warn")}${one("error", "bad")}${one("warning", "warn")}</section>`,
    );
  });

  test("has exceptions, and may have no findings", () => {
    expect(policyOf({})).toBe(`${head("good")}</section>`);
    expect(policyOf({ exceptions: [exception] })).toBe(
      `${head("good")}\n<details><summary>1 exception</summary>\n<ul>\n${excepted}</ul></details></section>`,
    );
    expect(policyOf({ exceptions: [exception, exception] })).toBe(
      `${head("good")}\n<details><summary>2 exceptions</summary>\n<ul>\n${excepted}\n${excepted}</ul></details></section>`,
    );
  });

  test("has no section if it is not checked", () => {
    expect(sectionOf("policy", reviewOf([]))).toBeUndefined();
  });
});

test("the diagram is there once for wide and once for narrow screens, and not at all without parts", () => {
  const resources = [{ urn: "x", type: "slipway:index:WebService", name: "web", parent: undefined, inputs: {} }];
  const section = sectionOf("diagram", reviewOf([], { resources }))!.replaceAll(/<svg.*?id="(.*?)".*?<\/svg>/g, "<svg $1/>");
  expect(section).toBe(`<section aria-labelledby="diagram"><h2 id="diagram">Stack</h2>
<div class="wide" tabindex="0" role="group" aria-label="Diagram of the stack, from left to right"><svg arrow-LR/></div>
<div class="narrow" tabindex="0" role="group" aria-label="Diagram of the stack, from top to bottom"><svg arrow-TB/></div></section>`);
  expect(sectionOf("diagram", reviewOf([]))).toBeUndefined();
});

test("text from a preview, from approvals and from policies is escaped wherever it appears", () => {
  const evil = `"><script>alert('1')</script>&`;
  const step = impactOf(evil, evil, "update", findingOf(Impact.DataLoss, evil, [changeOf(evil, evil, { [evil]: evil })]));
  const approval = { change: evil, reason: evil, approvedBy: evil, until: evil };
  const gated: GatedFinding = { step: step.step, finding: step.findings[0]!, change: evil, approval };
  const named = { rule: evil, resource: evil, message: evil, remedy: evil, reference: evil, reason: evil, until: evil };
  const page = formatHtml({
    project: evil,
    stack: evil,
    impacts: [step, ...["a", "b", "c"].map((name) => impactOf("Role", evil + name, "create", findingOf(Impact.Access, evil)))],
    verdict: { open: false, rejected: [gated], approved: [gated], problems: [evil], unusedApprovals: [] },
    resources: [{ urn: evil, type: "slipway:index:WebService", name: evil, parent: undefined, inputs: {} }],
    score: {
      points: 0,
      rules: 1,
      passed: 0,
      findings: [{ ...named, severity: Severity.Error }],
      exceptions: [named as never],
    },
  });
  expect(page).not.toMatch(/<\/?script/);
  expect(page).not.toContain(`"">`);
  expect(page.match(/&lt;script>alert/g)!.length).toBeGreaterThan(25);
});

describe("the deployments", () => {
  const deployment = (id: number, more: Partial<Deployment> = {}): Deployment => ({
    id,
    command: "up",
    started: "2026-11-28T01:02:03.000Z",
    result: "succeeded",
    ...more,
  });
  const rowsOf = (deployments: Deployment[]) =>
    (sectionOf("deployments", reviewOf([], { deployments })) ?? "").match(/<tr>.*?<\/tr>/gs)?.map((row) => row.replaceAll(/\s+/g, " ")) ??
    [];

  test("are missing without a history", () => {
    expect([sectionOf("deployments", reviewOf([])), sectionOf("deployments", reviewOf([], { deployments: [] }))]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("are the last five, with the commit, the user, the impact and a link to the CI run", () => {
    const last = deployment(7, {
      commit: { sha: "6e04de1c9a72", dirty: true },
      actor: "<ada>",
      ci: "https://example.org/runs/4711",
      impact: Impact.DataLoss,
      result: "failed",
    });
    const [head, first, second, ...others] = rowsOf([last, ...[6, 5, 4, 3, 2, 1].map((id) => deployment(id))]);
    const titles = ["Number", "Started (UTC)", "Command", "Result", "Commit", "By", "Impact"];
    expect(head).toBe(`<tr>${titles.map((title) => `<th scope="col">${title}</th>`).join("")}</tr>`);
    expect(first).toBe(
      `<tr><td><a href="https://example.org/runs/4711">7</a></td><td>2026-11-28 01:02</td><td>up</td><td><span class="badge bad">failed</span></td><td><code>6e04de1</code> with changes</td><td>&lt;ada></td><td><span class="badge bad">data loss</span></td></tr>`,
    );
    expect(second).toBe(
      `<tr><td>6</td><td>2026-11-28 01:02</td><td>up</td><td><span class="badge good">succeeded</span></td><td></td><td></td><td></td></tr>`,
    );
    expect(others.length).toBe(3);
  });
});
