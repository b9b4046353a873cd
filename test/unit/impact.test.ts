import { readFileSync } from "node:fs";
import { judge, type Approval } from "../../pipeline/gate.ts";
import { classify, type Impact } from "../../pipeline/impact.ts";
import { readPlan, type Plan, type Step } from "../../pipeline/plan.ts";
import { gateText, headline, markdown } from "../../pipeline/report.ts";
import { rules } from "../../pipeline/rules/index.ts";
import { cases, type Case } from "./impact-cases.ts";

const local = { project: "slipway", stack: "local" };
const none = { ...local, unchanged: 0 };
const fixture = (file: string) => readFileSync(`test/fixtures/previews/${file}`, "utf8");
const planOf = (file: string) => readPlan(fixture(file), local);

/** What is told of a plan: each step that changes something. */
const told = (plan: Plan) =>
  classify(plan)
    .filter(({ step }) => step.operation !== "same")
    .map(({ step, class: impact, reasons }) => [
      step.operation,
      step.type.split(":").at(-1),
      step.name,
      impact,
      reasons.map(({ why }) => why),
    ]);

// Previews of the real engine, see test/fixtures/previews.
describe("of a preview of the real engine", () => {
  const digests = "sha256:77ac433c5a5d → sha256:ea8cafb0460d";
  test.each<[string, unknown[]]>([
    ["base", []],
    ["annotation", ["update", "Deployment", "web", "metadata", ["metadata.annotations changed"]]],
    ["scale", ["update", "Deployment", "web", "cost change", ["2 → 4 pods"]]],
    ["image", ["update", "Deployment", "web", "rolling update", [`another image, ${digests}: pods are replaced one after the other`]]],
    [
      "config",
      [
        "replace",
        "ConfigMap",
        "web-config",
        "rolling update",
        ["data.GREETING changed: it is deleted and made anew: a pod that starts in between waits for it"],
      ],
    ],
    [
      "secret",
      [
        "replace",
        "Secret",
        "web-secret",
        "rolling update",
        ["data.TOKEN changed: it is deleted and made anew: a pod that starts in between waits for it"],
      ],
    ],
    ["drop-volume", ["delete", "PersistentVolumeClaim", "web-data", "data loss", ["the volume is deleted"]]],
    ["drop-docker-volume", ["delete", "Volume", "cache", "data loss", ["the volume is deleted"]]],
    [
      "volume-class",
      ["replace", "PersistentVolumeClaim", "web-data", "data loss", ["spec.storageClassName changed: the volume is made anew, empty"]],
    ],
    [
      "host",
      ["update", "Ingress", "web", "access change", ["how it is reached from outside: spec.rules[0].host, web.localhost → www.localhost"]],
    ],
  ])("%s", (file, expected) => {
    expect(told(planOf(`${file}.json`))).toEqual(expected.length === 0 ? [] : [expected]);
  });

  const selector = [
    [
      "replace",
      "Deployment",
      "web",
      "restart with downtime",
      ['spec.selector.matchLabels["app.kubernetes.io/name"] changed: the Deployment is replaced, and all its pods with it'],
    ],
    [
      "update",
      "Service",
      "web",
      "restart with downtime",
      ['spec.selector["app.kubernetes.io/name"] changed: requests go to other pods at once, ready or not'],
    ],
  ];
  test("selector", () => {
    expect(told(planOf("selector.json"))).toEqual(selector);
  });

  test.each(["image", "selector", "drop-volume"])("%s tells the same as a stream of events", (file) => {
    expect(told(planOf(`${file}.events.jsonl`))).toEqual(told(planOf(`${file}.json`)));
  });
});

const stepOf = ({
  type,
  operation,
  path,
  values: [before, after] = [undefined, undefined],
  inputs = {},
}: Omit<Case, "rule" | "class">): Step => ({
  operation,
  type,
  name: "web",
  urn: `urn:pulumi:local::slipway::${type}::web`,
  parent: undefined,
  before: {},
  after: inputs,
  changes: path === undefined ? [] : [{ path, replaces: operation === "replace", before, after }],
});
const classified = (given: Omit<Case, "rule" | "class">, by = rules): Impact => classify({ ...none, steps: [stepOf(given)] }, by)[0]!;

describe("rules", () => {
  test.each(cases)("$rule: $operation of $type is $class", (given) => {
    const { class: impact, reasons } = classified(given);
    expect([impact, reasons[0]?.rule, reasons[0]?.path]).toEqual([given.class, given.rule, given.path]);
  });

  test("each has a case, and each case needs it: without, another rule or none would speak", () => {
    expect([...new Set(cases.map(({ rule }) => rule))].sort()).toEqual(rules.map(({ id }) => id).sort());
    const needless = cases.filter((given) => {
      const without = rules.filter(({ id }) => id !== given.rule);
      return classified(given, without).reasons[0]?.rule === given.rule;
    });
    expect(needless).toEqual([]);
  });

  test("one with a path is for updates alone: what is replaced or deleted is told of as a whole", () => {
    expect(rules.filter(({ path, operations }) => path !== undefined && operations.join() !== "update").map(({ id }) => id)).toEqual([]);
  });

  test.each<Omit<Case, "rule" | "class">>([
    { type: "kubernetes:example.org/v1:Widget", operation: "create" },
    { type: "aws:lambda/function:Function", operation: "delete" },
    { type: "random:index/randomId:RandomId", operation: "replace", path: "byteLength" },
    { type: "kubernetes:apps/v1:Deployment", operation: "update", path: "spec.somethingNew" },
    { type: "kubernetes:apps/v1:Deployment", operation: "update" },
  ])("$operation of $type $path, which no rule knows, is unclassified, and never nothing", (given) => {
    expect(classified(given).class).toBe("unclassified");
  });

  test("of several reasons the worst counts, and all are told", () => {
    const step = stepOf({ type: "kubernetes:core/v1:Service", operation: "update" });
    const changes = ["metadata.labels.a", "spec.ports[0].port", "spec.type"].map((path) => ({
      path,
      replaces: false,
      before: 1,
      after: 2,
    }));
    const [impact] = classify({ ...none, steps: [{ ...step, changes }] });
    expect([impact!.class, impact!.reasons.map(({ class: c, path }) => [c, path])]).toEqual([
      "restart with downtime",
      [
        ["restart with downtime", "spec.ports[0].port"],
        ["access change", "spec.type"],
        ["metadata", "metadata.labels.a"],
      ],
    ]);
  });
});

test("what is the same for several properties is said once", () => {
  const step = stepOf({ type: "kubernetes:apps/v1:Deployment", operation: "update" });
  const changes = ["env", "volumeMounts", "resources"].map((key) => ({
    path: `spec.template.spec.containers[0].${key}`,
    replaces: false,
    before: 1,
    after: 2,
  }));
  const plan = { ...none, steps: [{ ...step, changes }] };
  expect(classify(plan)[0]!.reasons.map(({ rule, path, more }) => [rule, path, more])).toEqual([
    ["workload-template", "spec.template.spec.containers[0].env", 2],
  ]);
  const text = markdown({ plan, impacts: classify(plan), verdict: { open: true, refused: [] } });
  expect(text).toContain("they are replaced one after the other (spec.template.spec.containers&#91;0&#93;.env and 2 more) |");
});

describe("what cannot be read is refused: the gate stays closed", () => {
  const image = fixture("image.json");
  const events = fixture("image.events.jsonl");
  const anew = "Make it anew: pulumi preview --json --stack <stack> >preview.json";
  const broken = (change: (plan: { steps: Record<string, unknown>[]; diagnostics?: unknown }) => void) => {
    const plan = JSON.parse(image);
    change(plan);
    return JSON.stringify(plan);
  };
  test.each<[string, string, string | RegExp]>([
    ["nothing", "", `The preview cannot be read: it is empty. ${anew}`],
    ["no JSON", "Previewing update (local):\n", `The preview cannot be read: it is no JSON. ${anew}`],
    ["a document that is broken off", image.slice(0, 9000), /^The preview cannot be read: line 1 is no event of Pulumi's/],
    ["foreign JSON", '{"version": 4, "terraform_version": "1.9"}', /^The preview cannot be read: steps is not as Pulumi writes it/],
    ["steps of another form", '{"steps": [{"op": "update"}]}', /^The preview cannot be read: steps\.0\.urn is not as Pulumi writes it/],
    ["events that are broken off in a line", events.slice(0, -200), /is no event of Pulumi's, as if it were broken off\./],
    [
      "events without an end",
      events.split("\n").slice(0, 20).join("\n"),
      `The preview cannot be read: it has no end, as if it were broken off. ${anew}`,
    ],
    [
      "a preview that failed",
      broken((plan) => (plan.diagnostics = [{ severity: "error", message: "the cluster is away" }])),
      "The preview failed, so what an update would do is not known:\n  - the cluster is away",
    ],
    [
      "events that end in an error",
      `${events.split("\n").slice(0, 20).join("\n")}\n{"sequence":99,"diagnosticEvent":{"severity":"error","message":"denied"}}\n`,
      "The preview failed, so what an update would do is not known:\n  - denied",
    ],
  ])("%s", (_what, text, message) => {
    expect(() => readPlan(text, local)).toThrow(message);
  });

  test("a preview of another stack, or another project", () => {
    expect(() => readPlan(image, { project: "slipway", stack: "prod" })).toThrow(
      "The preview is of slipway/local, and not of slipway/prod.",
    );
    expect(() => readPlan(image, { project: "shop", stack: "local" })).toThrow("The preview is of slipway/local, and not of shop/local.");
  });

  test("an operation that nobody knows is taken for a replacement", () => {
    const text = broken(({ steps }) => steps.forEach((step) => (step["op"] = step["op"] === "update" ? "transmute" : step["op"])));
    expect(told(readPlan(text, local))[0]?.slice(0, 4)).toEqual(["replace", "Deployment", "web", "restart with downtime"]);
  });

  test("a secret that the tool printed is masked", () => {
    const text = broken(({ steps }) => {
      const signature = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
      const spec = (value: unknown) => ({ inputs: { spec: { host: value } } });
      const urn = "urn:pulumi:local::slipway::kubernetes:networking.k8s.io/v1:Ingress::i";
      const detailedDiff = { "spec.host": { kind: "update" } };
      steps.push({
        op: "update",
        urn,
        oldState: spec({ ...signature, value: "s3cr3t" }),
        newState: spec({ ...signature, value: "s3cr3t too" }),
        detailedDiff,
      });
      const secret = (value: string) => ({ inputs: { apiVersion: "v1", kind: "Secret", data: { A: value } } });
      steps.push({
        op: "update",
        urn: "urn:pulumi:local::slipway::kubernetes:core/v1:Secret::s",
        oldState: secret("s3cr3t"),
        newState: secret("s3cr3t2"),
        detailedDiff: { "data.A": { kind: "update" } },
      });
    });
    const plan = readPlan(text, local);
    expect(JSON.stringify(plan) + JSON.stringify(classify(plan))).not.toContain("s3cr3t");
    expect(told(plan).find(([, kind]) => kind === "Ingress")?.[4]).toEqual([
      "how it is reached from outside: spec.host, [secret] → [secret]",
    ]);
  });
});

describe("the gate", () => {
  const today = new Date("2026-11-21T12:00:00Z");
  const verdict = (file: string, settings = {}) => judge(classify(planOf(file)), settings, today);
  const change = verdict("drop-volume.json").change!;
  const approval: Approval = { change, by: "ada", reason: "the cache is made anew", until: "2026-11-21" };

  test("lets through what is allowed without a word", () => {
    for (const file of ["base.json", "image.json", "scale.json", "host.json", "config.json", "selector.json"])
      expect(verdict(file)).toEqual({ open: true, refused: [] });
  });

  test("refuses data loss, replacements of cluster and network, and what is unclassified", () => {
    const of = (type: string, operation: Case["operation"]) => judge([classified({ type, operation })], {}, today).open;
    expect(verdict("drop-volume.json").open).toBe(false);
    expect([of("aws:eks/cluster:Cluster", "delete"), of("aws:lambda/function:Function", "create")]).toEqual([false, false]);
  });

  test("refuses what an environment does not allow, and lets through what it does", () => {
    expect(verdict("selector.json", { allow: ["rolling update"] }).refused.length).toBe(2);
    expect(verdict("drop-volume.json", { allow: ["data loss"] }).open).toBe(true);
  });

  test("opens for the change that somebody answers for, up to the last day, and for no other", () => {
    expect(change).toMatch(/^[0-9a-f]{12}$/);
    expect(verdict("drop-volume.json", { approvals: [approval] })).toMatchObject({ open: true, approval });
    expect(verdict("drop-volume.json", { approvals: [{ ...approval, until: "2026-11-20" }] }).open).toBe(false);
    expect(verdict("volume-class.json", { approvals: [approval] }).open).toBe(false);
  });

  test("says what opens it", () => {
    expect(gateText(verdict("drop-volume.json"), "prod")).toBe(
      `The gate is closed: data loss is not allowed in prod. Whoever answers for it adds to slipway:gate.approvals of stacks/Pulumi.prod.yaml: { change: ${change}, by: …, reason: …, until: … }`,
    );
    expect(gateText(verdict("drop-volume.json", { approvals: [approval] }), "prod")).toBe(
      "The gate is open: data loss, approved by ada until 2026-11-21: the cache is made anew",
    );
  });
});

describe("the report", () => {
  const reportOf = (plan: Plan) => {
    const impacts = classify(plan);
    return markdown({ plan, impacts, verdict: judge(impacts, {}, new Date("2026-11-21")) });
  };

  test("of a selector fits on a screen, and begins with the worst", () => {
    expect(reportOf(planOf("selector.json")).split("\n")).toEqual([
      "### local: 2 × restart with downtime, 10 unchanged",
      "",
      "🟢 The gate is open.",
      "",
      "| What it does | To | Why |",
      "| --- | --- | --- |",
      '| **restart with downtime** | replace `Deployment web` | spec.selector.matchLabels&#91;"app.kubernetes.io/name"&#93; changed: the Deployment is replaced, and all its pods with it |',
      '| **restart with downtime** | update `Service web` | spec.selector&#91;"app.kubernetes.io/name"&#93; changed: requests go to other pods at once, ready or not |',
      "",
    ]);
  });

  test("folds what nobody notices", () => {
    expect(reportOf(planOf("annotation.json"))).toContain("<details><summary>1 change that nobody notices</summary>");
    expect(headline({ plan: planOf("base.json"), impacts: [] })).toBe("12 unchanged");
  });

  test("has no HTML and no Markdown of names and values", () => {
    const name = '<img src=x onerror="alert(1)">|`x`\n# hi @all';
    const step = {
      ...stepOf({ type: "kubernetes:networking.k8s.io/v1:Ingress", operation: "update", path: "spec.host", values: ["a", name] }),
      name,
    };
    const text = reportOf({ ...none, steps: [step] });
    expect(text).not.toMatch(/<img|onerror="alert\(1\)">\||\n# hi|@all/);
    expect(text.split("\n").length).toBe(8);
  });
});
