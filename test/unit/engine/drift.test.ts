import { writeFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { readStack } from "../../../config/stack-file.ts";
import * as engine from "../../../engine/main.ts";
import type { DriftResult } from "../../../engine/drift.ts";
import { FileStore } from "../../../engine/state/file-store.ts";
import { EngineProject } from "../../engine-project.ts";

// The drift of dynamic resources, which the embedded engine asks as it asks Docker and Kubernetes.

let project: EngineProject;
beforeAll(() => {
  project = new EngineProject();
});
afterAll(() => project[Symbol.dispose]());

async function inProject<T>(work: (store: FileStore) => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(project.folder);
  try {
    return await work(new FileStore(readStack("test")));
  } finally {
    process.chdir(before);
  }
}

const find = () => inProject((store) => engine.drift(store));
const named = ({ drifted }: DriftResult) => drifted.map(({ urn, drift }) => [urn.split("::").at(-1), drift.kind]);

async function fix(approve = async (_found: DriftResult) => true): Promise<{ succeeded: boolean; out: string }> {
  let out = "";
  const output = new Writable({
    write(chunk, _encoding, done) {
      out += String(chunk);
      done();
    },
  });
  const succeeded = await inProject((store) => engine.restoreDrift(output, store, approve));
  return { succeeded, out: out.replaceAll(/\(\d+\.\d s\)/g, "(time)") };
}

test("a stack that was just deployed has no drift, and the state stays as it is, byte for byte", async () => {
  project.write('const a = thing("a"); thing("b", { value: a.made }); thing("c");');
  expect((await project.run("up")).code).toBe(0);
  const before = project.checkpoint();
  expect(await find()).toEqual({ compared: 3, drifted: [], uncompared: [] });
  expect(project.checkpoint()).toBe(before);
});

test("a change in the program that is not deployed is no drift", async () => {
  project.write('thing("a", { value: "changed" }); thing("new");');
  expect(named(await find())).toEqual([]);
});

test("an object that is gone is found, and restored without the program", async () => {
  project.done();
  writeFileSync(join(project.folder, "gone-a"), "");
  expect(named(await find())).toEqual([["a", "gone"]]);
  const { succeeded, out } = await fix(async (found) => {
    expect(named(found)).toEqual([["a", "gone"]]);
    return true;
  });
  // What depends on it is compared again.
  expect([succeeded, out]).toEqual([true, expect.stringMatching(/ a {2}created \(time\)\n1 created, 1 unchanged \(time\)\n$/)]);
  expect(project.done()).toEqual(["create a"]);
  rmSync(join(project.folder, "gone-a"));
  expect(named(await find())).toEqual([]);
});

test("nothing is restored unless what was found is approved", async () => {
  writeFileSync(join(project.folder, "gone-c"), "");
  const before = project.checkpoint();
  expect(await fix(async () => false)).toEqual({ succeeded: true, out: "" });
  expect([project.done(), project.checkpoint() === before]).toEqual([[], true]);
  rmSync(join(project.folder, "gone-c"));
});

test("an object whose creation was interrupted is reported as not compared", async () => {
  const state = JSON.parse(project.checkpoint()) as { resources: { urn: string; creating?: boolean }[] };
  for (const resource of state.resources) if (resource.urn.endsWith("::c")) resource.creating = true;
  writeFileSync(join(project.folder, ".slipway/test/checkpoint.json"), JSON.stringify(state));
  const { compared, uncompared } = await find();
  expect([compared, uncompared.map(({ problem }) => problem)]).toEqual([
    2,
    ["its creation was interrupted. Run slipway up, which completes it"],
  ]);
});

test("what has the name of an object that is created again gets the new name, also within a text", async () => {
  project.write(`
    const generated = {
      create: async () => {
        const id = "generated-" + process.hrtime.bigint();
        return { id, outs: { address: id } };
      },
      read: async (id, props) => (fs.existsSync("lost") ? { id: "", props: {} } : { id, props }),
    };
    class Generated extends pulumi.dynamic.Resource {
      constructor(name) {
        super(generated, name, { address: undefined });
      }
    }
    const { address } = new Generated("server");
    thing("route", { value: pulumi.interpolate\`http://\${address}:80/\` });
    thing("c");`);
  expect((await project.run("up")).code).toBe(0);
  const addresses = () => [...new Set(project.checkpoint().match(/generated-\d+/g))];
  const before = addresses();
  project.done();
  writeFileSync(join(project.folder, "lost"), "");
  expect(named(await find())).toEqual([["server", "gone"]]);
  expect((await fix()).out).toMatch(/ server {2}created \(time\)\n.* route {2}updated \(time\)\n1 created, 1 updated \(time\)\n$/);
  rmSync(join(project.folder, "lost"));
  expect([addresses().length, addresses()[0] === before[0], project.done()]).toEqual([1, false, ["update route"]]);
  expect((await find()).drifted).toEqual([]);
  // The program registers what is there.
  expect((await project.run("up")).out).toContain("3 unchanged");
});
