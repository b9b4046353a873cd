import { UserError } from "../../../lib/user-error.ts";
import { readFileSync } from "node:fs";
import { readPreview } from "../../../review/preview/read.ts";
import { formatValue } from "../../../review/impact/rule.ts";
import { secret, unknown } from "../../../lib/values.ts";

const local = { project: "slipway", stack: "local" };
const read = (text: string) => readPreview(text, "p.json", local);
const fixture = (name: string) => readFileSync(`test/fixtures/previews/${name}`, "utf8");
const remedy = "Create a preview with: slipway preview --stack local --json";
const urn = (type: string, name: string) => `urn:pulumi:local::slipway::${type}::${name}`;

interface PlanStep {
  op: string;
  urn: string;
  oldState?: object;
  newState?: object;
  detailedDiff?: object;
  replaceReasons?: string[];
}
const plan = (steps: PlanStep[], more: object = {}) => JSON.stringify({ steps, changeSummary: {}, ...more });
const stack = { op: "same", urn: urn("pulumi:pulumi:Stack", "slipway-local") };

describe("an invalid preview is rejected:", () => {
  const lines = fixture("selector.events.jsonl").trimEnd().split("\n");
  const withoutUpdate = lines.filter((line) => !/"op":"update"/.test(line)).join("\n");
  const table: [string, string, string][] = [
    ["empty", " \n", `p.json: is empty. ${remedy}`],
    [
      "a truncated plan",
      fixture("image.json").slice(0, 5000),
      `p.json: line 1 is not JSON; the preview is truncated, or not a preview. ${remedy}`,
    ],
    ["other JSON", '{"hello": "world"}', `p.json: is not a preview (steps: Invalid input: expected array, received undefined). ${remedy}`],
    ["a list", "[1, 2]", `p.json: is not a preview (Invalid input: expected object, received array). ${remedy}`],
    ["a step without a URN", plan([{ op: "same", urn: "web" }]), `p.json: is not a preview (steps.0.urn: is not a URN). ${remedy}`],
    ["no steps", plan([]), `p.json: has no steps, not even one for the stack. ${remedy}`],
    [
      "events without a summary",
      lines.slice(0, -2).join("\n"),
      `p.json: has no summary; the preview is truncated, or not a preview. ${remedy}`,
    ],
    [
      "events truncated within a line",
      fixture("selector.events.jsonl").slice(0, 9000),
      `p.json: line 9 is not JSON; the preview is truncated, or not a preview. ${remedy}`,
    ],
    ["events without one of the steps", withoutUpdate, `p.json: is incomplete: it has 0 of the 1 steps "update" in its summary. ${remedy}`],
    [
      "a plan without some of the steps",
      plan([stack], { changeSummary: { delete: 2 } }),
      `p.json: is incomplete: it has 0 of the 2 steps "delete" in its summary. ${remedy}`,
    ],
  ];
  test.each(table)("%s", (_, text, message) => expect(() => read(text)).toThrow(new UserError(message)));
});

test("a preview of another stack or project is rejected", () => {
  const got = '(got stack "local" of project "slipway")';
  expect(() => readPreview(fixture("base.json"), "p.json", { ...local, stack: "prod" })).toThrow(
    new UserError(
      `p.json: must be a preview of stack "prod" of project "slipway" ${got}. Add --stack local, or create a preview of "prod".`,
    ),
  );
  expect(() => readPreview(fixture("base.json"), "p.json", { ...local, project: "shop" })).toThrow(
    new UserError(`p.json: must be a preview of stack "local" of project "shop" ${got}. Create a preview of "local".`),
  );
});

test("a failed preview is rejected with its errors, without secrets", () => {
  const failed = "p.json: the preview failed, so its impact is unknown:\n  - ";
  const withSecret = { ...stack, oldState: { inputs: { dbPassword: "hunter22" } } };
  const diagnostics = [
    { severity: "warning", message: "old" },
    { severity: "error", message: "login with hunter22 refused\nby the database\n" },
  ];
  expect(() => read(plan([withSecret], { diagnostics }))).toThrow(
    new UserError(`${failed}login with [secret] refused\n    by the database`),
  );
  const event = (content: object) => `${JSON.stringify({ sequence: 9, timestamp: 1, ...content })}\n`;
  const summary = event({ summaryEvent: { resourceChanges: {}, result: "failed" } });
  const started = event({ resourcePreEvent: { metadata: stack } });
  expect(() => read(started + event({ diagnosticEvent: { severity: "error", message: "no cluster" } }) + summary)).toThrow(
    new UserError(`${failed}no cluster`),
  );
  expect(() => read(started + event({ errorEvent: { error: "panic" } }))).toThrow(new UserError(`${failed}panic`));
  expect(() => read(started + event({ resOpFailedEvent: { metadata: { urn: urn("a:b:C", "web") } } }))).toThrow(
    new UserError(`${failed}web failed`),
  );
  expect(() => read(started + summary)).toThrow(new UserError(`${failed}its result is "failed"`));
});

test("the plan and the events of a preview have the same changes", () => {
  for (const name of ["image", "selector", "drop-volume"]) {
    const changed = (text: string) => read(text).steps.filter(({ operation }) => operation !== "same");
    const shown = (text: string) =>
      changed(text).map(({ urn, operation, changes, deletesFirst, custom }) => ({ urn, operation, changes, deletesFirst, custom }));
    const byUrn = (a: { urn: string }, b: { urn: string }) => (a.urn < b.urn ? -1 : 1);
    expect(shown(fixture(`${name}.events.jsonl`)).sort(byUrn)).toEqual(shown(fixture(`${name}.json`)).sort(byUrn));
  }
});

test("without a diff of the provider, the inputs are compared", () => {
  const type = "pulumi-nodejs:dynamic/slipway:RegistryPush";
  const [before, after] = [
    { tag: "a", "a.b": { c: 1 } },
    { tag: "b", "a.b": { c: 2 } },
  ];
  const step = {
    op: "replace",
    urn: urn(type, "web"),
    oldState: { custom: true, inputs: before },
    newState: { custom: true, inputs: after },
  };
  const [{ changes, custom } = { changes: undefined }] = read(plan([{ ...step, replaceReasons: ["tag"] }])).steps;
  expect(changes).toEqual([
    { path: ["tag"], replaces: true, before: "a", after: "b" },
    { path: ["a.b", "c"], replaces: false, before: 1, after: 2 },
  ]);
  expect(custom).toBe(true);
});

test("an unknown value is not secret, even if an unknown secret exists", () => {
  const inputs = { token: secret({ value: unknown }), image: unknown };
  const { after } = read(plan([{ op: "create", urn: urn("a:b:C", "it"), newState: { custom: true, inputs } }])).steps[0]!;
  expect(after).toEqual({ token: "[secret]", image: unknown });
  expect(formatValue(after.image)).toBe("(not known yet)");
});

describe("secrets are hidden:", () => {
  const inputsOf = (type: string, inputs: object, state: object = {}, others: PlanStep[] = []) =>
    read(plan([{ op: "create", urn: urn(type, "it"), newState: { custom: true, inputs, ...state } }, ...others])).steps[0]!.after;

  test("those that are marked, even if their plaintext is in the preview", () => {
    expect(
      inputsOf("a:b:C", { a: secret({ value: "open sesame" }), b: secret({ plaintext: '"simsala"' }), c: "say simsala or open sesame" }),
    ).toEqual({
      a: "[secret]",
      b: "[secret]",
      c: "say [secret] or [secret]",
    });
  });

  test("those in a Kubernetes Secret, also in plain text", () => {
    const data = { TOKEN: Buffer.from("open sesame").toString("base64") };
    const other = { op: "create", urn: urn("a:b:C", "other"), newState: { inputs: { greeting: "open sesame" } } };
    expect(inputsOf("kubernetes:core/v1:Secret", { data, stringData: { A: "simsala" }, note: "simsala" }, {}, [other])).toEqual({
      data: { TOKEN: "[secret]" },
      stringData: { A: "[secret]" },
      note: "[secret]",
    });
  });

  test("those that the resource declares secret", () => {
    expect(inputsOf("a:b:C", { login: "simsala" }, { additionalSecretOutputs: ["login"] })).toEqual({ login: "[secret]" });
  });

  test("those with a secret name, of properties and variables", () => {
    const env = [
      { name: "DB_PASSWORD", value: "hunter22" },
      { name: "LEVEL", value: "info" },
      { name: "TOKEN", valueFrom: { secretKeyRef: { name: "web", key: "TOKEN" } } },
    ];
    expect(inputsOf("a:b:C", { env, apiKey: "abcd", secretName: "web", automountServiceAccountToken: false })).toEqual({
      env: [
        { name: "DB_PASSWORD", value: "[secret]" },
        { name: "LEVEL", value: "info" },
        { name: "TOKEN", valueFrom: { secretKeyRef: { name: "web", key: "TOKEN" } } },
      ],
      apiKey: "[secret]",
      secretName: "web",
      automountServiceAccountToken: false,
    });
  });

  test("those with a known format, and AWS account ids", () => {
    const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    const texts = {
      url: "postgres://app:hunter22@db.example/app",
      header: `Bearer ${token}`,
      pem: "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n",
      arn: "arn:aws:iam::123456789012:role/x",
      github: "ghp_0123456789abcdef0123",
      image: `r.example/web@sha256:${"a".repeat(64)}`,
    };
    expect(inputsOf("a:b:C", texts)).toEqual({
      url: "postgres://app:[secret]@db.example/app",
      header: "Bearer [secret]",
      pem: "[secret]",
      arn: "arn:aws:iam::<account>:role/x",
      github: "[secret]",
      image: texts.image,
    });
  });

  test("a change of a secret is reported without its values", () => {
    const states = (value: string) => ({ custom: true, inputs: { a: secret({ value }) } });
    const step = { op: "update", urn: urn("a:b:C", "it"), oldState: states("one two"), newState: states("three four") };
    expect(read(plan([step])).steps[0]!.changes).toEqual([{ path: ["a"], replaces: false, before: "[secret]", after: "[secret]" }]);
    const { changes } = read(fixture("secret.json")).steps.find(({ operation }) => operation === "replace")!;
    expect(changes).toEqual([{ path: ["data", "TOKEN"], replaces: true, before: "[secret]", after: "[secret]" }]);
  });
});
