import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { TrackedResources, withChanges, type StateChange } from "../../../engine/state/changes.ts";
import { Checkpoint, type ResourceState } from "../../../engine/state/checkpoint.ts";
import { FileStore } from "../../../engine/state/file-store.ts";
import { journalRecord, readJournal } from "../../../engine/state/journal.ts";
import { secret } from "../../../lib/values.ts";
import { readStack, type Stack } from "../../../config/stack-file.ts";

let folder: string;
let stack: Stack;
let before: string;
beforeEach(() => {
  before = process.cwd();
  folder = mkdtempSync(join(tmpdir(), "slipway-journal-"));
  process.chdir(folder);
  writeFileSync("Pulumi.yaml", "name: project\nruntime: nodejs\nstackConfigDir: stacks\n");
  mkdirSync("stacks");
  writeFileSync("stacks/Pulumi.test.yaml", "config: {}\n");
  stack = readStack("test");
  mkdirSync(stack.folder, { recursive: true });
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

const resource = (urn: string, value: unknown = 1): ResourceState => ({
  urn,
  type: "test:Thing",
  custom: true,
  id: urn,
  dependencies: [],
  inputs: { value },
  outputs: {},
});
const content = () => readFileSync(new FileStore(stack).file, "utf8");
const load = () => new FileStore(stack).load();
/** A state of `a`, and a journal with `b` and `c`. */
async function withJournal(): Promise<FileStore> {
  const store = new FileStore(stack);
  await store.save([resource("a")]);
  await store.append([{ set: resource("b", secret({ value: "s3cret" })) }], () => []);
  await store.append([{ set: resource("c") }], () => []);
  return store;
}
const urns = async () => (await load()).map(({ urn }) => urn);

describe("the journal of a state file", () => {
  test("has a record for each write, with encrypted secrets, in a file that only its owner can read", async () => {
    await withJournal();
    expect(content().match(/^\+\d+ [0-9a-f]{16} \[\{"set":/gm)).toHaveLength(2);
    expect(content()).not.toContain("s3cret");
    expect(statSync(new FileStore(stack).file).mode & 0o777).toBe(0o600);
    expect(await load()).toEqual([resource("a"), resource("b", secret({ value: "s3cret" })), resource("c")]);
  });

  test("is not valid JSON, so that an older Slipway refuses the file", async () => {
    await withJournal();
    expect(() => JSON.parse(content())).toThrow(SyntaxError);
  });

  test("ends when all is saved, and the previous file is as the last run left it", async () => {
    await (await withJournal()).save([resource("a", 2)]);
    expect((JSON.parse(content()) as { resources: ResourceState[] }).resources).toEqual([resource("a", 2)]);
    const next = new FileStore(stack);
    await next.load();
    await next.append([{ set: resource("a", 3) }], () => []);
    await next.append([{ set: resource("a", 4) }], () => []);
    expect(await next.loadPrevious()).toEqual([resource("a", 2)]);
    expect(await load()).toEqual([resource("a", 4)]);
  });

  test("of a run that was killed at any byte has all that was written before", async () => {
    const store = await withJournal();
    const whole = readFileSync(store.file);
    const text = whole.toString();
    const [first, second] = [text.indexOf("\n+") + 1, text.lastIndexOf("\n+") + 1];
    for (let size = first; size <= whole.length; size++) {
      writeFileSync(store.file, whole.subarray(0, size));
      const expected = size < second ? ["a"] : size < whole.length ? ["a", "b"] : ["a", "b", "c"];
      expect([size, await urns()]).toEqual([size, expected]);
    }
  });

  test("is replaced by the next run, so that nothing is appended to a torn record", async () => {
    const store = await withJournal();
    truncateSync(store.file, statSync(store.file).size - 5);
    const next = new FileStore(stack);
    const resources = await next.load();
    await next.append([{ set: resource("d") }], () => [...resources, resource("d")]);
    await next.append([{ set: resource("e") }], () => []);
    expect(await urns()).toEqual(["a", "b", "d", "e"]);
    expect(content().match(/^\+/gm)).toHaveLength(1);
  });

  test("may end with zeros, which a file system leaves where it had not yet written", async () => {
    const store = await withJournal();
    appendFileSync(store.file, `+12 0123456789abcdef ${"\0".repeat(12)}`);
    expect(await urns()).toEqual(["a", "b", "c"]);
    appendFileSync(store.file, "\n");
    expect(await urns()).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["a record in the middle", (text: string) => text.replace('"urn":"b"', '"urn":"x"'), 1],
    ["the last record", (text: string) => text.replace('"urn":"c"', '"urn":"x"'), 2],
    ["a line between records", (text: string) => text.replace(/\n\+(?=.*"urn":"c")/, "\nx\n+"), 2],
  ])("is an error if %s was changed", async (_what, change, record) => {
    const store = await withJournal();
    writeFileSync(store.file, change(content()));
    await expect(load()).rejects.toThrow(
      `${store.file}: cannot be read (record ${record} of the journal at its end is damaged). Nothing was changed.`,
    );
  });

  test("is written again with the state when it is longer, so that the file stays in proportion", async () => {
    const store = new FileStore(stack);
    const checkpoint = await Checkpoint.open(store);
    const big = "x".repeat(100_000);
    let largest = 0;
    for (let i = 0; i < 40; i++) {
      checkpoint.resources.set("a", resource("a", `${big}${i}`));
      await checkpoint.save();
      largest = Math.max(largest, statSync(store.file).size);
    }
    expect(await load()).toEqual([resource("a", `${big}39`)]);
    expect(largest).toBeGreaterThan(1_000_000);
    expect(largest).toBeLessThan(1_500_000);
  });
});

test("a state file of a newer version is an error", async () => {
  writeFileSync(new FileStore(stack).file, '{ "version": 2, "resources": [] }');
  await expect(load()).rejects.toThrow("its version is 2, and this Slipway reads 1. Upgrade Slipway");
});

test("a state file of an older Slipway is read, and written in the new form", async () => {
  const store = new FileStore(stack);
  writeFileSync(store.file, JSON.stringify({ version: 1, project: "project", stack: "test", resources: [resource("a")] }, null, 2));
  expect(await store.load()).toEqual([resource("a")]);
  await store.append([{ set: resource("b") }], () => [resource("a"), resource("b")]);
  expect([await urns(), content().includes("\n+")]).toEqual([["a", "b"], false]);
});

describe("a checkpoint", () => {
  test("writes a change that could not be appended with all others", async () => {
    const store = new FileStore(stack);
    const checkpoint = await Checkpoint.open(store);
    checkpoint.resources.set("a", resource("a"));
    await checkpoint.save();
    vi.spyOn(store, "append").mockRejectedValueOnce(new Error("no space left on device"));
    checkpoint.resources.set("b", resource("b"));
    await expect(checkpoint.save()).rejects.toThrow("no space left on device");
    checkpoint.resources.set("c", resource("c"));
    await checkpoint.save();
    expect(await urns()).toEqual(["a", "b", "c"]);
  });

  test("of a resource that is stored the same writes nothing", async () => {
    const store = new FileStore(stack);
    await store.save([resource("a")]);
    const checkpoint = await Checkpoint.open(store);
    checkpoint.resources.replace("a", resource("a"));
    const was = content();
    await checkpoint.save();
    expect(content()).toBe(was);
  });
});

/** Sets and deletions of few URNs, so that they meet. A number is a write of what has changed. */
const step = fc.oneof(
  fc.record({ urn: fc.constantFrom("a", "b", "c", "d", "e"), value: fc.oneof(fc.string(), fc.constant("\n+1 x"), fc.integer()) }),
  fc.record({ remove: fc.constantFrom("a", "b", "c", "d", "e") }),
  fc.constant("write" as const),
);
const runs = Number(process.env["SLIPWAY_FUZZ_RUNS"] ?? 1000);

test("the changes give the resources that the state has, in the same order", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "c")), fc.array(step, { maxLength: 40 }), (initial, steps) => {
      const resources = new TrackedResources([...new Set(initial)].map((urn) => resource(urn)));
      let stored = [...resources.values()];
      for (const one of steps) {
        if (one === "write") stored = withChanges(stored, resources.takeChanges());
        else if ("remove" in one) resources.delete(one.remove);
        else resources.set(one.urn, resource(one.urn, one.value));
      }
      stored = withChanges(stored, resources.takeChanges());
      expect(stored).toEqual([...resources.values()]);
    }),
    { numRuns: runs },
  );
});

test("a file is read as what was written, cut at any byte", () => {
  const records = fc.array(fc.json());
  fc.assert(
    fc.property(records, fc.nat(), (texts, cut) => {
      const document = '{\n  "resources": []\n}\n';
      const written = Buffer.from(document + texts.map(journalRecord).join(""));
      expect(readJournal(written.toString())).toEqual({ document, records: texts, isTorn: false });
      const size = document.length + (cut % (written.length - document.length + 1));
      const read = readJournal(written.subarray(0, size).toString());
      expect(read.document).toBe(document);
      expect(texts.slice(0, read.records.length)).toEqual(read.records);
      const whole = Buffer.byteLength(document + read.records.map(journalRecord).join(""));
      expect([whole <= size, read.isTorn]).toEqual([true, whole < size]);
    }),
    { numRuns: runs },
  );
});

test("changes of a checkpoint that is stored in a file are read again", async () => {
  const change = fc.array(step, { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(change, async (steps) => {
      const store = new FileStore(stack);
      await store.remove();
      const checkpoint = await Checkpoint.open(store);
      for (const one of steps) {
        if (one === "write") await checkpoint.save();
        else if ("remove" in one) checkpoint.resources.delete(one.remove);
        else checkpoint.resources.set(one.urn, resource(one.urn, one.value));
      }
      await checkpoint.save();
      expect(await load()).toEqual([...checkpoint.resources.values()]);
    }),
    { numRuns: Math.min(runs, 60) },
  );
});

test.each<[string, StateChange[], string[]]>([
  ["a set", [{ set: resource("b") }], ["a", "b"]],
  ["a removal", [{ remove: "a" }], []],
  ["a removal before a set", [{ remove: "a" }, { set: resource("b") }, { set: resource("a") }], ["b", "a"]],
])("%s changes the resources", (_what, changes, expected) => {
  expect(withChanges([resource("a")], changes).map(({ urn }) => urn)).toEqual(expected);
});
