import { formatPath, isBelow, isMap, parsePath, valueAt, valuesAt, type Path } from "../../../lib/property-path.ts";

const forms: [string, Path][] = [
  ["services", ["services"]],
  ["services.web.port", ["services", "web", "port"]],
  ["routes[0].host", ["routes", 0, "host"]],
  ["routes[12][3]", ["routes", 12, 3]],
  ['labels["app.kubernetes.io/name"]', ["labels", "app.kubernetes.io/name"]],
  ['["a\\"b\\\\c"].d', ['a"b\\c', "d"]],
];

test.each(forms)("%s is written and read", (text, path) => {
  expect(formatPath(path)).toBe(text);
  expect(parsePath(text)).toEqual(path);
});

test("a path is at a pattern or below it", () => {
  expect(isBelow(["spec", "template", "spec"], "spec.template")).toBe(true);
  expect(isBelow(["spec", "template"], "spec.template")).toBe(true);
  expect(isBelow(["spec"], "spec.template")).toBe(false);
  expect(isBelow(["spec", "rules", 0, "host"], "spec.rules.*.host")).toBe(true);
  expect(isBelow(["spec", "rules", 0, "http"], "spec.rules.*.host")).toBe(false);
});

test("the value at a path, if there is one", () => {
  const value = { a: [{ b: null }, 2] };
  expect(valueAt(value, [])).toBe(value);
  expect(valueAt(value, ["a", 0, "b"])).toBeNull();
  expect(valueAt(value, ["a", 0, "b", "c"])).toBeUndefined();
  expect(valueAt(value, ["a", 1, "length"])).toBeUndefined();
  expect(valueAt("text", ["length"])).toBeUndefined();
});

test("the values at a pattern, each with its path", () => {
  const value = { a: [{ b: 1 }, { c: 2 }, null, "b"], d: { b: 3 } };
  expect(valuesAt(value, ["a", "*", "b"])).toEqual([{ path: ["a", 0, "b"], value: 1 }]);
  expect(valuesAt(value, ["*", "b"])).toEqual([{ path: ["d", "b"], value: 3 }]);
  expect(valuesAt(value, ["d"])).toEqual([{ path: ["d"], value: { b: 3 } }]);
  expect(valuesAt(value, ["no", "*"])).toEqual([]);
  expect(valuesAt("text", ["length"])).toEqual([]);
  expect(valuesAt(null, ["a"])).toEqual([]);
});

test("a map is neither a list, null nor a text", () => {
  expect([{}, [], null, "a", undefined].map(isMap)).toEqual([true, false, false, false, false]);
});
