import { UserError } from "../../../lib/user-error.ts";
import { readFileSync } from "node:fs";
import { readPreview } from "../../../review/preview/read.ts";
import { show } from "../../../review/impact/impacts.ts";
import { secret, unknown } from "../../../lib/values.ts";

const local = { project: "slipway", stack: "local" };
const read = (text: string) => readPreview(text, "p.json", local);
const fixture = (name: string) => readFileSync(`test/fixtures/previews/${name}`, "utf8");
const make = "Make one with: pulumi preview --json";
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

describe("what is no preview is refused in one line:", () => {
  const lines = fixture("selector.events.jsonl").trimEnd().split("\n");
  const withoutUpdate = lines.filter((line) => !/"op":"update"/.test(line)).join("\n");
  const table: [string, string, string][] = [
    ["nothing", " \n", `p.json: is empty, and should be a preview. ${make}`],
    ["a plan that is cut off", fixture("image.json").slice(0, 5000), `p.json: line 1 is no JSON; it is cut off, or no preview. ${make}`],
    [
      "other JSON",
      '{"hello": "world"}',
      `p.json: is no preview of Pulumi: steps: Invalid input: expected array, received undefined. ${make}`,
    ],
    ["a list", "[1, 2]", `p.json: is no preview of Pulumi: the whole: Invalid input: expected object, received array. ${make}`],
    ["a step that is none", plan([{ op: "same", urn: "web" }]), `p.json: is no preview of Pulumi: steps.0.urn: is no URN. ${make}`],
    ["no steps", plan([]), `p.json: has no steps, and even a preview of nothing has the stack itself. ${make}`],
    ["a stream without its end", lines.slice(0, -2).join("\n"), `p.json: has no summary at its end: it is cut off, or no preview. ${make}`],
    [
      "a stream cut off in a line",
      fixture("selector.events.jsonl").slice(0, 9000),
      `p.json: line 9 is no JSON; it is cut off, or no preview. ${make}`,
    ],
    [
      "a stream without one of its steps",
      withoutUpdate,
      `p.json: says that it has 1 steps "update", and has 0: something is missing from it. ${make}`,
    ],
    [
      "a plan without one of its steps",
      plan([stack], { changeSummary: { delete: 2 } }),
      `p.json: says that it has 2 steps "delete", and has 0: something is missing from it. ${make}`,
    ],
  ];
  test.each(table)("%s", (_, text, message) => expect(() => read(text)).toThrow(new UserError(message)));
});

test("the preview of another stack or project is refused", () => {
  const message = (asked: typeof local) =>
    `p.json: is a preview of stack "local" of project "slipway", and should be of stack "${asked.stack}" of project "${asked.project}". Name its stack with STACK=…, or make another preview.`;
  for (const asked of [
    { ...local, stack: "prod" },
    { ...local, project: "shop" },
  ])
    expect(() => readPreview(fixture("base.json"), "p.json", asked)).toThrow(new UserError(message(asked)));
});

test("a preview that failed is refused with what it says, without the secrets in it", () => {
  const failed = "p.json: the preview failed, so it does not say what would happen:\n  - ";
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
  expect(() => read(started + summary)).toThrow(new UserError(`${failed}it ended as failed`));
});

test("the plan and the stream of events say the same", () => {
  for (const name of ["image", "selector", "drop-volume"]) {
    const changed = (text: string) => read(text).steps.filter(({ operation }) => operation !== "same");
    const shown = (text: string) =>
      changed(text).map(({ urn, operation, changes, deletesFirst, custom }) => ({ urn, operation, changes, deletesFirst, custom }));
    const byUrn = (a: { urn: string }, b: { urn: string }) => (a.urn < b.urn ? -1 : 1);
    expect(shown(fixture(`${name}.events.jsonl`)).sort(byUrn)).toEqual(shown(fixture(`${name}.json`)).sort(byUrn));
  }
});

test("of a provider that does not say what changed, the inputs are compared", () => {
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

test("what is not known yet is no secret, though a secret is not known yet either", () => {
  const inputs = { token: secret({ value: unknown }), image: unknown };
  const { after } = read(plan([{ op: "create", urn: urn("a:b:C", "it"), newState: { custom: true, inputs } }])).steps[0]!;
  expect(after).toEqual({ token: "[secret]", image: unknown });
  expect(show(after.image)).toBe("(not known yet)");
});

describe("secrets are hidden,", () => {
  const inputsOf = (type: string, inputs: object, state: object = {}, others: PlanStep[] = []) =>
    read(plan([{ op: "create", urn: urn(type, "it"), newState: { custom: true, inputs, ...state } }, ...others])).steps[0]!.after;

  test("those that are marked, even where the tool printed them", () => {
    expect(
      inputsOf("a:b:C", { a: secret({ value: "open sesame" }), b: secret({ plaintext: '"simsala"' }), c: "say simsala or open sesame" }),
    ).toEqual({
      a: "[secret]",
      b: "[secret]",
      c: "say [secret] or [secret]",
    });
  });

  test("those in a Secret of Kubernetes, decoded too", () => {
    const data = { TOKEN: Buffer.from("open sesame").toString("base64") };
    const other = { op: "create", urn: urn("a:b:C", "other"), newState: { inputs: { greeting: "open sesame" } } };
    expect(inputsOf("kubernetes:core/v1:Secret", { data, stringData: { A: "simsala" }, note: "simsala" }, {}, [other])).toEqual({
      data: { TOKEN: "[secret]" },
      stringData: { A: "[secret]" },
      note: "[secret]",
    });
  });

  test("those that a resource says are secret", () => {
    expect(inputsOf("a:b:C", { login: "simsala" }, { additionalSecretOutputs: ["login"] })).toEqual({ login: "[secret]" });
  });

  test("those that their names give away, of properties and of variables", () => {
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

  test("those that look it, and the numbers of accounts", () => {
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

  test("and a change of one is seen, but not its values", () => {
    const states = (value: string) => ({ custom: true, inputs: { a: secret({ value }) } });
    const step = { op: "update", urn: urn("a:b:C", "it"), oldState: states("one two"), newState: states("three four") };
    expect(read(plan([step])).steps[0]!.changes).toEqual([{ path: ["a"], replaces: false, before: "[secret]", after: "[secret]" }]);
    const { changes } = read(fixture("secret.json")).steps.find(({ operation }) => operation === "replace")!;
    expect(changes).toEqual([{ path: ["data", "TOKEN"], replaces: true, before: "[secret]", after: "[secret]" }]);
  });
});
