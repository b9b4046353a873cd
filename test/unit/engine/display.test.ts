import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import type { ResourceState } from "../../../engine/state/checkpoint.ts";
import { Display } from "../../../engine/display.ts";
import { secret } from "../../../lib/values.ts";

let out: string;
let display: Display;
beforeEach(() => {
  vi.useFakeTimers();
  out = "";
  const output = new Writable({
    write(chunk, _encoding, done) {
      out += stripVTControlCharacters(String(chunk));
      done();
    },
  });
  display = new Display(output);
});
afterEach(() => void vi.useRealTimers());

const type = "docker:index/container:Container";
const resource = (inputs: object): ResourceState => ({
  urn: `urn:pulumi:test::project::${type}::web`,
  type,
  custom: true,
  dependencies: [],
  inputs: inputs as ResourceState["inputs"],
  outputs: {},
});

test("a step prints a line when it is done, and every five seconds before what it waits for", async () => {
  const work = display.step("create", "Container web", async (progress) => {
    await new Promise((wake) => setTimeout(wake, 6000));
    progress("the image");
    await new Promise((wake) => setTimeout(wake, 6500));
    return "created";
  });
  await vi.runAllTimersAsync();
  expect(await work).toBe("created");
  expect(out).toBe(
    [
      "… Container web  creating (5.0 s)",
      "… Container web  creating, waiting for the image (10.0 s)",
      "+ Container web  created (12.5 s)",
      "",
    ].join("\n"),
  );
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  ["update", "~ web  updated (0.0 s)\n"],
  ["replace", "± web  replaced (0.0 s)\n"],
  ["delete", "- web  deleted (0.0 s)\n"],
] as const)("the operation %s has its own mark and words", async (operation, line) => {
  await display.step(operation, "web", async () => undefined);
  expect(out).toBe(line);
});

test("a step that fails is neither printed nor counted", async () => {
  await expect(display.step("create", "web", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  display.summary(false);
  expect(out).toBe("nothing to do (0.0 s)\n");
  expect(vi.getTimerCount()).toBe(0);
});

test("a planned change is printed with the values before and after, cut and with secrets masked", () => {
  const before = resource({ image: "web:1", password: secret({ value: "old" }), gone: 1, long: "a".repeat(200) });
  const after = resource({ image: "web:2", password: secret({ value: "new" }), long: "b".repeat(200) });
  display.planned("update", after, before);
  const cut = (letter: string) => `"${letter.repeat(119)}`;
  expect(out).toBe(
    [
      "~ docker:Container web  to update",
      '      image: "web:1" → "web:2"',
      '      password: "[secret]" → "[secret]"',
      "      gone: 1 → nothing",
      `      long: ${cut("a")} → ${cut("b")}`,
      "",
    ].join("\n"),
  );
});

test("a planned creation and deletion have no values, and an unchanged resource is only counted", () => {
  display.planned("create", resource({ image: "web:1" }));
  display.planned("delete", undefined, resource({ image: "web:1" }));
  display.planned("same", resource({ image: "web:1" }), resource({ image: "web:2" }));
  expect(out).toBe("+ docker:Container web  to create\n- docker:Container web  to delete\n");
});

test("a failure is printed with all its lines indented", () => {
  display.failed("docker:Container web", new Error("one\ntwo"));
  expect(out).toBe("✗ docker:Container web  one\n    two\n");
});

test("the summary counts each operation, in a fixed order", async () => {
  for (const operation of ["delete", "same", "create", "create", "replace", "update"] as const) display.planned(operation, resource({}));
  out = "";
  display.summary(true);
  expect(out).toBe("2 to create, 1 to update, 1 to replace, 1 to delete, 1 unchanged (0.0 s)\n");
  out = "";
  vi.advanceTimersByTime(1500);
  display.summary(false);
  expect(out).toBe("2 created, 1 updated, 1 replaced, 1 deleted, 1 unchanged (1.5 s)\n");
});
