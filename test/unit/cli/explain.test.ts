import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { explain } from "../../../cli/explain/explain.ts";
import { formatExplained } from "../../../cli/explain/format.ts";
import { DefaultsProject } from "../config/defaults-project.ts";

const main = resolve("cli/main.ts");
const documentation = readFileSync("docs/DEFAULTS.md", "utf8");
const acme = "node_modules/@acme/slipway-defaults/slipway.yaml";

let project: DefaultsProject;
beforeEach(() => {
  project = new DefaultsProject();
  project.package("@acme/slipway-defaults", {
    "slipway.yaml": `extends: company
defaults:
  services:
    "*":
      replicas: 3
      env: { REGION: eu }
      routes: [{ host: x.example.org, path: /x }]
locks:
  - path: services.*.security.level
    value: restricted
    reason: "SEC-12: no root"
  - path: services.web.routes.*.path
    value: /app
    reason: WEB-1`,
  });
  project.package("company", { "slipway.yaml": 'defaults: { services: { "*": { replicas: 1 } }, local: { ports: { http: 9080 } } }' });
  project.stack(`
slipway:extends: "@acme/slipway-defaults"
slipway:services:
  web:
    source: app
    replicas: 5
    host: web.localhost
    calls: [api]
    secretEnv: { TOKEN: { secure: v1:abc } }
    env: { REGION: null }
    routes: [{ host: a.example.org }]
  api: { source: api, security: { level: baseline } }`);
});
afterEach(() => project[Symbol.dispose]());

/** What the command prints for a path. */
const shown = async (path?: string) => formatExplained(await explain("test", path)).split("\n");

test("without a path, all settings that do not have Slipway's own default are listed with their source", async () => {
  const rows = (await shown()).map((line) => line.split(/ {2,}/));
  const locked = `locked in ${acme}:9: SEC-12: no root`;
  const platform = "default of the platform local";
  expect(rows.sort()).toEqual(
    [
      ["extends", "@acme/slipway-defaults", "stacks/Pulumi.test.yaml:2"],
      ["local.ports.http", "9080", "default of node_modules/company/slipway.yaml:1"],
      ["services.api.env.REGION", "eu", `default of ${acme}:6`],
      ["services.api.ingressClassName", "traefik", platform],
      ["services.api.replicas", "3", `default of ${acme}:5`],
      ["services.api.routes", '[{"host":"x.example.org","path":"/x"}]', `default of ${acme}:7`],
      ["services.api.rollout.maxSurge", "100%", platform],
      ["services.api.rollout.minReadySeconds", "0", platform],
      ["services.api.security.level", "restricted", locked],
      ["services.api.shutdown.sleepSeconds", "5", platform],
      ["services.api.source", "api", "stacks/Pulumi.test.yaml:12"],
      ["services.web.calls", '["api"]', "stacks/Pulumi.test.yaml:8"],
      ["services.web.env", "{}", "stacks/Pulumi.test.yaml:10"],
      ["services.web.host", "web.localhost", "stacks/Pulumi.test.yaml:7"],
      ["services.web.ingressClassName", "traefik", platform],
      ["services.web.replicas", "5", "stacks/Pulumi.test.yaml:6"],
      ["services.web.routes", '[{"host":"a.example.org","path":"/app"}]', "stacks/Pulumi.test.yaml:11"],
      ["services.web.rollout.maxSurge", "100%", platform],
      ["services.web.rollout.minReadySeconds", "0", platform],
      ["services.web.secretEnv.TOKEN", "[secret]", "stacks/Pulumi.test.yaml:9"],
      ["services.web.security.level", "restricted", locked],
      ["services.web.shutdown.sleepSeconds", "5", platform],
      ["services.web.source", "app", "stacks/Pulumi.test.yaml:5"],
    ].sort(),
  );
});

describe("a setting", () => {
  const settings: [string, string, string[]][] = [
    [
      "of the stack file, with the defaults that it replaces",
      "services.web.replicas",
      [
        "services.web.replicas: 5",
        "  stacks/Pulumi.test.yaml:6",
        `  instead of 3, default of ${acme}:5`,
        "  instead of 1, default of node_modules/company/slipway.yaml:1",
      ],
    ],
    [
      "of a file of defaults, with the namespace in its path",
      "slipway:services.api.replicas",
      ["services.api.replicas: 3", `  default of ${acme}:5`, "  instead of 1, default of node_modules/company/slipway.yaml:1"],
    ],
    [
      "that is locked, with the value of the stack file that is an error",
      "services.api.security.level",
      [
        "services.api.security.level: restricted",
        `  locked in ${acme}:9: SEC-12: no root`,
        "  instead of baseline, stacks/Pulumi.test.yaml:12. This is an error: remove it",
      ],
    ],
    [
      "that null removes",
      "services.web.env.REGION",
      ["services.web.env.REGION is not set", "  removed in stacks/Pulumi.test.yaml:10", `  instead of eu, default of ${acme}:6`],
    ],
    [
      "with a default of the platform",
      "services.web.shutdown.sleepSeconds",
      ["services.web.shutdown.sleepSeconds: 5", "  default of the platform local"],
    ],
    ["with a default of Slipway", "services.web.port", ["services.web.port: 8080", "  default of Slipway"]],
    ["with a default in the schema", "local.ports.https", ["local.ports.https: 8443", "  default of Slipway"]],
    ["without a default", "services.web.autoscaling", ["services.web.autoscaling is not set (a fixed number of replicas)"]],
    ["that is a list", "services.web.calls", ['services.web.calls: ["api"]', "  stacks/Pulumi.test.yaml:8"]],
    ["that is an item", "services.web.calls[0]", ["services.web.calls[0]: api", "  stacks/Pulumi.test.yaml:8"]],
    [
      "that is locked in an item of a list",
      "services.web.routes[0].path",
      ["services.web.routes[0].path: /app", `  locked in ${acme}:12: WEB-1`],
    ],
    [
      "in an item of a list that replaces another list",
      "services.web.routes[0].host",
      ["services.web.routes[0].host: a.example.org", "  stacks/Pulumi.test.yaml:11"],
    ],
    ["that is secret", "services.web.secretEnv", ["services.web.secretEnv.TOKEN: [secret]", "  stacks/Pulumi.test.yaml:9"]],
    ["extends", "extends", ["extends: @acme/slipway-defaults", "  stacks/Pulumi.test.yaml:2"]],
    [
      "that has several, with the defaults of Slipway",
      "services.web.rollout",
      [
        "services.web.rollout.maxSurge                 100%  default of the platform local",
        "services.web.rollout.minReadySeconds          0     default of the platform local",
        "services.web.rollout.progressDeadlineSeconds  120   default of Slipway",
      ],
    ],
  ];
  test.each(settings)("%s", async (_what, path, lines) => {
    expect(await shown(path)).toEqual(lines);
  });

  test.each([
    ["services.web.hots", 'There is no setting "services.web.hots": services.web.hots is unknown. Did you mean "host"?'],
    ["", 'There is no setting "": it has no name.'],
    ["services.db.port", 'services: stack "test" has no "db". Known names: web, api.'],
    ["jobs.migrate", 'jobs: stack "test" has no "migrate". Known names: none.'],
  ])("%j that does not exist is an error", async (path, message) => {
    await expect(explain("test", path)).rejects.toThrow(message);
  });
});

test("a part of a locked map comes from the lock", async () => {
  project.write("platform/slipway.yaml", "locks:\n  - { path: services.*.network, value: { isolated: true }, reason: NET-2 }");
  project.stack("slipway:extends: ../platform\nslipway:services: { web: { source: app } }");
  expect(await shown("services.web.network.isolated")).toEqual([
    "services.web.network.isolated: true",
    "  locked in ../platform/slipway.yaml:2: NET-2",
  ]);
});

test("a value of Pulumi.yaml comes from there", async () => {
  project.write("shop/Pulumi.yaml", "name: slipway\nstackConfigDir: stacks\nconfig:\n  platform:\n    default: docker\n");
  expect(await shown("platform")).toEqual(["platform: docker", "  Pulumi.yaml:4"]);
});

test("a stack with values of a wrong shape is explained", async () => {
  project.stack('slipway:extends: "@acme/slipway-defaults"\nslipway:services: { web: { source: app, replicas: many } }');
  expect(await shown("services.web.replicas")).toEqual([
    "services.web.replicas: many",
    "  stacks/Pulumi.test.yaml:3",
    `  instead of 3, default of ${acme}:5`,
    "  instead of 1, default of node_modules/company/slipway.yaml:1",
  ]);
  expect(await shown("services.web.shutdown.sleepSeconds")).toEqual([
    "services.web.shutdown.sleepSeconds: 5",
    "  default of the platform local",
  ]);
  expect(await shown("local.ports.https")).toEqual(["local.ports.https: 8443", "  default of Slipway"]);
  project.stack("slipway:platform: moon\nslipway:services: []");
  expect(await shown()).toEqual(["platform  moon  stacks/Pulumi.test.yaml:2", "services  []    stacks/Pulumi.test.yaml:3"]);
});

test("the example in docs/DEFAULTS.md is what the command prints", async () => {
  const [stack, defaults] = [...documentation.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block]) => block!);
  project.write("shop/stacks/Pulumi.prod.yaml", stack!);
  project.package("@acme/slipway-defaults", { "slipway.yaml": defaults! });
  const examples = [...documentation.matchAll(/^\$ slipway config explain (\S+) --stack prod\n((?:.+\n)*)/gm)];
  expect(examples.map(([, path]) => path)).toEqual(["services.web.replicas", "services.report"]);
  for (const [, path, output] of examples) {
    const printed = formatExplained(await explain("prod", path));
    const lines = output!.split("\n").filter((line) => line !== "" && line !== "…" && line !== "```");
    expect(printed.split("\n").slice(0, lines.length)).toEqual(lines);
  }
});

test("slipway config explain prints JSON, and rejects an unknown command below config", () => {
  const slipway = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    });
    return { status, stdout, stderr };
  };
  const { status, stdout, stderr } = slipway("config", "explain", "services.api.security.level", "--stack", "test", "--json");
  expect([status, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toEqual({
    stack: "test",
    settings: [
      {
        path: "services.api.security.level",
        value: "restricted",
        from: { kind: "lock", file: acme, line: 9, reason: "SEC-12: no root" },
        insteadOf: [{ kind: "stack", file: "stacks/Pulumi.test.yaml", line: 12, value: "baseline", rejected: true }],
      },
    ],
  });
  expect(slipway("config", "explan")).toEqual({
    status: 2,
    stdout: "",
    stderr: "error: unknown command 'explan'\n(Did you mean explain?)\n",
  });
});
