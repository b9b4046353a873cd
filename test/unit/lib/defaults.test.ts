import { withDefaults } from "../../../lib/defaults.ts";

test("a missing or undefined value has its default; other values are kept", () => {
  expect(withDefaults({ a: 1, b: 2, c: 3 }, { a: undefined, b: 0, d: null })).toEqual({ a: 1, b: 0, c: 3, d: null });
  expect(withDefaults({ a: 1 }, undefined)).toEqual({ a: 1 });
});
