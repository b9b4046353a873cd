import { alignedWith } from "../../../engine/kubernetes/alignment.ts";
import { authorOf } from "../../../engine/kubernetes/managed-fields.ts";
import type { Manifest } from "../../../lib/kubernetes-client.ts";
import { parsePath } from "../../../lib/property-path.ts";
import { differences } from "../../../lib/values.ts";

const paths = (live: object, wanted: object) => differences(alignedWith(wanted, live), wanted).map(({ path }) => path);

test("an entry that was removed from a list leaves a hole, so that only it differs", () => {
  const entries = (...names: string[]) => ({ env: names.map((name) => ({ name, value: name.toLowerCase() })) });
  expect(paths(entries("A", "C"), entries("A", "B", "C"))).toEqual(["env[1]"]);
  expect(paths(entries("C", "A", "B"), entries("A", "B", "C"))).toEqual([]);
  expect(paths(entries("A", "B", "X"), entries("A", "B"))).toEqual(["env[2]"]);
});

test("lists without a key that identifies their entries are compared by position", () => {
  expect(paths({ args: ["a", "x"] }, { args: ["a", "b"] })).toEqual(["args[1]"]);
  const twice = { ports: [{ port: 80 }, { port: 80, protocol: "UDP" }] };
  expect(paths({ ports: [{ port: 80 }, { port: 80, protocol: "TCP" }] }, twice)).toEqual(["ports[1].protocol"]);
});

test("the author of a field is the manager that owns it, the last one other than Slipway", () => {
  const fields = (image: object) => ({ "f:spec": { "f:containers": { 'k:{"name":"web"}': { ".": {}, ...image } } } });
  const entry = (manager: string, time: string, fieldsV1: object) => ({ manager, operation: "Update", time, fieldsV1 });
  const managedFields = [
    entry("slipway", "2026-03-01T00:00:00Z", fields({ "f:image": {} })),
    entry("kubectl-set", "2026-01-01T00:00:00Z", fields({ "f:image": {} })),
    entry("kubectl-edit", "2026-02-01T00:00:00Z", fields({ "f:image": {}, "f:args": {} })),
    entry("other", "2026-04-01T00:00:00Z", { "f:metadata": { "f:labels": { "f:example.org/a": {} } } }),
  ];
  const object = {
    metadata: { name: "web", labels: { "example.org/a": "b" }, managedFields },
    spec: { containers: [undefined, { name: "web", image: "x", args: ["a"], env: [] }] },
  } as unknown as Manifest;
  const author = (path: string) => authorOf(object, parsePath(path));
  expect(author("spec.containers[1].image")).toEqual({ manager: "kubectl-edit", time: "2026-02-01T00:00:00Z" });
  expect(author("spec.containers[1].args[0]")).toEqual({ manager: "kubectl-edit", time: "2026-02-01T00:00:00Z" });
  expect(author('metadata.labels["example.org/a"]')).toEqual({ manager: "other", time: "2026-04-01T00:00:00Z" });
  // Nobody owns what was removed.
  expect(author("spec.containers[0].image")).toBeUndefined();
  expect(author("spec.replicas")).toBeUndefined();
});
