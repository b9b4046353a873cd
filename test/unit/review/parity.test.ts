import type { Stack } from "../../../config/stack-file.ts";
import { formatParity, parityOf, type Disparity } from "../../../review/parity.ts";

const image = `registry.example/app@sha256:${"0".repeat(64)}`;
const stackWith = (web: object, name = "one", others: Record<string, string> = {}): Stack => ({
  project: "slipway",
  name,
  main: "index.ts",
  folder: `.slipway/${name}`,
  config: { "slipway:platform": "local", "slipway:services": JSON.stringify({ web: { image, ...web } }), ...others },
  secretKeys: [],
});

test("differences between stacks are listed by the setting that causes them", async () => {
  const found = await parityOf(
    stackWith({ replicas: 2, version: "1.0" }),
    stackWith({ replicas: 3, host: "web.localhost", version: "1.0" }, "two"),
  );
  expect(formatParity(found, "one", "two")).toBe(`parity of stacks "one" and "two": 4 resources differ
  slipway:services.web.replicas
      Deployment web  spec.replicas: 2 → 3
  slipway:services.web.host
      Ingress web  only in two
      Middleware web-retry  only in two
      NetworkPolicy web  spec.ingress[0]: not set → {"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"ku…`);
});

test("stacks with the same settings have no differences, whatever their names", async () => {
  const found = await parityOf(stackWith({ replicas: 2 }), stackWith({ replicas: 2 }, "two"));
  expect(formatParity(found, "one", "two")).toBe('parity of stacks "one" and "two": no differences');
});

test("stacks that extend defaults are compared with them, setting by setting", async () => {
  const extending = (stack: Stack): Stack => ({ ...stack, written: { "slipway:extends": "./not-read-again" } });
  const found = await parityOf(extending(stackWith({ replicas: 2 })), extending(stackWith({ replicas: 3 }, "two")));
  expect(formatParity(found, "one", "two")).toBe(`parity of stacks "one" and "two": 1 resource differs
  slipway:services.web.replicas
      Deployment web  spec.replicas: 2 → 3`);
});

test("settings that are only valid together are listed together", async () => {
  const found = await parityOf(stackWith({ replicas: 2 }), stackWith({ autoscaling: { maxReplicas: 4 } }, "two"));
  expect(formatParity(found, "one", "two")).toBe(`parity of stacks "one" and "two": 2 resources differ
  slipway:services.web.autoscaling with slipway:services.web.replicas
      Deployment web  spec.replicas: 2 → not set
      HorizontalPodAutoscaler web  only in two`);
});

test("a difference shared by four or more resources is listed once", () => {
  const all = ["a", "b", "c", "d"].map((name) => ({
    resource: `Subnet ${name}`,
    property: "tags.team",
    a: "x",
    b: "y",
    keys: ["slipway:eks.tags"],
  }));
  expect(formatParity(all, "one", "two").split("\n").slice(1)).toEqual(["  slipway:eks.tags", "      4 resources  tags.team: x → y"]);
  expect(formatParity(all.slice(1), "one", "two").split("\n").slice(2)).toEqual(
    ["b", "c", "d"].map((name) => `      Subnet ${name}  tags.team: x → y`),
  );
});

test("differences contain no secrets", async () => {
  const found = await parityOf(
    stackWith({ secretEnv: { TOKEN: "open sesame" } }),
    stackWith({ secretEnv: { TOKEN: "simsala bim" } }, "two"),
  );
  expect(JSON.stringify(found)).not.toMatch(/sesame|simsala/);
});

const servicesOf = (services: Record<string, object>) => ({
  "slipway:services": JSON.stringify(Object.fromEntries(Object.entries(services).map(([name, one]) => [name, { image, ...one }]))),
});
const own = (keys: string[]) => keys.map((key) => `slipway:services.${key}`);

test("a resource that only one stack has is one difference, whichever stack it is", async () => {
  const [kind, host] = [own(["web.kind"]), own(["web.host"])];
  const found = await parityOf(stackWith({ host: "a.org" }), stackWith({ host: "b.org", kind: "stateful" }, "two"));
  expect(found).toEqual([
    { resource: "Deployment web", property: "", a: "present", b: undefined, keys: kind },
    { resource: "Ingress web", property: "spec.rules[0].host", a: "a.org", b: "b.org", keys: host },
    { resource: "Service web-pods", property: "", a: undefined, b: "present", keys: kind },
    { resource: "StatefulSet web", property: "", a: undefined, b: "present", keys: kind },
  ]);
  expect(formatParity(found, "one", "two")).toBe(`parity of stacks "one" and "two": 4 resources differ
  slipway:services.web.kind
      Deployment web  only in one
      Service web-pods  only in two
      StatefulSet web  only in two
  slipway:services.web.host
      Ingress web  spec.rules[0].host: a.org → b.org`);
});

test("components and providers are no resources: they differ with what they create", async () => {
  const found = await parityOf(stackWith({}, "one", { "slipway:platform": "swarm" }), stackWith({}, "two"));
  expect(new Set(found.flatMap(({ keys }) => keys))).toEqual(new Set(["slipway:platform"]));
  const kinds = new Set(found.map(({ resource }) => resource.split(" ")[0]));
  expect(kinds).toContain("Namespace");
  expect([...kinds].filter((kind) => /^(WebService|SwarmService|GoImage|LocalCluster|SwarmHost|docker|kubernetes)$/.test(kind!))).toEqual(
    [],
  );
});

test("a setting that only the first stack has is a cause", async () => {
  const local = (settings: object) => ({ "slipway:local": JSON.stringify({ cluster: "own", ...settings }) });
  const found = await parityOf(stackWith({}, "one", local({ ports: { api: 7000 } })), stackWith({}, "two", local({})));
  expect(found.map(({ resource, property, a, keys }) => [resource, property, a, keys])).toEqual([
    ["Container slipway-one-node", "command[1]", "--https-listen-port=7000", ["slipway:local.ports"]],
    ["Container slipway-one-node", "ports[0].external", 7000, ["slipway:local.ports"]],
    ["Container slipway-one-node", "ports[0].internal", 7000, ["slipway:local.ports"]],
  ]);
});

test("a list is one setting, and several of its entries are one cause", async () => {
  const [a, b] = [stackWith({ args: ["a", "b"] }), stackWith({ args: ["c", "d"] }, "two")];
  const args = "spec.template.spec.containers[0].args";
  expect(await parityOf(a, b)).toEqual([
    { resource: "Deployment web", property: `${args}[0]`, a: "a", b: "c", keys: own(["web.args"]) },
    { resource: "Deployment web", property: `${args}[1]`, a: "b", b: "d", keys: own(["web.args"]) },
  ]);
  const routes = (path: string) => [
    { host: "a.org", path: "/" },
    { host: "a.org", path },
  ];
  expect(await parityOf(stackWith({ routes: routes("/a") }), stackWith({ routes: routes("/b") }, "two"))).toEqual([
    { resource: "Ingress web", property: "spec.rules[0].http.paths[1].path", a: "/a", b: "/b", keys: own(["web.routes"]) },
  ]);
});

test("a setting that changes a value, but not to that of the second stack, is no cause", async () => {
  const on = (env: object) => stackWith({ replicas: 1, env }, "one", { "slipway:platform": "docker" });
  const found = await parityOf(on({ A: "1" }), on({ A: "1", B: "2", C: "3" }));
  const of = (value: string) => found.filter(({ b }) => b === value).map(({ a, keys }) => [a, keys]);
  expect(of("B=2")).toEqual([[undefined, own(["web.env.B"])]]);
  expect(of("C=3")).toEqual([[undefined, []]]);
  expect(formatParity(found, "one", "two")).toMatch(/\n {2}a combination of settings\n {6}.*envs\[\d\]: not set → C=3/);
});

test("a difference remains with a setting if one below or above it remains", async () => {
  const on = (env: object, name = "one") => stackWith({ replicas: 1, env }, name);
  const causes = async (first: object, second: object) =>
    (await parityOf(on(first), on(second, "two"))).map(({ property, keys }) => [property.replace(/.*(?=env)/, ""), keys]);
  expect(await causes({ A: "1" }, { A: "1", B: "2", C: "3" })).toEqual([
    ["env[3]", own(["web.env.B"])],
    ["env[4]", []],
  ]);
  expect(await causes({ A: "1", B: "2" }, { A: "1", C: "3" })).toEqual([
    ["env[3].name", []],
    ["env[3].value", []],
  ]);
});

test("each pair of settings that is only valid together explains its own differences", async () => {
  const [replicas, autoscaling] = [{ replicas: 2 }, { autoscaling: { maxReplicas: 4 } }];
  const a = stackWith({}, "one", servicesOf({ web: { ...replicas, version: "1" }, api: replicas }));
  const b = stackWith({}, "two", servicesOf({ web: { ...autoscaling, version: "1", args: ["x"] }, api: autoscaling }));
  const found = (await parityOf(a, b)).map(({ resource, property, keys }) => [`${resource} ${property}`.trim(), keys]);
  const pair = (service: string) => [`slipway:services.${service}.autoscaling with slipway:services.${service}.replicas`];
  expect(found).toEqual([
    ["Deployment api spec.replicas", pair("api")],
    ["Deployment web spec.replicas", pair("web")],
    ["Deployment web spec.template.spec.containers[0].args", own(["web.args"])],
    ["HorizontalPodAutoscaler api", pair("api")],
    ["HorizontalPodAutoscaler web", pair("web")],
  ]);
});

test("two settings that are both invalid alone are listed together", async () => {
  const swapped = (web: string, api: string, name: string) => stackWith({}, name, servicesOf({ web: { host: web }, api: { host: api } }));
  const keys = ["slipway:services.web.host with slipway:services.api.host"];
  expect(await parityOf(swapped("a.org", "b.org", "one"), swapped("b.org", "a.org", "two"))).toEqual([
    { resource: "Ingress api", property: "spec.rules[0].host", a: "b.org", b: "a.org", keys },
    { resource: "Ingress web", property: "spec.rules[0].host", a: "a.org", b: "b.org", keys },
  ]);
});

test("differences of one resource, and resources that only one stack has, are counted and listed one by one", () => {
  const one = (resource: string, more: Partial<Disparity> = {}): Disparity => ({
    resource,
    property: "",
    a: undefined,
    b: "present",
    keys: ["x:y"],
    ...more,
  });
  const changed = { property: "spec", a: 1, b: undefined };
  expect(formatParity([one("Pod a", changed), one("Pod a", { ...changed, property: "kind" })], "one", "two")).toBe(
    `parity of stacks "one" and "two": 1 resource differs
  x:y
      Pod a  spec: 1 → not set
      Pod a  kind: 1 → not set`,
  );
  const four = ["a", "b", "c", "d"].map((name) => one(`Pod ${name}`, { keys: ["x:y", "x:z"] }));
  expect(formatParity(four, "one", "two")).toBe(`parity of stacks "one" and "two": 4 resources differ
  x:y, x:z
      Pod a  only in two
      Pod b  only in two
      Pod c  only in two
      Pod d  only in two`);
});

test("a difference that a setting explains alone is not explained again by a pair with it", async () => {
  const found = await parityOf(stackWith({}), stackWith({ expose: "gateway", gateway: { className: "traefik" }, host: "a.org" }, "two"));
  const pair = ["slipway:services.web.expose with slipway:services.web.host"];
  expect(found.map(({ resource, property, keys }) => [`${resource} ${property}`.trim(), keys])).toEqual([
    ["Gateway web-gateway", pair],
    ["HTTPRoute web", pair],
    ["NetworkPolicy web spec.ingress[0]", own(["web.host"])],
  ]);
});
