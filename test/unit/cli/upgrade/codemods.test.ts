import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { applyCodemods, codemods } from "../../../../cli/upgrade/codemods/index.ts";
import { StackText } from "../../../../cli/upgrade/stack-text.ts";
import { check } from "../../check.ts";

const image = `registry.example/web@sha256:${"1".repeat(64)}`;

/** Runs one codemod, or all. */
function run(text: string, id?: string, project = "shop") {
  const stack = { project, text: new StackText(text) };
  const { changes, todo } = applyCodemods(
    stack,
    "0.1.0",
    "0.1.0",
    codemods.filter((codemod) => id === undefined || codemod.id === id),
  );
  return { text: stack.text.text, changes: changes.map((change) => change.id), todo };
}

/** What Slipway says about a stack file. */
function problemsOf(text: string): Promise<string[]> {
  const { config } = parse(text) as { config: Record<string, unknown> };
  return check(Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace("slipway:", ""), value]))).then(
    ({ problems }) => problems,
  );
}

test("codemods have different names, and run in the order of their versions", () => {
  expect(new Set(codemods.map(({ id }) => id)).size).toBe(codemods.length);
  expect(codemods.every(({ since, description }) => /^\d+\.\d+\.\d+$/.test(since) && !/[.\n]$/.test(description))).toBe(true);
});

test("an upgrade runs the codemods from the old to the new version", () => {
  const ran: string[] = [];
  const versions = ["0.1.0", "0.2.0", "1.0.0", "1.1.0"];
  const all = versions.map((since) => ({ id: since, since, description: "", apply: () => (ran.push(since), [`todo of ${since}`]) }));
  const stack = { project: "shop", text: new StackText("config: {}\n") };
  expect(applyCodemods(stack, "0.2.0", "1.0.0", all)).toEqual({ changes: [], todo: ["todo of 0.2.0", "todo of 1.0.0"] });
  expect(ran).toEqual(["0.2.0", "1.0.0"]);
});

test.each(["dev", "docker", "local", "prod", "staging", "swarm"])("the stack file %s of this repository needs none", (name) => {
  const text = readFileSync(`stacks/Pulumi.${name}.yaml`, "utf8");
  expect(run(text, undefined, "slipway")).toEqual({ text, changes: [], todo: [] });
});

test("a second run changes nothing", () => {
  const before = "config:\n  services:\n    web: { image: a, builder: go, probes: { readiness: { tcp: true } } }\n  shop:platform: swarm\n";
  const first = run(before);
  expect(first.changes).toEqual(["settings-namespace", "probe-kind", "settings-without-effect"]);
  expect(run(first.text)).toEqual({ text: first.text, changes: [], todo: [] });
});

describe("the namespace of the settings", () => {
  const id = "settings-namespace";

  test("is slipway instead of the project, and other settings of the project stay", async () => {
    const before = `config:
  aws:region: eu-central-1
  shop:platform: local # here
  # what runs
  services:
    web: { image: "${image}", host: web.localhost }
  shop:owner: team-a
  "shop:gate": {}
encryptionsalt: v1:abc
`;
    const after = run(before, id);
    expect(after.todo).toEqual([]);
    expect(after.text).toBe(
      before
        .replace("shop:platform", "slipway:platform")
        .replace("  services", "  slipway:services")
        .replace('"shop:gate"', "slipway:gate"),
    );
    expect(await problemsOf(after.text.replace(/ {2}(aws|shop):.*\n/g, ""))).toEqual([]);
  });

  test("is left alone in a project without services of Slipway, and in one that is called slipway", () => {
    const own = "config:\n  shop:platform: ios\n";
    expect(run(own, id)).toEqual({ text: own, changes: [], todo: [] });
    const slipway = "config:\n  slipway:services: {}\n";
    expect(run(slipway, id, "slipway")).toEqual({ text: slipway, changes: [], todo: [] });
  });

  test("is left to the user if the file has a setting in both", () => {
    const both = "config:\n  shop:services: {}\n  slipway:services: {}\n";
    expect(run(both, id)).toEqual({
      text: both,
      changes: [],
      todo: ['config["shop:services"]: was a setting of Slipway, and the file also has slipway:services. Merge them, or remove one.'],
    });
  });
});

describe("probes", () => {
  const stack = (probes: string) =>
    `config:\n  slipway:services:\n    web:\n      image: "${image}"\n      host: web.localhost\n      probes:\n${probes.replaceAll(/^(?=.)/gm, "        ")}`;
  const probesAfter = async (probes: string) => {
    const { text, todo } = run(stack(probes), "probe-kind");
    expect(todo).toEqual([]);
    expect(await problemsOf(text)).toEqual([]);
    return text.slice(text.indexOf("probes:\n") + "probes:\n".length).replaceAll(/^ {8}/gm, "");
  };

  test("with tcp get the kind tcp", async () => {
    expect(await probesAfter("readiness: { tcp: true, periodSeconds: 4 } # often\nliveness:\n  tcp: true\n")).toBe(
      "kind: tcp\nreadiness: { periodSeconds: 4 } # often\n",
    );
  });

  test("with the same command get the kind exec", async () => {
    expect(await probesAfter("readiness: { command: [/app, check], timeoutSeconds: 3 }\nliveness: { command: [/app, check] }\n")).toBe(
      "kind: exec\ncommand: [/app, check]\nreadiness: { timeoutSeconds: 3 }\n",
    );
  });

  test("that were no TCP probes lose only the setting", async () => {
    expect(await probesAfter("readiness: { tcp: false, path: /ready }\n")).toBe("readiness: { path: /ready }\n");
  });

  test.each([
    "readiness: { tcp: true }\nliveness: { path: /live }\n",
    "readiness: { command: [a] }\nliveness: { command: [b] }\n",
    "kind: http\nreadiness: { tcp: true }\n",
    "readiness: { tcp: true, command: [a] }\n",
    "readiness: { tcp: true, path: /ready }\n",
  ])("of several kinds are left to the user: %j", (probes) => {
    expect(run(stack(probes), "probe-kind")).toEqual({
      text: stack(probes),
      changes: [],
      todo: [
        "slipway:services.web.probes: has probes with tcp or command, and one kind now holds for all of them. Set kind: tcp, or kind: exec with command, and remove them from the probes.",
      ],
    });
  });

  test("with a command in several lines are left to the user", () => {
    expect(run(stack("readiness:\n  command:\n    - /app\n    - check\n"), "probe-kind").todo).toEqual([
      "slipway:services.web.probes: has probes with command. Set kind: exec and command for all of them, and remove it from the probes.",
    ]);
  });

  test("as they are now stay", () => {
    const now = stack("kind: exec\ncommand: [/app, check]\nliveness: { periodSeconds: 4 }\n");
    expect(run(now, "probe-kind")).toEqual({ text: now, changes: [], todo: [] });
  });
});

describe("settings without an effect", () => {
  const stack = (platform: string, service: string) => `config:
  slipway:platform: ${platform}
  slipway:services:
    web:
      # of the service
      image: "${image}"
${service.replaceAll(/^(?=.)/gm, "      ")}`;

  test.each([
    ["local", "builder: go\nhost: a.localhost\n"],
    ["docker", "version: 1.2.3\nhost: a.localhost\n"],
    ["swarm", "shutdown:\n  sleepSeconds: 3\nhost: a.localhost\n"],
    ["local", "connectRetries: 3\ningressClassName: haproxy\nhost: a.localhost\nnetwork: { ingressController: { namespace: haproxy } }\n"],
    ["local", "connectRetries: 3\ningressClassName: nginx\nhost: a.localhost\n"],
  ])("are removed on %s, which rejects them: %j", async (platform, service) => {
    const before = stack(platform, service);
    expect(await problemsOf(before)).toHaveLength(1);
    const { text, changes, todo } = run(before, "settings-without-effect");
    expect([changes, todo]).toEqual([["settings-without-effect"], []]);
    expect(await problemsOf(text)).toEqual([]);
    expect(text).toContain("# of the service");
  });

  test.each([
    ["local", "version: 1.2.3\nhost: a.localhost\n"],
    ["docker", "shutdown: { sleepSeconds: 3 }\nhost: a.localhost\n"],
    ["local", "connectRetries: 3\nhost: a.localhost\n"],
    ["local", "connectRetries: 0\ningressClassName: nginx\nhost: a.localhost\n"],
  ])("with an effect stay on %s: %j", async (platform, service) => {
    const before = stack(platform, service);
    expect(await problemsOf(before)).toEqual([]);
    expect(run(before, "settings-without-effect")).toEqual({ text: before, changes: [], todo: [] });
  });

  test("are removed from jobs too", () => {
    const before = `config:\n  slipway:platform: docker\n  slipway:jobs:\n    seed: { image: a, builder: go, version: "1" }\n`;
    expect(run(before, "settings-without-effect").text).toBe(
      `config:\n  slipway:platform: docker\n  slipway:jobs:\n    seed: { image: a }\n`,
    );
  });

  test("is also the namespace of a Gateway that is created", () => {
    const before = stack("eks", "expose: gateway\nhost: a.example\ngateway: { className: traefik, namespace: x }\n");
    expect(run(before, "settings-without-effect").text).toBe(before.replace(", namespace: x", ""));
  });
});

describe("calls between services", () => {
  const stack = (worker: string) => `config:
  slipway:services:
    web: { source: . }
    worker:
      source: worker
${worker.replaceAll(/^(?=.)/gm, "      ")}`;
  const todo = (worker: string) => {
    const result = run(stack(worker), "declared-calls");
    expect([result.text, result.changes]).toEqual([stack(worker), []]);
    return result.todo;
  };

  test.each(["http://web:8080/x", "http://web", "redis://user:password@web:6379/0", "web:5432"])("are left to the user: %s", (value) => {
    expect(todo(`env: { UPSTREAM: "${value}" }\n`)).toEqual([
      'slipway:services.worker.env.UPSTREAM: names the service "web", and calls between services are blocked. If it calls it, set calls: ["web"].',
    ]);
  });

  test.each([
    "env: { UPSTREAM: http://web:8080 }\ncalls: [web]\n",
    "env: { UPSTREAM: http://web:8080 }\nnetwork: { isolated: false }\n",
    "env: { UPSTREAM: http://web:8080 }\nnetwork: { destinations: [{ service: web }] }\n",
    "env: { UPSTREAM: http://web.example/web, SELF: http://worker:8080, NAME: web }\n",
  ])("that are declared, or are none, need nothing: %j", (worker) => {
    expect(todo(worker)).toEqual([]);
  });
});
