import fc from "fast-check";
import { parse } from "yaml";
import { StackText } from "../../../../cli/upgrade/stack-text.ts";

const stackFile = `# head
config:
  # about the platform
  slipway:platform: 'local'   # here
  slipway:services:
    web: { host: a.example,  port: 80, tcp: true } # flow
    api:
      port: 8080 # the default

      # about the host
      host:  "b.example"
      text: |
        one
        two
      probes:
        readiness:
          path: /ready
    # the last one
    list:
      - name: a
        value: 1
      - { name: b }
# end
`;

/** The lines that an edit removes and adds. */
function edited(edit: (text: StackText) => void, before = stackFile): { removed: string[]; added: string[] } {
  const text = new StackText(before);
  edit(text);
  const [old, now] = [before.split("\n"), text.text.split("\n")];
  return { removed: old.filter((line) => !now.includes(line)), added: now.filter((line) => !old.includes(line)) };
}

const at = (...path: (string | number)[]) => ["config", "slipway:services", ...path];

describe("an edit of a stack file", () => {
  test("renames a key, and leaves its value and comments", () => {
    expect(edited((text) => text.rename(at("api", "host"), "domain"))).toEqual({
      removed: ['      host:  "b.example"'],
      added: ['      domain:  "b.example"'],
    });
    expect(edited((text) => text.rename(at("web", "port"), "number"))).toEqual({
      removed: ["    web: { host: a.example,  port: 80, tcp: true } # flow"],
      added: ["    web: { host: a.example,  number: 80, tcp: true } # flow"],
    });
  });

  test.each([
    ["the first key", at("web", "host"), "{ port: 80, tcp: true }"],
    ["a key between others", at("web", "port"), "{ host: a.example,  tcp: true }"],
    ["the last key", at("web", "tcp"), "{ host: a.example,  port: 80 }"],
  ])("removes %s of a map in one line", (_, path, value) => {
    const { added } = edited((text) => text.remove(path));
    expect(added).toEqual([`    web: ${value} # flow`]);
  });

  test("removes a line with the comment in it, and no other", () => {
    expect(edited((text) => text.remove(at("api", "port")))).toEqual({ removed: ["      port: 8080 # the default"], added: [] });
    expect(edited((text) => text.remove(at("api", "text")))).toEqual({
      removed: ["      text: |", "        one", "        two"],
      added: [],
    });
    expect(edited((text) => text.remove(at("api")))).toEqual({
      removed: stackFile
        .split("\n")
        .slice(6, 17)
        .filter((line) => line !== ""),
      added: [],
    });
  });

  test("removes a map that it empties, up to the keys that stay", () => {
    const path = at("api", "probes", "readiness", "path");
    expect(edited((text) => text.remove(path))).toEqual({
      removed: ["      probes:", "        readiness:", "          path: /ready"],
      added: [],
    });
    expect(edited((text) => text.remove(path, 5)).added).toEqual(["          {}"]);
  });

  test("removes keys of maps in lists", () => {
    expect(edited((text) => text.remove(at("list", 0, "name"))).added).toEqual(["      - value: 1"]);
    expect(edited((text) => text.remove(at("list", 0, "value")))).toEqual({ removed: ["        value: 1"], added: [] });
  });

  test("adds a key in front of the others", () => {
    expect(edited((text) => text.insert(at("api"), "kind", "tcp")).added).toEqual(["      kind: tcp"]);
    expect(edited((text) => text.insert(at("web"), "kind", "tcp")).added).toEqual([
      "    web: { kind: tcp, host: a.example,  port: 80, tcp: true } # flow",
    ]);
    expect(edited((text) => text.insert(at("list", 0), "kind", "tcp")).added).toEqual(["      - kind: tcp", "        name: a"]);
  });

  test("does nothing where there is nothing", () => {
    const nothing = { removed: [], added: [] };
    expect(edited((text) => text.remove(at("nowhere", "port")))).toEqual(nothing);
    expect(edited((text) => text.rename(at("web", "hosts"), "host"))).toEqual(nothing);
    expect(edited((text) => text.insert(at("api", "port"), "x", "1"))).toEqual(nothing);
  });

  test("keeps Windows line breaks, and a file without a last one", () => {
    const windows = "config:\r\n  a: 1 # one\r\n  b: 2";
    const text = new StackText(windows);
    text.remove(["config", "a"]);
    expect(text.text).toBe("config:\r\n  b: 2");
    text.insert(["config"], "c", "4");
    expect(text.text).toBe("config:\r\n  c: 4\r\n  b: 2");
  });

  test("reads aliases and merge keys, and says what is no YAML", () => {
    const text = new StackText("config:\n  a: &a { x: 1 }\n  b: *a\n  c:\n    <<: *a\n");
    expect([text.get(["config", "b"]), text.get(["config", "b", "x"]), text.keys(["config"])]).toEqual([{ x: 1 }, 1, ["a", "b", "c"]]);
    expect(text.problem).toBeUndefined();
    expect(new StackText("config: [").problem).toContain("Flow sequence");
  });

  test("of any key of any file removes only that key", () => {
    const key = fc.stringMatching(/^[a-z]{1,4}$/);
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.integer(),
        fc.constantFrom("text", "two\nlines\n", "# no comment", ""),
        fc.dictionary(key, tie("value"), { maxKeys: 3 }),
        fc.array(tie("value"), { maxLength: 3 }),
      ),
    })).value;
    const write = (data: unknown, flow: boolean, indent: string): string => {
      if (data === null || typeof data !== "object")
        return typeof data === "string" && data.endsWith("\n") && !flow ? `|\n${indent}  two\n${indent}  lines` : JSON.stringify(data);
      const entries = Object.entries(data);
      if (flow || entries.length === 0) return JSON.stringify(data);
      return entries
        .map(
          ([name, one]) =>
            `\n${indent}  # about ${name}\n${indent}${Array.isArray(data) ? "- " : `${name}: `}${Array.isArray(data) ? write(one, true, "") : write(one, false, `${indent}  `)}`,
        )
        .join("");
    };
    fc.assert(
      fc.property(fc.dictionary(key, value, { minKeys: 2, maxKeys: 4 }), fc.nat(), (data, n) => {
        const before = `config:${write(data, false, "  ")} # end\n`;
        fc.pre(JSON.stringify(parse(before)) === JSON.stringify({ config: data }));
        const name = Object.keys(data)[n % Object.keys(data).length]!;
        const text = new StackText(before);
        text.remove(["config", name]);
        const { [name]: _removed, ...rest } = data;
        expect(parse(text.text)).toEqual({ config: rest });
        const comments = (yaml: string) => yaml.split("\n").filter((line) => /^ {4}# about/.test(line));
        expect(comments(text.text)).toEqual(comments(before));
      }),
      { numRuns: Number(process.env["SLIPWAY_FUZZ_RUNS"] ?? 1000) },
    );
  });
});
