import { UserError } from "../../../lib/user-error.ts";
import { readFileSync } from "node:fs";
import { readPreview } from "../../../review/preview/read.ts";
import { leaves, type Change } from "../../../review/preview/step.ts";
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
const events = (...contents: object[]) => contents.map((content) => JSON.stringify({ sequence: 9, timestamp: 1, ...content })).join("\n");
const stepsOf = (...steps: PlanStep[]) => read(plan(steps)).steps;

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
    ["nothing", "null", `p.json: is not a preview (Invalid input: expected object, received null). ${remedy}`],
    ["a number", "5", `p.json: is not a preview (Invalid input: expected object, received number). ${remedy}`],
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
      "a list as inputs",
      plan([{ ...stack, newState: { inputs: [1] } }]),
      `p.json: is not a preview (steps.0.newState.inputs: is not a map). ${remedy}`,
    ],
    [
      "a text as inputs",
      plan([{ ...stack, newState: { inputs: "a" } }]),
      `p.json: is not a preview (steps.0.newState.inputs: is not a map). ${remedy}`,
    ],
    ["only the first event", lines[0]!, `p.json: has no summary; the preview is truncated, or not a preview. ${remedy}`],
    [
      "an event of another kind",
      events({ resourcePreEvent: 1 }),
      `p.json: line 1 is not an event of a preview (resourcePreEvent: Invalid input: expected object, received number). ${remedy}`,
    ],
    [
      "an event that is a number",
      `${lines[0]}\n\n5`,
      `p.json: line 3 is not an event of a preview (Invalid input: expected object, received number). ${remedy}`,
    ],
    [
      "events without a step",
      events({ summaryEvent: { resourceChanges: {} } }),
      `p.json: has no steps, not even one for the stack. ${remedy}`,
    ],
    [
      "events without one of the unchanged resources",
      events({ resourcePreEvent: { metadata: stack } }, { summaryEvent: { resourceChanges: { same: 2 } } }),
      `p.json: is incomplete: it has 1 of the 2 steps "same" in its summary. ${remedy}`,
    ],
    ...["create", "update", "replace"].map((operation): [string, string, string] => [
      `a plan without the only ${operation}`,
      plan([stack], { changeSummary: { [operation]: 1 } }),
      `p.json: is incomplete: it has 0 of the 1 steps "${operation}" in its summary. ${remedy}`,
    ]),
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
  const event = (content: object) => `${events(content)}\n`;
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

test("errors have no secrets with signs that JSON escapes, nor those in maps", () => {
  const inputs = { a: secret({ plaintext: String.raw`"a \"b\"\nc\n"` }), b: secret({ plaintext: '{"password":"hunter22"}' }) };
  const diagnostics = [{ severity: "error", message: String.raw`hunter22, "a \"b\"\nc\n", ` + 'a "b"\nc\n' }];
  expect(() => read(plan([{ ...stack, oldState: { inputs } }], { diagnostics }))).toThrow(
    new UserError(
      String.raw`p.json: the preview failed, so its impact is unknown:` + "\n" + String.raw`  - [secret], "[secret]\n", [secret]`,
    ),
  );
});

test("a preview that failed early is reported with its errors, although it has no steps or too few", () => {
  const failed = "p.json: the preview failed, so its impact is unknown:\n  - no cluster";
  const diagnostics = [{ severity: "error", message: "no cluster" }];
  expect(() => read(plan([], { diagnostics }))).toThrow(new UserError(failed));
  expect(() => read(plan([stack], { diagnostics, changeSummary: { create: 1 } }))).toThrow(new UserError(failed));
  const [diagnosticEvent] = diagnostics;
  expect(() => read(events({ diagnosticEvent }, { errorEvent: { error: "panic" } }))).toThrow(new UserError(`${failed}\n  - panic`));
});

test("warnings are no errors, and unchanged resources may be missing from a plan", () => {
  const diagnostics = [{ severity: "warning", message: "old" }];
  expect(read(plan([stack], { diagnostics, changeSummary: { same: 9 } })).steps).toHaveLength(1);
});

test("blank lines between events are ignored, and a preview may have no result", () => {
  const text = events({ resourcePreEvent: { metadata: stack } }, { summaryEvent: { resourceChanges: { same: 1 } } });
  expect(read(`\n${text.replace("\n", "\n \t\n")}\n`).steps.map(({ urn }) => urn)).toEqual([stack.urn]);
});

test("every step of a replacement counts as the replacement in the summary", () => {
  const it = urn("a:b:C", "it");
  for (const op of ["create-replacement", "delete-replaced", "import-replacement"])
    expect(read(plan([{ op, urn: it }], { changeSummary: { replace: 1 } })).steps.map(({ operation }) => operation)).toEqual(["replace"]);
  const both = [
    { op: "create-replacement", urn: it },
    { op: "replace", urn: it },
  ];
  expect(() => read(plan(both, { changeSummary: { replace: 2 } }))).toThrow(
    new UserError(`p.json: is incomplete: it has 1 of the 2 steps "replace" in its summary. ${remedy}`),
  );
});

test("a step has the type, name and parent of its resource, and what protects it", () => {
  const child = `urn:pulumi:local::slipway::slipway:index:WebService$kubernetes:apps/v1:Deployment::web`;
  const state = { custom: true, parent: "p", protect: true, retainOnDelete: true };
  const common = { urn: child, type: "kubernetes:apps/v1:Deployment", name: "web", changes: [], deletesFirst: false };
  expect(stepsOf({ op: "delete", urn: child, oldState: { ...state, inputs: { a: 1 } } })).toStrictEqual([
    {
      ...common,
      operation: "delete",
      rawOperation: "delete",
      parent: "p",
      custom: true,
      before: { a: 1 },
      after: {},
      retained: true,
      protected: true,
    },
  ]);
  expect(stepsOf({ op: "create", urn: child, newState: { ...state, inputs: { a: 1 } } })).toStrictEqual([
    {
      ...common,
      operation: "create",
      rawOperation: "create",
      parent: "p",
      custom: true,
      before: {},
      after: { a: 1 },
      retained: false,
      protected: false,
    },
  ]);
  const bare = { ...common, parent: undefined, custom: false, before: {}, after: {}, retained: false, protected: false };
  expect(stepsOf({ op: "same", urn: child })).toStrictEqual([{ ...bare, operation: "same", rawOperation: "same" }]);
  expect(stepsOf({ op: "sing", urn: child, newState: { parent: "", inputs: null } })).toStrictEqual([
    { ...bare, operation: "unknown", rawOperation: "sing" },
  ]);
});

test("the state after the step has precedence over the one before", () => {
  const [oldState, newState] = [
    { custom: false, parent: "old" },
    { custom: true, parent: "new" },
  ];
  const [step] = stepsOf({ op: "update", urn: urn("a:b:C", "it"), oldState, newState });
  expect([step!.custom, step!.parent]).toEqual([true, "new"]);
});

describe("the steps of a replacement are one step:", () => {
  const it = urn("a:b:C", "it");
  const [oldState, newState] = [{ inputs: { a: 1 } }, { inputs: { a: 2 } }];
  const replace = { op: "replace", urn: it, oldState, newState };
  const create = { op: "create-replacement", urn: it, oldState, newState };
  const gone = { op: "delete-replaced", urn: it, oldState };
  const shown = (...steps: PlanStep[]) =>
    stepsOf(stack, ...steps)
      .slice(1)
      .map(({ operation, rawOperation, deletesFirst, after }) => [operation, rawOperation, deletesFirst, after]);

  test.each<[string, PlanStep[], unknown[]]>([
    ["create before delete", [create, replace, gone], ["replace", "replace", false, { a: 2 }]],
    ["delete before create", [gone, replace, create], ["replace", "replace", true, { a: 2 }]],
    ["without a step of its own", [gone, create], ["replace", "create-replacement", true, { a: 2 }]],
    ["only the deletion", [gone], ["replace", "delete-replaced", true, {}]],
    ["the old one already deleted", [{ ...replace, oldState: { pendingReplacement: true } }], ["replace", "replace", true, { a: 2 }]],
    ["without an old state", [{ op: "replace", urn: it, newState }], ["replace", "replace", false, { a: 2 }]],
  ])("%s", (_, steps, expected) => {
    expect(shown(...steps)).toEqual([expected]);
  });

  test("two resources are two steps", () => {
    expect(shown(replace, { ...replace, urn: urn("a:b:C", "other") })).toHaveLength(2);
  });

  test("only a replacement deletes first", () => {
    const pending = { pendingReplacement: true };
    expect(shown({ op: "delete", urn: it, oldState: pending })).toEqual([["delete", "delete", false, {}]]);
    expect(shown({ op: "update", urn: it, oldState: pending, newState })).toEqual([["update", "update", false, { a: 2 }]]);
  });
});

describe("the changes that the provider reports", () => {
  const it = urn("a:b:C", "it");
  const changesOf = (oldState: object | undefined, newState: object, kinds: Record<string, string>) =>
    stepsOf({
      op: "update",
      urn: it,
      oldState,
      newState,
      detailedDiff: Object.fromEntries(Object.entries(kinds).map(([path, kind]) => [path, { kind }])),
    })[0]!.changes;

  test("are those of the step, in either format", () => {
    const [oldState, newState] = [{ inputs: { a: 1, b: 1, c: 1 } }, { inputs: { a: 2, b: 2, c: 2 } }];
    const changes = [
      { path: ["a"], replaces: false, before: 1, after: 2 },
      { path: ["b"], replaces: true, before: 1, after: 2 },
    ];
    expect(changesOf(oldState, newState, { a: "update", b: "update-replace" })).toEqual(changes);
    const metadata = { op: "update", urn: it, old: oldState, new: newState };
    const detailedDiff = { a: { diffKind: "update" }, b: { diffKind: "update-replace" } };
    const readEvent = (more: object) =>
      read(events({ resourcePreEvent: { metadata: { ...metadata, ...more } } }, { summaryEvent: { resourceChanges: { update: 1 } } }))
        .steps[0]!;
    expect(readEvent({ detailedDiff }).changes).toEqual(changes);
    expect(readEvent({ detailedDiff: null, keys: ["c"] }).changes.map(({ path, replaces }) => [path, replaces])).toEqual([
      [["a"], false],
      [["b"], false],
      [["c"], true],
    ]);
  });

  test("include properties that only outputs have, without secrets", () => {
    const outputs = { arn: "arn:aws:iam::123456789012:role/x", password: "abc", status: { at: { token: "abc", port: 80 } } };
    const kinds = { arn: "update", password: "update", "status.at.token": "delete", "status.at.port": "delete" };
    const change = (path: string[], before: unknown) => ({ path, replaces: false, before, after: undefined });
    expect(changesOf({ inputs: {}, outputs }, { inputs: {} }, kinds)).toEqual([
      change(["arn"], "arn:aws:iam::<account>:role/x"),
      change(["password"], "[secret]"),
      change(["status", "at", "token"], "[secret]"),
      change(["status", "at", "port"], 80),
    ]);
    expect(changesOf(undefined, { inputs: { arn: "x" } }, { arn: "add" })).toEqual([{ ...change(["arn"], undefined), after: "x" }]);
    expect(changesOf({ outputs: null }, { inputs: { arn: "x" } }, { arn: "add" })).toEqual([{ ...change(["arn"], undefined), after: "x" }]);
  });

  test("include properties that only outputs have and that the resource declares secret, at any depth", () => {
    const outputs = { pin: 12, login: { code: "ab", "of-hunter22": secret({ plaintext: '"hunter22"' }) }, list: [{ password: ["abc"] }] };
    const oldState = { inputs: {}, outputs, additionalSecretOutputs: ["pin", "login"] };
    const kinds = { pin: "update", "login.code": "update", 'login["of-hunter22"]': "delete", "list[0].password[0]": "update" };
    const change = (path: (string | number)[]) => ({ path, replaces: false, before: "[secret]", after: undefined });
    expect(changesOf(oldState, { inputs: {} }, kinds)).toEqual([
      change(["pin"]),
      change(["login", "code"]),
      change(["login", "of-[secret]"]),
      change(["list", 0, "password", 0]),
    ]);
  });

  test("stay if only secrets in a map differ", () => {
    const inputs = (code: string) => ({ inputs: { login: { code } }, additionalSecretOutputs: ["login"] });
    const shown = { code: "[secret]" };
    expect(changesOf(inputs("ab"), inputs("cd"), { login: "update" })).toEqual([
      { path: ["login"], replaces: false, before: shown, after: shown },
    ]);
    const same = { inputs: { spec: { a: 1 } } };
    expect(changesOf(same, same, { spec: "update" })).toEqual([]);
  });

  test("have paths without secrets", () => {
    const inputs = (a: number) => ({ inputs: { token: "hunter22", users: { hunter22: a } } });
    const change = { path: ["users", "[secret]"], replaces: false, before: 1, after: 2 };
    expect(changesOf(inputs(1), inputs(2), { "users.hunter22": "update" })).toEqual([change]);
    expect(changesOf(inputs(1), inputs(2), { users: "update" })).toEqual([change]);
  });

  test("are not set where a value has another form", () => {
    const change = (path: (string | number)[], before: unknown, after: unknown) => ({ path, replaces: false, before, after });
    expect(changesOf({ inputs: { args: "serve" } }, { inputs: { args: ["serve"] } }, { "args[0]": "add" })).toEqual([
      change(["args", 0], undefined, "serve"),
    ]);
    expect(changesOf({ inputs: { spec: null } }, { inputs: { spec: { a: 1 } } }, { "spec.a": "add" })).toEqual([
      change(["spec", "a"], undefined, 1),
    ]);
    expect(changesOf({ inputs: { spec: { a: 1 } } }, { inputs: {} }, { "spec.a.b.c": "delete" })).toEqual([
      change(["spec", "a", "b", "c"], undefined, undefined),
    ]);
  });

  test("show nothing below a secret", () => {
    const inputs = (user: string) => ({ inputs: { login: secret({ value: { user } }) } });
    expect(changesOf(inputs("abc"), inputs("abd"), { "login.user": "update" })).toEqual([
      { path: ["login", "user"], replaces: false, before: "[secret]", after: "[secret]" },
    ]);
  });

  test("may be missing, with inputs before or after only", () => {
    expect(changesOf({ inputs: { a: 1 } }, {}, {})).toEqual([{ path: ["a"], replaces: false, before: 1, after: undefined }]);
    expect(changesOf({}, { inputs: { a: 1 } }, {})).toEqual([{ path: ["a"], replaces: false, before: undefined, after: 1 }]);
    expect(changesOf(undefined, { inputs: { a: 1 } }, {})).toEqual([{ path: ["a"], replaces: false, before: undefined, after: 1 }]);
    const [{ changes } = { changes: undefined }] = stepsOf({ op: "replace", urn: it, oldState: { inputs: { a: 1 } } });
    expect(changes).toEqual([{ path: ["a"], replaces: false, before: 1, after: undefined }]);
  });

  test("are reported only for updates and replacements", () => {
    const changed = { urn: it, oldState: { inputs: { a: 1 } }, newState: { inputs: { a: 2 } } };
    const numbers = ["update", "replace", "same", "refresh", "import"].map((op) => stepsOf({ op, ...changed })[0]!.changes.length);
    expect(numbers).toEqual([1, 1, 0, 0, 0]);
  });
});

describe("the change of a map is split into its entries", () => {
  const leaf = (path: string[], before: unknown, after: unknown) => ({ path, replaces: true, before, after });
  test.each<[string, unknown, unknown, Change[]]>([
    [
      "that differ, at any depth",
      { a: 1, b: { c: 1, d: 1 } },
      { a: 1, b: { c: 2, e: 1 } },
      [leaf(["m", "b", "c"], 1, 2), leaf(["m", "b", "d"], 1, undefined), leaf(["m", "b", "e"], undefined, 1)],
    ],
    ["if it is added", undefined, { a: 1 }, [leaf(["m", "a"], undefined, 1)]],
    ["if it is removed", { a: 1 }, undefined, [leaf(["m", "a"], 1, undefined)]],
    ["but not if it was null", null, { a: 1 }, [leaf(["m"], null, { a: 1 })]],
    ["but not if it becomes a text", { a: 1 }, "a", [leaf(["m"], { a: 1 }, "a")]],
    ["but not if it becomes a list", { a: 1 }, [1], [leaf(["m"], { a: 1 }, [1])]],
    ["but not if it is empty", undefined, {}, [leaf(["m"], undefined, {})]],
    ["but a list is not", [1], [2], [leaf(["m"], [1], [2])]],
  ])("%s", (_, before, after, expected) => {
    expect(leaves({ path: ["m"], replaces: true, before, after })).toEqual(expected);
  });
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
    const states = { oldState: { inputs: { pin: 12 }, additionalSecretOutputs: ["pin"] }, newState: { inputs: { pin: 34 } } };
    const [{ before, after, changes } = { before: {} }] = stepsOf({ op: "update", urn: urn("a:b:C", "it"), ...states });
    expect([before, after, changes]).toEqual([
      { pin: "[secret]" },
      { pin: "[secret]" },
      [{ path: ["pin"], replaces: false, before: "[secret]", after: "[secret]" }],
    ]);
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
