import { partsOf, stagesOf } from "../../../review/render/parts.ts";
import type { Registered } from "../../../review/render/registrations.ts";

const resource = (type: string, name: string, parent?: string, dependencies: string[] = []): Registered => ({
  urn: `${type}::${name}`,
  type,
  name,
  parent,
  inputs: {},
  dependencies,
});
const service = (name: string, ...dependencies: string[]) => [
  resource("slipway:index:WebService", name),
  resource("kubernetes:apps/v1:Deployment", name, `slipway:index:WebService::${name}`, dependencies),
];
const job = (name: string, ...dependencies: string[]) => [
  resource("slipway:index:Job", name),
  resource("kubernetes:batch/v1:Job", name, `slipway:index:Job::${name}`, dependencies),
];
const namespace = resource("kubernetes:core/v1:Namespace", "shop");
const deployment = (name: string) => `kubernetes:apps/v1:Deployment::${name}`;
const ran = (name: string) => `kubernetes:batch/v1:Job::${name}`;

test("services and jobs come behind what they depend on, and the stack's own objects first", () => {
  const parts = partsOf([
    namespace,
    ...service("api", deployment("db")),
    ...service("web", deployment("api"), ran("seed"), namespace.urn),
    ...service("db"),
    ...job("seed", deployment("db")),
  ]);
  expect(parts.map(({ kind, name, after }) => [kind, name, after])).toEqual([
    ["stack", "", []],
    ["services", "db", []],
    ["services", "api", ["db"]],
    ["jobs", "seed", ["db"]],
    ["services", "web", ["api", "seed"]],
  ]);
  expect([...stagesOf(parts).values()]).toEqual([0, 1, 2, 2, 3]);
  expect(parts[1]!.resources.map(({ type }) => type)).toEqual(["slipway:index:WebService", "kubernetes:apps/v1:Deployment"]);
});

test("a dependency through an object of the user's program counts, and objects that depend on services come last", () => {
  const file = resource("kubernetes:core/v1:ConfigMap", "file", undefined, [deployment("db")]);
  const parts = partsOf([namespace, file, ...service("db"), ...service("web", file.urn)]);
  expect(parts.map(({ kind, name, after }) => [kind, name, after])).toEqual([
    ["stack", "", []],
    ["services", "db", []],
    ["services", "web", ["db"]],
    ["rest", "", ["db"]],
  ]);
  expect([...stagesOf(parts).values()]).toEqual([0, 1, 2, 3]);
  expect(parts.at(-1)!.resources).toEqual([file]);
});

test("objects of a component in a service belong to the service", () => {
  const inner = resource("acme:index:Cache", "cache", "slipway:index:WebService::web");
  const object = resource("kubernetes:core/v1:ConfigMap", "cache", inner.urn);
  const [stack, web] = partsOf([...service("web"), inner, object]);
  expect([stack!.resources, web!.resources.slice(2)]).toEqual([[], [inner, object]]);
});
