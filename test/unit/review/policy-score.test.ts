import type { Stack } from "../../../config/stack-file.ts";
import { policySettings } from "../../../config/schema/policy.ts";
import { unknown, type Properties } from "../../../lib/values.ts";
import { errorsIn, formatScore, scoreOf } from "../../../review/policy/scorecard.ts";
import { scoreOfStack } from "../../../review/policy/stack-score.ts";
import { registrationsOf, type Registered } from "../../../review/render/registrations.ts";
import type { Step } from "../../../review/preview/step.ts";
import { resource } from "./policy-samples.ts";
import { stepOf } from "./preview-steps.ts";

const today = "2026-06-30";
const repository = (name: string, inputs: Properties = {}) => resource("aws:ecr/repository:Repository", inputs, { name });
const immutable = { imageTagMutability: "IMMUTABLE" };
const scanned = { imageScanningConfiguration: { scanOnPush: true } };
const encrypted = { encryptionConfigurations: [{ kmsKey: "k" }] };
const score = (resources: ReturnType<typeof resource>[], settings: object = {}) =>
  scoreOf(resources, policySettings.parse(settings), today);
const exceptionFor = (rule: string, more: object = {}) => ({ rule, resource: "Repository web", reason: "a mirror", until: today, ...more });

const scanReference = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html";

test("a finding names the rule, its severity, the resource, and how to fix it", () => {
  expect(score([repository("web", { ...immutable, ...encrypted })])).toEqual({
    points: 85,
    rules: 3,
    passed: 2,
    findings: [
      {
        rule: "scan-on-push",
        severity: "warning",
        resource: "Repository web",
        message: "does not scan images for vulnerabilities",
        remedy: "Set imageScanningConfiguration.scanOnPush: true.",
        reference: scanReference,
      },
    ],
    exceptions: [],
    problems: [],
    unusedExceptions: [],
  });
});

test("points are the weight of the passed rules: an error weighs as much as three warnings", () => {
  const points = (inputs: Properties, settings: object = {}) => score([repository("web", inputs)], settings).points;
  expect(points({ ...immutable, ...encrypted, ...scanned })).toBe(100);
  expect(points({ ...encrypted, ...scanned })).toBe(57);
  expect(points({ ...scanned })).toBe(14);
  expect(points({})).toBe(0);
  expect(points({ ...encrypted, ...scanned }, { severities: { "immutable-tags": "warning" } })).toBe(80);
});

test("a rule counts once, however many resources break it", () => {
  const { points, rules, passed, findings } = score([repository("a"), repository("b"), repository("c", immutable)]);
  expect([points, rules, passed]).toEqual([0, 3, 0]);
  expect(findings.map(({ rule, resource }) => `${rule} ${resource}`)).toEqual([
    "immutable-tags Repository a",
    "immutable-tags Repository b",
    ...["a", "b", "c"].map((name) => `encrypted-repository Repository ${name}`),
    ...["a", "b", "c"].map((name) => `scan-on-push Repository ${name}`),
  ]);
});

test("errors come before warnings, in the order of the rules", () => {
  const { findings } = score([repository("web")], { severities: { "immutable-tags": "warning", "encrypted-repository": "error" } });
  expect(findings.map(({ rule, severity }) => `${severity} ${rule}`)).toEqual([
    "error encrypted-repository",
    "warning immutable-tags",
    "warning scan-on-push",
  ]);
});

test("only errors are lines of the gate", () => {
  expect(errorsIn(score([repository("web", encrypted)]))).toEqual([
    "policy error: Repository web allows tags to be overwritten. Set imageTagMutability: IMMUTABLE. (immutable-tags)",
  ]);
  expect(errorsIn(score([repository("web", { ...encrypted, ...immutable })]))).toEqual([]);
});

describe("an exception", () => {
  const web = repository("web", { ...immutable, ...encrypted });
  const scan = exceptionFor("scan-on-push");
  const scored = (...exceptions: object[]) => {
    const { findings, exceptions: valid, problems, unusedExceptions } = score([web], { exceptions });
    return { findings: findings.map(({ rule }) => rule), valid, problems, unusedExceptions };
  };

  test("suppresses the finding of its rule and resource, and is used then", () => {
    expect(scored(scan)).toEqual({ findings: [], valid: [scan], problems: [], unusedExceptions: [] });
    const other = exceptionFor("key-rotation");
    expect(scored(other, scan)).toEqual({
      findings: [],
      valid: [scan],
      problems: [],
      unusedExceptions: ["slipway:policy.exceptions[0]: matches no finding (key-rotation, Repository web). Remove it."],
    });
  });

  test("of another rule does not apply", () => {
    expect(scored(exceptionFor("immutable-tags"))).toEqual({
      findings: ["scan-on-push"],
      valid: [],
      problems: [],
      unusedExceptions: ["slipway:policy.exceptions[0]: matches no finding (immutable-tags, Repository web). Remove it."],
    });
  });

  test("that expired is a problem, whether or not its finding remains", () => {
    const until = "2026-06-29";
    const fix = "Fix the finding, or extend the exception.";
    expect(scored({ ...scan, until }, exceptionFor("key-rotation", { until }))).toEqual({
      findings: ["scan-on-push"],
      valid: [],
      problems: [
        `slipway:policy.exceptions[0]: expired on 2026-06-29 (scan-on-push, Repository web). ${fix}`,
        `slipway:policy.exceptions[1]: expired on 2026-06-29 (key-rotation, Repository web). ${fix}`,
      ],
      unusedExceptions: [],
    });
  });

  describe("that was renewed by another one", () => {
    const expired = { ...scan, until: "2026-06-29" };
    const replaced = (i: number, resource = "Repository web") =>
      `slipway:policy.exceptions[${i}]: expired on 2026-06-29, and another exception replaces it (scan-on-push, ${resource}). Remove it.`;

    test.each([
      ["before", [expired, scan], 0],
      ["after", [scan, expired], 1],
    ])("no longer counts, if it is %s the other one", (_, exceptions, at) => {
      expect(scored(...exceptions)).toEqual({ findings: [], valid: [scan], problems: [], unusedExceptions: [replaced(at)] });
    });

    test("is listed beside it if neither matches a finding", () => {
      const resource = "Repository api";
      expect(scored({ ...expired, resource }, { ...scan, resource })).toEqual({
        findings: ["scan-on-push"],
        valid: [],
        problems: [],
        unusedExceptions: [
          replaced(0, resource),
          "slipway:policy.exceptions[1]: matches no finding (scan-on-push, Repository api). Remove it.",
        ],
      });
    });

    test("remains a problem if the other one is for another rule or resource, or expired too", () => {
      const others = [exceptionFor("key-rotation"), { ...scan, resource: "Repository api" }, { ...expired, until: "2026-01-31" }];
      const { findings, problems } = scored(expired, ...others);
      expect(findings).toEqual(["scan-on-push"]);
      expect(problems).toEqual([
        "slipway:policy.exceptions[0]: expired on 2026-06-29 (scan-on-push, Repository web). Fix the finding, or extend the exception.",
        "slipway:policy.exceptions[3]: expired on 2026-01-31 (scan-on-push, Repository web). Fix the finding, or extend the exception.",
      ]);
    });
  });

  test("with its finding raises the score like a passed rule", () => {
    const { points, rules, passed } = score([web], { exceptions: [scan] });
    expect([points, rules, passed]).toEqual([100, 3, 3]);
  });
});

test("the scorecard is printed with its findings, exceptions and problems", () => {
  const exceptions = [exceptionFor("immutable-tags"), exceptionFor("key-rotation", { until: "2026-01-31" }), exceptionFor("logs-end")];
  expect(formatScore(score([repository("web", encrypted)], { exceptions }), "prod")).toBe(
    `policy of stack "prod": 85 of 100 points, 2 of 3 rules passed
  warning  Repository web does not scan images for vulnerabilities
      Set imageScanningConfiguration.scanOnPush: true. (scan-on-push: ${scanReference})
  exception until 2026-06-30  Repository web: immutable-tags: a mirror
  ✗ slipway:policy.exceptions[1]: expired on 2026-01-31 (key-rotation, Repository web). Fix the finding, or extend the exception.
  slipway:policy.exceptions[2]: matches no finding (logs-end, Repository web). Remove it.`,
  );
  expect(formatScore(score([]), "empty")).toBe('policy of stack "empty": 100 of 100 points, 0 of 0 rules passed');
});

describe("the resources of a stack after an update", () => {
  const stack: Stack = {
    project: "slipway",
    name: "test",
    main: "index.ts",
    folder: ".slipway/test",
    config: {
      "slipway:platform": "local",
      "slipway:services": JSON.stringify({ web: { image: `registry.example/app@sha256:${"0".repeat(64)}` } }),
    },
    secretKeys: [],
  };
  let rendered: Registered[];
  let service: Registered;
  beforeAll(async () => {
    rendered = await registrationsOf(stack);
    service = rendered.find(({ type }) => type === "kubernetes:core/v1:Service")!;
  });

  const after = async (...steps: Step[]) => {
    const impacts = steps.map((step) => ({ step, impact: "nothing" as const, findings: [] }));
    return await scoreOfStack(stack, policySettings.parse({}), impacts, today);
  };
  const ofService = (operation: Step["operation"], inputs: Properties, more: Partial<Step> = {}) =>
    stepOf(service.type, operation, {}, inputs, { urn: service.urn, name: service.name, ...more });
  const open = { spec: { type: "NodePort" } };

  test("are those that the program registers, if the preview changes nothing", async () => {
    const { resources, score } = await after(ofService("same", open));
    expect(resources).toEqual(rendered);
    expect(score).toEqual(scoreOf(rendered, policySettings.parse({}), today));
  });

  test("do not follow the steps of components", async () => {
    const component = ofService("update", open, { custom: false });
    expect((await after(component, { ...component, operation: "delete" })).resources).toEqual(rendered);
  });

  test("lack the deleted ones", async () => {
    const { resources } = await after(ofService("delete", {}));
    expect(resources).toEqual(rendered.filter(({ urn }) => urn !== service.urn));
  });

  test("have the inputs of the preview, and are scored with them", async () => {
    const { resources, score } = await after(ofService("update", open, { parent: "urn:x" }));
    const { urn, type, name } = service;
    expect(resources.find((one) => one.urn === urn)).toEqual({ urn, type, name, parent: "urn:x", inputs: open });
    expect(score.findings.map(({ rule, resource }) => `${rule}: ${resource}`)).toEqual([`no-open-service: Service ${name}`]);
  });

  test("include new ones", async () => {
    const { resources } = await after(stepOf("aws:kms/key:Key", "create", {}, { enableKeyRotation: true }));
    expect(resources).toEqual([
      ...rendered,
      {
        urn: "urn:pulumi:test::slipway::aws:kms/key:Key::it",
        type: "aws:kms/key:Key",
        name: "it",
        parent: undefined,
        inputs: { enableKeyRotation: true },
      },
    ]);
  });

  test("have the program's values instead of those that the preview does not know", async () => {
    const { metadata, spec } = service.inputs;
    const { resources } = await after(
      ofService("update", {
        metadata: { name: unknown, labels: unknown, annotations: null },
        spec: {
          ports: [{ ...spec.ports[0], port: unknown }, unknown],
          selector: { future: unknown },
          future: { deep: unknown, list: [unknown] },
        },
      }),
    );
    expect(resources.find((one) => one.urn === service.urn)!.inputs).toEqual({
      metadata: { name: metadata.name, labels: metadata.labels, annotations: null },
      spec: { ports: [spec.ports[0], unknown], selector: { future: unknown }, future: { deep: unknown, list: [unknown] } },
    });
  });
});
