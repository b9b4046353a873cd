import { mkdirSync, symlinkSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { loadConfiguration } from "../../../config/load.ts";
import { platformOf, readStack } from "../../../config/stack-file.ts";
import { loadPlatform } from "../../../platforms/platform.ts";
import packageDescription from "../../../package.json" with { type: "json" };
import { DefaultsProject } from "./defaults-project.ts";

const passphrase = process.env["PULUMI_CONFIG_PASSPHRASE"];
const acme = "node_modules/@acme/slipway-defaults/slipway.yaml";

let project: DefaultsProject;
beforeEach(() => (project = new DefaultsProject()));
afterEach(() => {
  project[Symbol.dispose]();
  delete process.env["PULUMI_CONFIG_PASSPHRASE"];
  if (passphrase !== undefined) process.env["PULUMI_CONFIG_PASSPHRASE"] = passphrase;
});

/** The settings that commands read. */
function settings(): Record<string, unknown> {
  const entries = Object.entries(readStack("test").config).map(([key, text]) => [key, /^[[{]/.test(text) ? JSON.parse(text) : text]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** The configuration as the program loads it from the values that the SDK has: what the Pulumi CLI or the embedded engine passes. */
async function load(values: Record<string, string> = readStack("test").written!, secretKeys: string[] = []) {
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "slipway", "test");
  pulumi.runtime.setAllConfig(values, secretKeys);
  return loadConfiguration(loadPlatform);
}

/** The lines of the error of a configuration. */
async function problems(): Promise<string[]> {
  const error = await load().then(
    () => undefined,
    (failure: Error) => failure,
  );
  return error?.message.split("\n") ?? [];
}

const head = 'The configuration of stack "test" is invalid. In stacks/Pulumi.test.yaml:';

describe("merging", () => {
  test("the stack file's settings replace the defaults of an npm package, map by map", () => {
    project.package("@acme/slipway-defaults", {
      "slipway.yaml": `
defaults:
  services:
    "*":
      replicas: 2
      resources: { cpu: 100m, memory: 64Mi }
      routes: [{ host: a.example.org }, { host: b.example.org }]
  local:
    ports: { http: 9080, https: 9443 }`,
    });
    project.stack(`
slipway:extends: "@acme/slipway-defaults"
slipway:platform: local
slipway:local: { ports: { http: 7080 } }
slipway:services:
  web: { source: app, resources: { memory: 1Gi }, routes: [{ host: c.example.org }] }
  api: { source: api, replicas: 5 }`);
    const ab = [{ host: "a.example.org" }, { host: "b.example.org" }];
    expect(settings()).toEqual({
      "slipway:platform": "local",
      "slipway:local": { ports: { http: 7080, https: 9443 } },
      "slipway:services": {
        web: { source: "app", replicas: 2, resources: { cpu: "100m", memory: "1Gi" }, routes: [{ host: "c.example.org" }] },
        api: { source: "api", replicas: 5, resources: { cpu: "100m", memory: "64Mi" }, routes: ab },
      },
    });
  });

  test("without extends, nothing is merged, and the program gets the same", () => {
    project.stack("slipway:services: { web: { source: app, replicas: null } }");
    const { config, written } = readStack("test");
    expect(config).toEqual({ "slipway:services": '{"web":{"source":"app","replicas":null}}' });
    expect(written).toBeUndefined();
  });

  test("the defaults of * are for every service or job, a named one is added, and has both", () => {
    project.write(
      "platform/slipway.yaml",
      `
defaults:
  services:
    "*": { replicas: 2 }
    proxy: { image: proxy, port: 3128 }
    web: { replicas: 4 }
  jobs:
    "*": { retries: 3 }`,
    );
    project.stack(`
slipway:extends: ../platform
slipway:services: { web: { source: app }, api: { source: api } }
slipway:jobs: { migrate: { source: migrate } }`);
    expect(settings()).toEqual({
      "slipway:services": {
        proxy: { image: "proxy", port: 3128, replicas: 2 },
        web: { source: "app", replicas: 4 },
        api: { source: "api", replicas: 2 },
      },
      "slipway:jobs": { migrate: { source: "migrate", retries: 3 } },
    });
  });

  test("null removes a default, also a whole service", () => {
    project.write(
      "platform/slipway.yaml",
      'defaults: { services: { "*": { replicas: 2, resources: { cpu: 1, memory: 1Gi } }, proxy: { image: proxy } } }',
    );
    project.stack(`
slipway:extends: ../platform
slipway:services: { web: { source: app, replicas: null, resources: { cpu: null } }, proxy: null }`);
    expect(settings()).toEqual({ "slipway:services": { web: { source: "app", resources: { memory: "1Gi" } } } });
  });

  test("null without a default is rejected, as for a service that only * has", async () => {
    project.write("platform/slipway.yaml", 'defaults: { services: { "*": { replicas: 2 } } }');
    project.stack("slipway:extends: ../platform\nslipway:services: { web: { source: app, host: null }, api: null }");
    expect(await problems()).toEqual([
      head,
      "  - slipway:services.web.host: must be a string (got null).",
      "  - slipway:services.api: must be a map (got null).",
    ]);
  });

  test("a later reference replaces earlier ones, and a file replaces those that it extends, which count once", () => {
    project.write("base/slipway.yaml", 'defaults: { services: { "*": { replicas: 1, port: 1001, user: 1001 } } }');
    project.write("a/slipway.yaml", 'extends: ../base\ndefaults: { services: { "*": { replicas: 2, port: 1002 } } }');
    project.write("b/slipway.yaml", 'extends: [../base]\ndefaults: { services: { "*": { replicas: 3 } } }');
    project.stack("slipway:extends: [../a, ../b]\nslipway:services: { web: {} }");
    expect(settings()).toEqual({ "slipway:services": { web: { replicas: 3, port: 1002, user: 1001 } } });
  });

  test("null in a file of defaults removes what that file extends, and nothing otherwise", () => {
    project.write("base/slipway.yaml", 'defaults: { services: { "*": { replicas: 1 }, proxy: { image: proxy } } }');
    project.write("a/slipway.yaml", 'extends: ../base\ndefaults: { services: { "*": { replicas: null, user: null }, proxy: null } }');
    project.stack("slipway:extends: ../a\nslipway:services: { web: {} }");
    expect(settings()).toEqual({ "slipway:services": { web: {} } });
  });

  test("settings of a platform are only for stacks on it, and the platform may be a default", async () => {
    project.write(
      "platform/slipway.yaml",
      `
defaults:
  platform: docker
  eks: { logRetentionDays: 365 }
  docker: { ports: { http: 9080 } }
locks:
  - { path: eks.deletionProtection, value: true, reason: OPS-3 }
  - { path: docker.ports.https, value: 9443, reason: OPS-4 }`,
    );
    project.stack("slipway:extends: ../platform\nslipway:services: { web: { source: app } }");
    expect(settings()).toEqual({
      "slipway:platform": "docker",
      "slipway:docker": { ports: { http: 9080, https: 9443 } },
      "slipway:services": { web: { source: "app" } },
    });
    expect(platformOf(readStack("test"))).toBe("docker");
    const { platform, docker, eks } = await load();
    expect({ platform, docker, eks }).toEqual({
      platform: "docker",
      docker: { ports: { http: 9080, https: 9443, registry: 5001 } },
      eks: undefined,
    });
    project.stack("slipway:extends: ../platform\nslipway:platform: local\nslipway:services: { web: { source: app } }");
    expect(settings()).toEqual({ "slipway:platform": "local", "slipway:services": { web: { source: "app" } } });
  });

  test("a stack whose only setting is extends has the services of the defaults", async () => {
    project.write("platform/slipway.yaml", "defaults: { services: { web: { source: app } } }");
    project.stack("slipway:extends: ../platform");
    expect(Object.keys((await load()).services)).toEqual(["web"]);
    expect(settings()).toEqual({ "slipway:services": { web: { source: "app" } } });
  });
});

describe("references", () => {
  const found = () => JSON.parse(readStack("test").config["slipway:services"]!).web.port as number;
  const port = (value: number) => `defaults: { services: { "*": { port: ${value} } } }`;
  const stackWith = (reference: string) => project.stack(`slipway:extends: ${reference}\nslipway:services: { web: {} }`);

  test("a package is looked for in node_modules of the project and of the folders above it", () => {
    project.write("node_modules/defaults/slipway.yaml", port(1001));
    stackWith("defaults");
    expect(found()).toBe(1001);
    project.package("defaults", { "slipway.yaml": port(1002) });
    expect(found()).toBe(1002);
  });

  test("a package may have its file elsewhere, and further ones in its folders", () => {
    project.package(
      "@acme/slipway-defaults",
      { "config/all.yaml": port(1001), "eks/slipway.yaml": `extends: ..\n${port(1002)}` },
      { slipway: "config/all.yaml", exports: {} },
    );
    stackWith('"@acme/slipway-defaults"');
    expect(found()).toBe(1001);
    stackWith('"@acme/slipway-defaults/eks"');
    expect(found()).toBe(1002);
  });

  test("a reference may be a path to the file, and is relative to the folder of the file that has it", () => {
    project.write("platform/team/defaults.yaml", "extends: ../company");
    project.write("platform/company/slipway.yaml", "extends: inner");
    project.write("platform/company/node_modules/inner/slipway.yaml", port(1003));
    stackWith("../platform/team/defaults.yaml");
    expect(found()).toBe(1003);
    stackWith(`${project.root}/platform/company`);
    expect(found()).toBe(1003);
  });

  test("a linked package is where it is linked to", () => {
    project.write("platform/defaults/slipway.yaml", "extends: ../company");
    project.write("platform/company/slipway.yaml", port(1004));
    mkdirSync("node_modules");
    symlinkSync("../../platform/defaults", "node_modules/defaults");
    stackWith("defaults");
    expect(found()).toBe(1004);
    project.write("platform/company/slipway.yaml", "extends: ../defaults");
    expect(() => readStack("test")).toThrow(
      "../platform/company/slipway.yaml: extends: is a cycle: ../platform/defaults/slipway.yaml → ../platform/company/slipway.yaml → ../platform/defaults/slipway.yaml. Remove one of them.",
    );
  });

  const { version } = packageDescription;
  const files: [string, Record<string, string>, string, string][] = [
    [
      "a missing package",
      {},
      '"@acme/slipway-defaults"',
      'stacks/Pulumi.test.yaml: slipway:extends: the npm package "@acme/slipway-defaults" is not installed. Run npm install, correct its name, or start a directory with "./".',
    ],
    ["a missing directory", {}, "../platform", 'stacks/Pulumi.test.yaml: slipway:extends: "../platform" does not exist. Correct the path.'],
    [
      "a missing folder of a package",
      { "shop/node_modules/defaults/slipway.yaml": "" },
      "defaults/eks",
      'stacks/Pulumi.test.yaml: slipway:extends: "defaults/eks" does not exist. Correct the path.',
    ],
    [
      "a directory without the file",
      { "platform/README.md": "" },
      "../platform",
      'stacks/Pulumi.test.yaml: slipway:extends: "../platform" has no slipway.yaml. Correct the reference, or name the file in the field "slipway" of its package.json.',
    ],
    [
      "a file that the package names and does not have",
      { "platform/package.json": '{ "slipway": "config.yaml" }' },
      "../platform",
      'stacks/Pulumi.test.yaml: slipway:extends: "../platform" has no config.yaml. Correct the reference, or name the file in the field "slipway" of its package.json.',
    ],
    [
      "a package.json that is not JSON",
      { "platform/package.json": "{" },
      "../platform",
      'stacks/Pulumi.test.yaml: slipway:extends: package.json of "../platform": Flow map must end with a } at line 1, column 2:',
    ],
    [
      "a field slipway that is no path",
      { "platform/package.json": '{ "slipway": 5 }' },
      "../platform",
      'stacks/Pulumi.test.yaml: slipway:extends: the field "slipway" in package.json of "../platform" must be a path (got 5).',
    ],
    [
      "a reference that is no text",
      {},
      "5",
      "stacks/Pulumi.test.yaml: slipway:extends: must be an npm package, a directory, or a list of them (got 5).",
    ],
    [
      "a missing package of a file of defaults",
      { "platform/slipway.yaml": "extends: other" },
      "../platform",
      '../platform/slipway.yaml: extends: the npm package "other" is not installed. Run npm install, correct its name, or start a directory with "./".',
    ],
    [
      "no YAML",
      { "platform/slipway.yaml": "defaults: {}\nlocks: ]\n" },
      "../platform",
      '../platform/slipway.yaml: Unexpected flow-seq-end token in YAML stream: "]" at line 2, column 8:',
    ],
    [
      "a cycle",
      { "a/slipway.yaml": "extends: ../b", "b/slipway.yaml": "extends: ../c", "c/slipway.yaml": "extends: ../b" },
      "../a",
      "../c/slipway.yaml: extends: is a cycle: ../b/slipway.yaml → ../c/slipway.yaml → ../b/slipway.yaml. Remove one of them.",
    ],
    [
      "another version of Slipway, whatever else is in the file",
      { "platform/slipway.yaml": 'slipway: ">=99"\nnew: thing\n' },
      "../platform",
      `../platform/slipway.yaml: is for Slipway >=99, but this is Slipway ${version}. Install another version of one of them.`,
    ],
  ];
  test.each(files)("%s is one error that names the file", (_what, written, reference, message) => {
    for (const [path, content] of Object.entries(written)) project.write(path, content);
    stackWith(reference);
    expect(() => readStack("test")).toThrow(message);
  });

  test("a file for this version of Slipway is used", () => {
    project.write("platform/slipway.yaml", `slipway: ">=${version} <99"\n${port(1001)}`);
    stackWith("../platform");
    expect(found()).toBe(1001);
  });

  test("a file that is no map is rejected", () => {
    project.write("platform/slipway.yaml", "- defaults\n");
    stackWith("../platform");
    expect(() => readStack("test")).toThrow(
      'The file of defaults ../platform/slipway.yaml is invalid:\n  - must be a map (got ["defaults"]).',
    );
  });

  test("everything that is wrong with the shape of a file is reported at once", () => {
    project.write(
      "platform/slipway.yaml",
      `
extend: ../company
slipway: newest
defaults:
  extends: ../company
  services: { "*": { secretEnv: { TOKEN: { secure: v1:abc } } } }
locks:
  - { path: services.*.replicas, reason: "" }
  - { path: "extends[0]", value: x, reason: y }
  - { path: "...", value: x, reason: y }
  - { path: services.*.env, value: { TOKEN: { secure: v1:abc } }, reason: y }`,
    );
    stackWith("../platform");
    const noSecret = "is a secret, which only a stack file can have, because each stack has its own key. Set it there.";
    expect(() => readStack("test")).toThrow(
      [
        "The file of defaults ../platform/slipway.yaml is invalid:",
        '  - slipway: must be a range of versions such as ">=0.1.0" (got "newest").',
        '  - locks[0].reason: must not be empty (got "").',
        '  - extend: is unknown. Did you mean "extends"?',
        "  - defaults.extends: is not a default. Move it to the top of the file.",
        `  - defaults.services["*"].secretEnv.TOKEN: ${noSecret}`,
        "  - locks[0].value: is missing: it must be the value that the setting has.",
        "  - locks[1].path: must be a setting other than extends. Correct it.",
        "  - locks[2].path: must be a setting other than extends. Correct it.",
        `  - locks[3].value.TOKEN: ${noSecret}`,
      ].join("\n"),
    );
  });
});

describe("locks", () => {
  const locked = `
defaults:
  services: { "*": { security: { level: baseline } } }
locks:
  - { path: services.*.security.level, value: restricted, reason: "Policy SEC-12: no root" }
  - { path: "services.*.routes.*.path", value: /app, reason: "Policy WEB-1" }
  - { path: services.*.network, value: { isolated: true }, reason: "Policy NET-2" }`;

  test("a locked value is set where the stack leaves it open, above defaults, and at every part that * matches", async () => {
    project.package("@acme/slipway-defaults", { "slipway.yaml": locked });
    project.stack(`
slipway:extends: "@acme/slipway-defaults"
slipway:services:
  web: { source: app, routes: [{ host: a.example.org }, { host: b.example.org, path: /app }] }
  api: { source: api, security: { level: restricted }, network: { isolated: true } }
  db: { source: db, security: { level: null }, network: null, user: 5 }`);
    expect(await problems()).toEqual([]);
    expect(settings()).toEqual({
      "slipway:services": {
        web: {
          source: "app",
          security: { level: "restricted" },
          network: { isolated: true },
          routes: [
            { host: "a.example.org", path: "/app" },
            { host: "b.example.org", path: "/app" },
          ],
        },
        api: { source: "api", security: { level: "restricted" }, network: { isolated: true } },
        db: { source: "db", security: { level: "restricted" }, network: { isolated: true }, user: 5 },
      },
    });
  });

  test("a stack with other values is rejected, with the reason and the file of each lock, but commands can read it", async () => {
    project.package("@acme/slipway-defaults", { "slipway.yaml": locked });
    project.stack(`
slipway:extends: "@acme/slipway-defaults"
slipway:services:
  web: { source: app, security: { level: baseline }, network: { isolated: true, dnsAnywhere: true } }
  api: { source: api, security: high, replicas: 0 }`);
    expect(await problems()).toEqual([
      head,
      `  - slipway:services.web.security.level: must be "restricted" (got "baseline"). ${acme} locks it: "Policy SEC-12: no root". Remove it.`,
      `  - slipway:services.api.security.level: must be "restricted" (got "high"). ${acme} locks it: "Policy SEC-12: no root". Remove it.`,
      `  - slipway:services.web.network: must be {"isolated":true} (got {"isolated":true,"dnsAnywhere":true}). ${acme} locks it: "Policy NET-2". Remove it.`,
      "  - slipway:services.api.replicas: must be at least 1 (got 0).",
    ]);
    expect(settings()["slipway:services"]).toMatchObject({ web: { security: { level: "restricted" } } });
  });

  test("a file cannot loosen a lock of a file that it extends, neither by a default nor by a lock", async () => {
    project.write("company/slipway.yaml", 'locks: [{ path: services.*.security.level, value: restricted, reason: "SEC-12" }]');
    project.write("team/slipway.yaml", 'extends: ../company\ndefaults: { services: { "*": { security: { level: baseline } } } }');
    project.stack("slipway:extends: ../team\nslipway:services: { web: { source: app } }");
    expect(settings()["slipway:services"]).toEqual({ web: { source: "app", security: { level: "restricted" } } });
    expect(await problems()).toEqual([]);
    project.write(
      "team/slipway.yaml",
      `
extends: ../company
locks:
  - { path: services.web.security, value: { level: baseline }, reason: legacy }
  - { path: services.*.security.level, value: restricted, reason: the same }`,
    );
    expect(settings()["slipway:services"]).toEqual({ web: { source: "app", security: { level: "restricted" } } });
    expect(await problems()).toEqual([
      head,
      '  - slipway:services.web.security: has locks that contradict each other: "restricted" in ../company/slipway.yaml ("SEC-12") and {"level":"baseline"} in ../team/slipway.yaml ("legacy"). Remove the second one.',
    ]);
  });

  test.each([
    ["docker", "{ ports: { http: 1 } }", "docker.ports.http", "2", "docker.ports.http"],
    ["docker.ports.http", "2", "docker", "{ ports: { http: 1 } }", "docker"],
    ["docker.ports", "{ http: 1 }", "docker.ports.https", "2", "docker.ports.https"],
  ])("locks of %s and of a part of it must agree", async (first, value, second, other, at) => {
    const locks = `locks: [{ path: ${first}, value: ${value}, reason: a }, { path: ${second}, value: ${other}, reason: b }]`;
    project.write("company/slipway.yaml", locks);
    project.stack("slipway:extends: ../company\nslipway:platform: docker\nslipway:services: { web: { source: app } }");
    expect((await problems()).filter((line) => line.includes("contradict"))).toEqual([
      expect.stringMatching(new RegExp(`^  - slipway:${at}: has locks that contradict each other: `)),
    ]);
  });

  test("a stack that contradicts a lock of two files is told once, by the first one", async () => {
    const lock = (reason: string) => `locks: [{ path: services.*.replicas, value: 3, reason: ${reason} }]`;
    project.write("company/slipway.yaml", lock("OPS-1"));
    project.write("team/slipway.yaml", `extends: ../company\n${lock("OPS-2")}`);
    project.stack("slipway:extends: ../team\nslipway:services: { web: { source: app, replicas: 1 } }");
    expect(await problems()).toEqual([
      head,
      '  - slipway:services.web.replicas: must be 3 (got 1). ../company/slipway.yaml locks it: "OPS-1". Remove it.',
    ]);
  });

  test("a lock of a service that the stack does not have does nothing", () => {
    project.write("company/slipway.yaml", "locks: [{ path: services.db.replicas, value: 1, reason: OPS-9 }]");
    project.stack("slipway:extends: ../company\nslipway:services: { web: { source: app } }");
    expect(settings()).toEqual({ "slipway:services": { web: { source: "app" } } });
  });

  test("the platform can be locked", async () => {
    project.write(
      "platform/slipway.yaml",
      "locks: [{ path: platform, value: docker, reason: no clusters }]\ndefaults: { docker: { ports: { http: 9080 } } }",
    );
    project.stack("slipway:extends: ../platform\nslipway:services: { web: { source: app } }");
    expect(settings()).toMatchObject({ "slipway:platform": "docker", "slipway:docker": { ports: { http: 9080 } } });
    project.stack("slipway:extends: ../platform\nslipway:platform: local\nslipway:services: { web: { source: app } }");
    expect(await problems()).toEqual([
      head,
      '  - slipway:platform: must be "docker" (got "local"). ../platform/slipway.yaml locks it: "no clusters". Remove it.',
    ]);
  });
});

describe("checks", () => {
  test("a problem whose value is in a file of defaults names it with the line, and one in the stack does not", async () => {
    project.package("@acme/slipway-defaults", {
      "slipway.yaml": `defaults:
  services:
    "*":
      replicas: 0
      volumes:
        data:
          kind: emptyDir
          size: lots
          mountPath: /data
    proxy:
      source: app
      calls: [nobody]
locks:
  - path: services.*.resources.cpu
    value: fast
    reason: OPS-7`,
    });
    project.stack(
      'slipway:extends: "@acme/slipway-defaults"\nslipway:services: { web: { source: app, port: 0, volumes: { data: { size: few } } } }',
    );
    const size = (value: string) => `must be a Kubernetes quantity such as "64Mi" or "1Gi" (got "${value}").`;
    expect((await problems()).sort()).toEqual([
      `  - slipway:services.proxy.calls[0]: must be another service of the stack (got "nobody"). Other services: web. Default of ${acme}:12; null in the stack file removes it.`,
      `  - slipway:services.proxy.replicas: must be at least 1 (got 0). Default of ${acme}:4; null in the stack file removes it.`,
      `  - slipway:services.proxy.resources.cpu: must be a Kubernetes quantity such as "250m" or "2" (got "fast"). Locked in ${acme}:14.`,
      `  - slipway:services.proxy.volumes.data.size: ${size("lots")} Default of ${acme}:8; null in the stack file removes it.`,
      "  - slipway:services.web.port: must be between 1 and 65535 (got 0).",
      `  - slipway:services.web.replicas: must be at least 1 (got 0). Default of ${acme}:4; null in the stack file removes it.`,
      `  - slipway:services.web.resources.cpu: must be a Kubernetes quantity such as "250m" or "2" (got "fast"). Locked in ${acme}:14.`,
      `  - slipway:services.web.volumes.data.size: ${size("few")}`,
      head,
    ]);
  });

  test("a problem of a value that a file has by an alias names the line of the alias", async () => {
    project.write("platform/slipway.yaml", 'defaults:\n  jobs: { "*": &base { source: app, user: 0 } }\n  services:\n    "*": *base');
    project.stack("slipway:extends: ../platform\nslipway:services: { web: {} }");
    expect((await problems())[1]).toMatch(/^ {2}- slipway:services\.web\.user: .*\. Default of \.\.\/platform\/slipway\.yaml:4; null /);
  });

  test("an unknown setting that a lock names is rejected like one in the stack file, with the line of the lock", async () => {
    project.write("platform/slipway.yaml", "locks:\n  - { path: services.*.securty.level, value: restricted, reason: SEC-12 }");
    project.stack("slipway:extends: ../platform\nslipway:services: { web: { source: app } }");
    expect(await problems()).toEqual([
      head,
      '  - slipway:services.web.securty: is unknown. Did you mean "security"? Locked in ../platform/slipway.yaml:2.',
    ]);
  });

  test("a problem of a map that only parts are from defaults of names no file of defaults", async () => {
    project.write(
      "platform/slipway.yaml",
      `defaults: { services: { "*": { replicas: 2 }, proxy: { port: 3128 } } }
locks: [{ path: services.web.user, value: 5, reason: OPS-1 }]`,
    );
    project.stack("slipway:extends: ../platform\nslipway:services: { web: { port: 9000 } }");
    expect((await problems()).sort()).toEqual([
      "  - slipway:services.proxy: must have either source (to build) or image (existing). Default of ../platform/slipway.yaml:1; null in the stack file removes it.",
      "  - slipway:services.web: must have either source (to build) or image (existing).",
      head,
    ]);
  });

  test("a value of the stack that is secret is in no message about a lock, and stays secret", async () => {
    project.write(
      "platform/slipway.yaml",
      'defaults: { services: { "*": { replicas: 0 } } }\nlocks: [{ path: services.*.secretEnv.A, value: x, reason: r }]',
    );
    project.stack("slipway:extends: ../platform\nslipway:services: { web: { source: app, secretEnv: { A: { secure: v1 } } } }");
    const values = { "slipway:extends": "../platform", "slipway:services": '{"web":{"source":"app","secretEnv":{"A":"s3cret"}}}' };
    await expect(load(values, ["slipway:services"])).rejects.toThrow(
      [
        head,
        '  - slipway:services.web.secretEnv.A: must be "x" (got "[secret]"). ../platform/slipway.yaml locks it: "r". Remove it.',
        "  - slipway:services.web.replicas: must be at least 1 (got 0). Default of ../platform/slipway.yaml:1; null in the stack file removes it.",
      ].join("\n"),
    );
  });

  test("secrets of the stack file are decrypted and remain marked as secret", () => {
    project.write("platform/slipway.yaml", 'defaults: { services: { "*": { replicas: 2 } } }');
    // Written by the Pulumi CLI 3.270.0 with the passphrase `correct horse`.
    project.stack(
      `
slipway:extends: ../platform
slipway:services: { web: { token: { secure: "v1:WMJEJsGytIeZrmNN:WbOlN7h9x8wznWOaNulSxTCYOxs=" } } }`,
      "encryptionsalt: v1:s5zBesccnns=:v1:WO/N9v+64Jm9gbOz:4QyZNXmPYYJYiB+mIhCLJGuxcuMw+w==\n",
    );
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
    const { config, secretKeys } = readStack("test");
    expect(config).toEqual({ "slipway:services": '{"web":{"replicas":2,"token":"d33p"}}' });
    expect(secretKeys).toEqual(["slipway:services"]);
  });

  test("the program merges what the Pulumi CLI passes as commands merge what the stack file has", async () => {
    project.write("platform/slipway.yaml", 'defaults: { services: { "*": { replicas: 2 } }, gate: { refuse: [restart with downtime] } }');
    project.stack("slipway:extends: [../platform]\nslipway:services: { web: { source: app, port: 9000 } }");
    const { services, gate } = await load({
      "slipway:extends": '["../platform"]',
      "slipway:services": '{"web":{"source":"app","port":9000}}',
    });
    expect(services["web"]).toMatchObject({ source: "app", port: 9000, replicas: 2 });
    expect(gate.refuse).toEqual(["restart with downtime"]);
    expect(settings()).toEqual({
      "slipway:services": { web: { source: "app", port: 9000, replicas: 2 } },
      "slipway:gate": { refuse: ["restart with downtime"] },
    });
  });

  test("SLIPWAY_IMAGES replaces a source that defaults set", async () => {
    const image = `r/w@sha256:${"0".repeat(64)}`;
    project.write("platform/slipway.yaml", 'defaults: { services: { "*": { source: app } } }');
    project.stack("slipway:extends: ../platform\nslipway:services: { web: {} }");
    process.env["SLIPWAY_IMAGES"] = JSON.stringify({ web: image });
    try {
      const { source, image: used } = (await load()).services["web"]!;
      expect([source, used]).toEqual([undefined, image]);
    } finally {
      delete process.env["SLIPWAY_IMAGES"];
    }
  });
});
