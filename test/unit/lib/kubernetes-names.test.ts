import { problemWithHost, problemWithName } from "../../../lib/kubernetes-names.ts";

describe("problemWithName", () => {
  test.each(["web", "a", "web-2", "a".repeat(63)])("accepts %s", (name) => {
    expect(problemWithName(name)).toBeUndefined();
  });

  test.each([
    ["Web", 'must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "Web")'],
    ["2web", 'must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "2web")'],
    ["web-", 'must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "web-")'],
    ["we_b", 'must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "we_b")'],
    ["", 'must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "")'],
    ["a".repeat(64), `must be at most 63 characters long (got "${"a".repeat(64)}")`],
  ])("rejects %s", (name, problem) => {
    expect(problemWithName(name)).toBe(problem);
  });
});

describe("problemWithHost", () => {
  test.each(["web.localhost", "a", "*.example.org", "x-1.y"])("accepts %s", (host) => {
    expect(problemWithHost(host)).toBeUndefined();
  });

  test.each(["http://web", "web:8080", "web/", "Web.localhost", "-a.b", "a..b", "*", "a.*.b"])("rejects %s", (host) => {
    expect(problemWithHost(host)).toBe(
      `must be a lower-case host name such as web.localhost, without scheme, port or path (got "${host}")`,
    );
  });
});
