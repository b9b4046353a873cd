import { differences, hasUnknown, plain, secret, unknown } from "../../../lib/values.ts";

test("plain removes secret marks, or replaces secrets by a mask", () => {
  const value = { a: secret({ value: { b: secret({ value: 1 }) } }), c: [secret({ value: "x" }), null] };
  expect(plain(value)).toEqual({ a: { b: 1 }, c: ["x", null] });
  expect(plain(value, "[secret]")).toEqual({ a: "[secret]", c: ["[secret]", null] });
});

test("hasUnknown finds unknown values at any depth", () => {
  expect(hasUnknown({ a: [{ b: unknown }] })).toBe(true);
  expect(hasUnknown(secret({ value: unknown }))).toBe(true);
  expect(hasUnknown({ a: ["known", null] })).toBe(false);
});

describe("differences", () => {
  const table: [string, unknown, unknown, [string, unknown, unknown][]][] = [
    ["equal values", { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
    ["a nested value", { a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }, [["a[1].b", 2, 3]]],
    [
      "added and removed keys",
      { a: 1 },
      { b: 2 },
      [
        ["a", 1, undefined],
        ["b", undefined, 2],
      ],
    ],
    ["the length of a list", { a: [1] }, { a: [1, 2] }, [["a[1]", undefined, 2]]],
    ["the type of a value", { a: { b: 1 } }, { a: null }, [["a", { b: 1 }, null]]],
    ["a secret that was none", { a: 1 }, { a: secret({ value: 1 }) }, [["a", 1, secret({ value: 1 })]]],
    ["a value that was secret", { a: secret({ value: 1 }) }, { a: 1 }, [["a", secret({ value: 1 }), 1]]],
    ["equal secrets", { a: secret({ value: 1 }) }, { a: secret({ value: 1 }) }, []],
  ];
  test.each(table)("%s", (_what, before, after, expected) => {
    expect(differences(before, after)).toEqual(expected.map(([path, b, a]) => ({ path, before: b, after: a })));
  });

  test("secrets differ as a whole and keep their marks", () => {
    const [before, after] = [secret({ value: { a: 1 } }), secret({ value: { a: 2 } })];
    expect(differences({ s: before }, { s: after })).toEqual([{ path: "s", before, after }]);
  });
});
