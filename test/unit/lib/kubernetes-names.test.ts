import {
  dataKeyOf,
  problemWithDataKey,
  problemWithHost,
  problemWithKey,
  problemWithLabelValue,
  problemWithName,
  problemWithObjectName,
} from "../../../lib/kubernetes-names.ts";

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

  test("rejects IP addresses and names that are too long", () => {
    expect(problemWithHost("10.0.0.1")).toBe('must be a host name, not an IP address (got "10.0.0.1")');
    const label = "a".repeat(63);
    expect(problemWithHost(`${label}.org`)).toBeUndefined();
    expect(problemWithHost(`a${label}.org`)).toBe(`must have at most 63 characters between dots (got "a${label}.org")`);
    const longest = [label, label, label, "a".repeat(61)].join(".");
    expect(problemWithHost(longest)).toBeUndefined();
    expect(problemWithHost(`${longest}a`)).toBe("must be at most 253 characters long (got 254 characters)");
  });
});

test("the name of an object has at most 253 characters", () => {
  for (const name of ["a", "app-config.v2", "a".repeat(253)]) expect(problemWithObjectName(name)).toBeUndefined();
  for (const name of ["", "App", "-a", "a-", "a..b", "a_b", "a".repeat(254)])
    expect(problemWithObjectName(name)).toBe(
      `must be the name of a Kubernetes object: at most 253 lower-case letters, digits, "-" and "." (got "${name}")`,
    );
});

test("the key of a label has at most 63 characters, and may have a domain", () => {
  for (const key of ["team", "a", "A_b.c-d", "example.org/team", "a".repeat(63)]) expect(problemWithKey(key)).toBeUndefined();
  for (const key of ["", "example.org/", "/team", "Example.org/team", "a/b/c", "-a", "a-", "a".repeat(64), "a\nb"])
    expect(problemWithKey(key)).toBe(
      `must be at most 63 letters, digits and ".-_", with an optional domain in front, such as example.org/team (got "${key}")`,
    );
});

test("the value of a label may be empty", () => {
  for (const value of ["", "a", "A_b.c-d", "a".repeat(63)]) expect(problemWithLabelValue(value)).toBeUndefined();
  for (const value of ["-a", "a b", "a/b", "a".repeat(64)])
    expect(problemWithLabelValue(value)).toBe(`must be a valid label value: at most 63 letters, digits and ".-_" (got "${value}")`);
});

test("each path has its own key, of the characters that a key may have", () => {
  expect(dataKeyOf("/etc/app.json")).toBe("etc_2fapp.json");
  expect(dataKeyOf("/etc_2fapp.json")).toBe("etc_5f2fapp.json");
  expect(dataKeyOf("/ä\n")).toBe("_c3_a4_0a");
});

test("the key of a Secret", () => {
  for (const key of ["a", "A_b.c-d", ".a", "a..", "a".repeat(253)]) expect(problemWithDataKey(key)).toBeUndefined();
  for (const key of ["", ".", "..", "..a", "a/b", "a".repeat(254)])
    expect(problemWithDataKey(key)).toBe(`must be a key of a Secret: at most 253 letters, digits and ".-_" (got "${key}")`);
});
