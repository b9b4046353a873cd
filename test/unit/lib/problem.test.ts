import { collect, formatProblem, ifKnown, prefixed, problemWithNumber, throwIfAny } from "../../../lib/problem.ts";
import { UserError } from "../../../lib/user-error.ts";

test("what a checker reports is collected with its path", () => {
  const problems = collect((report) => {
    report(["a", 0], "must be set");
    report(["b"], undefined);
    report(["c"], false);
    report([], "is empty");
  });
  expect(problems).toEqual([
    { path: ["a", 0], message: "must be set" },
    { path: [], message: "is empty" },
  ]);
});

test("a problem is one sentence that starts with its path", () => {
  expect(formatProblem({ path: ["a", 0], message: "must be set" })).toBe("a[0]: must be set.");
  expect(formatProblem({ path: [], message: "is empty" })).toBe("is empty.");
  for (const message of ["Set it.", "Why?", "waiting …"]) expect(formatProblem({ path: [], message })).toBe(message);
  expect(formatProblem({ path: [], message: "1.5 is odd" })).toBe("1.5 is odd.");
});

test("all problems are one error, and an empty list is no error", () => {
  throwIfAny([], "invalid");
  const problems = [{ path: ["a"], message: "must be set" }, "two\nlines"];
  expect(() => throwIfAny(problems, "Invalid:")).toThrow(new UserError("Invalid:\n  - a: must be set.\n  - two\n    lines"));
});

test("a number is checked for its bounds, which are valid themselves", () => {
  for (const value of [1, 5, 10]) expect(problemWithNumber(value, 1, 10)).toBeUndefined();
  for (const value of [0, 11]) expect(problemWithNumber(value, 1, 10)).toBe(`must be between 1 and 10 (got ${value})`);
  expect(problemWithNumber(2 ** 31 - 1, 1)).toBeUndefined();
  expect(problemWithNumber(2 ** 31, 1)).toBe("must be at most 2147483647 (got 2147483648)");
  expect(problemWithNumber(0, 1)).toBe("must be at least 1 (got 0)");
  for (const value of [1.5, NaN]) expect(problemWithNumber(value, 1)).toBe(`must be a whole number (got ${value})`);
});

test("a value that is only known later is not checked", () => {
  expect(problemWithNumber(Promise.resolve(0), 1)).toBeUndefined();
  expect(ifKnown(Promise.resolve("a"), () => "wrong")).toBeUndefined();
  expect(ifKnown("a", (text) => `wrong: ${text}`)).toBe("wrong: a");
});

test("a message gets a prefix, if there is one", () => {
  expect(prefixed("a", "b")).toBe("a b");
  expect(prefixed("a", undefined)).toBeUndefined();
});
