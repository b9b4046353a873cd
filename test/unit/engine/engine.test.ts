import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pollUntil } from "../../../lib/poll.ts";
import type { Stack } from "../../../config/stack-file.ts";
import { FileStore } from "../../../engine/state/file-store.ts";
import { EngineProject } from "../../engine-project.ts";

let project: EngineProject;
beforeEach(() => (project = new EngineProject()));
afterEach(() => project[Symbol.dispose]());

/** Waits until the program's resources have logged a line, or the run has ended. Beside other tests, a run may take a minute to start. */
const logged = async (line: string, { run }: { run: Promise<{ out: string }> }) => {
  const log = join(project.folder, "log");
  const hasLine = () => existsSync(log) && readFileSync(log, "utf8").includes(`${line}\n`);
  const ended = new AbortController();
  void run.then(({ out }) => ended.abort(new Error(`The run ended before the line "${line}":\n${out}`)));
  await pollUntil(hasLine, { timeoutSeconds: 300, intervalMs: 20, signal: ended.signal });
};

const lines = () =>
  existsSync(join(project.folder, "log")) ? readFileSync(join(project.folder, "log"), "utf8").split("\n").length - 1 : 0;

/** The names of the things in the state. */
async function stored(): Promise<Set<string>> {
  const stack = { name: "test", project: "project", folder: join(project.folder, ".slipway/test") } as Stack;
  const things = (await new FileStore(stack).load()).filter(({ type, creating }) => type.startsWith("pulumi-nodejs:") && creating !== true);
  return new Set(things.map(({ urn }) => urn.split("::").at(-1)!));
}

test("up creates dependencies first and prints the outputs of the program", async () => {
  project.write(`
    const a = thing("a");
    const b = thing("b", { value: a.made });
    return { b: b.value, password: pulumi.secret("s3cret") };`);
  expect(await project.run("up")).toEqual({
    code: 0,
    out: "+ pulumi-nodejs:dynamic:Resource a  created (time)\n+ pulumi-nodejs:dynamic:Resource b  created (time)\n2 created (time)\n",
  });
  expect(project.done()).toEqual(["create a", "create b"]);
  expect(JSON.parse((await project.run("outputs")).out)).toEqual({ b: "a!", password: "[secret]" });
});

test("a second up changes nothing", async () => {
  project.write(`thing("a", { value: 1 });`);
  await project.run("up");
  project.done();
  expect(await project.run("up")).toEqual({ code: 0, out: "1 unchanged (time)\n" });
  expect(project.done()).toEqual([]);
});

test("a preview as JSON has a step for each resource, in the form of the Pulumi CLI", async () => {
  project.write(`thing("a", { value: 1 }); thing("b", { kind: 1 }); thing("c"); thing("d");`);
  await project.run("up");
  project.done();
  project.write(`thing("a", { value: 2 }); thing("b", { kind: 2 }, { deleteBeforeReplace: true }); thing("c"); thing("e");`);
  const { steps, changeSummary, diagnostics } = JSON.parse((await project.run("plan")).out);
  const resource = "urn:pulumi:test::project::pulumi-nodejs:dynamic:Resource::";
  type Step = { op: string; urn: string; oldState?: { pendingReplacement: boolean }; detailedDiff?: object };
  const things = (steps as Step[]).filter(({ urn }) => urn.startsWith(resource)).sort((a, b) => (a.urn < b.urn ? -1 : 1));
  const short = things.map(({ op, urn, oldState, detailedDiff }) => [
    op,
    urn.slice(resource.length),
    oldState?.pendingReplacement,
    ...(detailedDiff ? [detailedDiff] : []),
  ]);
  expect(short).toEqual([
    ["update", "a", false, { value: { kind: "update" } }],
    ["replace", "b", true, { kind: { kind: "update-replace" } }],
    ["same", "c", false],
    ["delete", "d", false],
    ["create", "e", undefined],
  ]);
  expect(changeSummary).toEqual({ update: 1, replace: 1, same: 1, delete: 1, create: 1 });
  expect(diagnostics).toEqual([]);
  expect(project.done()).toEqual([]);
});

test("a preview as JSON has the errors of the program", async () => {
  project.write(`thing("a", {}, { import: "x" });`);
  const { diagnostics } = JSON.parse((await project.run("plan")).out);
  expect(diagnostics).toEqual([
    {
      severity: "error",
      message: "pulumi-nodejs:dynamic:Resource a: the embedded engine does not support import. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).",
    },
  ]);
});

test("an error in an apply that a resource depends on stops the run, and nothing is deleted", async () => {
  project.write(`thing("a"); thing("b");`);
  await project.run("up");
  project.done();
  project.write(`thing("a", { value: pulumi.output(1).apply(() => { throw new Error("no such value"); }) });`);
  const { code, out } = await project.run("up");
  expect(code).toBe(1);
  expect(out).toContain("no such value");
  expect(project.done()).toEqual([]);
});

test("a preview shows the changed values and changes nothing", async () => {
  project.write(`thing("a", { value: 1 }); thing("b", { value: 1 }); thing("c", { value: pulumi.secret("old") });`);
  await project.run("up");
  const before = project.checkpoint();
  project.done();
  project.write(`thing("a", { value: 2 }); thing("c", { value: pulumi.secret("new") }); thing("d");`);
  const { code, out } = await project.run("preview");
  expect(code).toBe(0);
  expect(out.split("\n").sort().join("\n").trim()).toBe(
    [
      "      value: 1 → 2",
      '      value: "[secret]" → "[secret]"',
      "+ pulumi-nodejs:dynamic:Resource d  to create",
      "- pulumi-nodejs:dynamic:Resource b  to delete",
      "1 to create, 2 to update, 1 to delete (time)",
      "~ pulumi-nodejs:dynamic:Resource a  to update",
      "~ pulumi-nodejs:dynamic:Resource c  to update",
    ]
      .sort()
      .join("\n")
      .trim(),
  );
  expect(project.done()).toEqual([]);
  expect(project.checkpoint()).toBe(before);
});

test("changed resources are updated or replaced, and resources that the program no longer registers are deleted", async () => {
  project.write(`thing("a", { value: 1 }); thing("b", { kind: 1 }); thing("c");`);
  await project.run("up");
  project.done();
  project.write(`thing("a", { value: 2 }); const b = thing("b", { kind: 2 }); thing("d", {}, { dependsOn: b });`);
  const { code, out } = await project.run("up");
  expect({ code, last: out.trim().split("\n").at(-1) }).toEqual({ code: 0, last: "1 created, 1 updated, 1 replaced, 2 deleted (time)" });
  const done = project.done();
  expect(done.filter((line) => line.endsWith(" b"))).toEqual(["create b", "delete b"]);
  expect(done.sort()).toEqual(["create b", "create d", "delete b", "delete c", "update a"]);
});

test("a replaced resource is deleted at the end of the run, or of the next run after a failure", async () => {
  project.write(`const a = thing("a", { kind: 1 }); thing("b", {}, { dependsOn: a });`);
  await project.run("up");
  project.done();
  project.write(
    `const a = thing("a", { kind: 2 }); thing("b", { value: 1 }, { dependsOn: a }); thing("c", { fail: "no" }, { dependsOn: a });`,
  );
  expect((await project.run("up")).code).toBe(1);
  expect(project.done().slice(0, 1)).toEqual(["create a"]);
  project.write(`const a = thing("a", { kind: 2 }); thing("b", { value: 1 }, { dependsOn: a });`);
  expect((await project.run("up")).code).toBe(0);
  expect(project.done().at(-1)).toBe("delete a");
  expect((await project.run("up")).code).toBe(0);
  expect(project.done()).toEqual([]);
});

test("deleteBeforeReplace deletes the old resource first", async () => {
  project.write(`thing("a", { kind: 1 }, { deleteBeforeReplace: true });`);
  await project.run("up");
  project.done();
  project.write(`thing("a", { kind: 2 }, { deleteBeforeReplace: true });`);
  expect((await project.run("up")).code).toBe(0);
  expect(project.done()).toEqual(["delete a", "create a"]);
});

test("ignoreChanges keeps the values of the last run, also of nested properties and those that are new or gone", async () => {
  const paths = 'ignoreChanges: ["value.size", "value.tags.*", "value.list[0]", "extra"]';
  const write = (value: string, more = "") => project.write(`thing("a", { value: ${value}${more} }, { ${paths} });`);
  write("{ size: 1, tags: { a: 1 }, list: [1, 2] }");
  await project.run("up");
  project.done();
  write("{ size: 2, tags: { b: 2 }, list: [9, 2] }", ", extra: 1");
  expect((await project.run("up")).out).toBe("1 unchanged (time)\n");
  write("{ size: 3, tags: {}, list: [9, 3] }");
  expect((await project.run("preview")).out).toContain("      value.list[1]: 2 → 3\n");
  await project.run("up");
  expect(project.done()).toEqual(["update a"]);
});

test("replaceOnChanges replaces a resource that its provider would update, if one of the properties changes", async () => {
  const write = (value: string) =>
    project.write(`thing("a", { value: ${value} }, { replaceOnChanges: ["value.size"], deleteBeforeReplace: true });`);
  write("{ size: 1, name: 1 }");
  await project.run("up");
  project.done();
  write("{ size: 1, name: 2 }");
  await project.run("up");
  expect(project.done()).toEqual(["update a"]);
  write("{ size: 2, name: 2 }");
  expect((await project.run("preview")).out).toContain("± pulumi-nodejs:dynamic:Resource a  to replace\n");
  await project.run("up");
  expect(project.done()).toEqual(["delete a", "create a"]);
});

test("retainOnDelete leaves the resource, which the stack then no longer manages", async () => {
  project.write(`thing("a", {}, { retainOnDelete: true }); thing("b");`);
  await project.run("up");
  project.done();
  project.write(`thing("b");`);
  expect((await project.run("preview")).out).toContain("- pulumi-nodejs:dynamic:Resource a  no longer managed, not deleted\n");
  expect((await project.run("up")).out).toBe(
    "- pulumi-nodejs:dynamic:Resource a  no longer managed, not deleted\n1 no longer managed, not deleted, 1 unchanged (time)\n",
  );
  await project.run("down");
  expect(project.done()).toEqual(["delete b"]);
});

test("down deletes dependents first and leaves no checkpoint", async () => {
  project.write(`const a = thing("a"); const b = thing("b", {}, { dependsOn: a }); thing("c", { value: b.made });`);
  await project.run("up");
  project.done();
  expect((await project.run("down")).code).toBe(0);
  expect(project.done()).toEqual(["delete c", "delete b", "delete a"]);
  expect(readdirSync(join(project.folder, ".slipway/test")).filter((file) => file.startsWith("checkpoint"))).toEqual([]);
});

test("down deletes children before their parent", async () => {
  project.write(`const a = thing("a"); const b = thing("b", {}, { parent: a }); thing("c", {}, { parent: b });`);
  await project.run("up");
  project.done();
  expect((await project.run("down")).code).toBe(0);
  expect(project.done()).toEqual(["delete c", "delete b", "delete a"]);
});

test("a resource with deletedWith is not deleted separately", async () => {
  project.write(`const a = thing("a"); thing("b", {}, { deletedWith: a });`);
  await project.run("up");
  project.done();
  await project.run("down");
  expect(project.done()).toEqual(["delete a"]);
});

test("a resource that was deleted by hand is created again", async () => {
  project.write(`thing("a");`);
  await project.run("up");
  project.done();
  writeFileSync(join(project.folder, "gone-a"), "");
  expect((await project.run("up")).out).toBe("+ pulumi-nodejs:dynamic:Resource a  created (time)\n1 created (time)\n");
});

test("a failure is reported once, without a stack trace, its dependents are not created, and the next up continues", async () => {
  project.write(
    `const a = thing("a"); const b = thing("b", { fail: "no room" }, { dependsOn: a }); thing("c", {}, { dependsOn: b }); thing("d");`,
  );
  const failed = await project.run("up");
  expect(failed.code).toBe(1);
  expect(failed.out).toContain("✗ pulumi-nodejs:dynamic:Resource b  no room\n");
  expect(failed.out).not.toMatch(/ at .*:\d+/);
  expect(project.done().sort()).toEqual(["create a", "create d"]);
  project.write(`const a = thing("a"); const b = thing("b", {}, { dependsOn: a }); thing("c", {}, { dependsOn: b }); thing("d");`);
  expect((await project.run("up")).code).toBe(0);
  expect(project.done()).toEqual(["create b", "create c"]);
});

test("nothing is deleted after a failure", async () => {
  project.write(`thing("a");`);
  await project.run("up");
  project.done();
  project.write(`thing("b", { fail: "no" });`);
  expect((await project.run("up")).code).toBe(1);
  expect(project.done()).toEqual([]);
});

test("an error of the program is reported and stops the run", async () => {
  project.write(
    `const a = thing("a"); a.made.apply(() => { throw new pulumi.RunError("the program's own words"); }); await new Promise(() => {});`,
  );
  const { code, out } = await project.run("up");
  expect(code).toBe(1);
  expect(out).toContain("✗ program  the program's own words\n");
});

test("the next up continues after one that was killed", async () => {
  writeFileSync(join(project.folder, "hang"), "");
  project.write(`const a = thing("a"); const b = thing("b", { hang: true }, { dependsOn: a }); thing("c", {}, { dependsOn: b });`);
  const killed = project.start("up");
  await logged("create b", killed);
  killed.kill("SIGKILL");
  await killed.run;
  expect(project.done()).toEqual(["create a", "create b"]);
  rmSync(join(project.folder, "hang"));
  expect((await project.run("up")).code).toBe(0);
  expect(project.done()).toEqual(["create b", "create c"]);
});

test("a run that is killed anywhere loses at most the step that it was about to store, and the next one goes on from there", async () => {
  const count = 60;
  project.write(`let last; for (let i = 0; i < ${count}; i++) last = thing("t" + i, {}, last ? { dependsOn: last } : {});`);
  const created: string[] = [];
  let kills = 0;
  for (let isComplete = false; !isComplete;) {
    const run = project.start("up");
    const before = await stored();
    // Between the first step and the last one, at another place each time.
    const wanted = Math.min(before.size + 1 + Math.floor(Math.random() * 15), count);
    while (run.exitCode === null && lines() < wanted - before.size) await new Promise((wake) => setTimeout(wake, 1));
    if (wanted < count) run.kill("SIGKILL");
    isComplete = (await run.run).code === 0;
    if (!isComplete) kills++;
    const now = project.done().map((line) => line.replace("create ", ""));
    // Each resource is only created once the one before it is stored.
    const after = await stored();
    expect(now.slice(0, -1).filter((name) => !after.has(name))).toEqual([]);
    expect([...before].filter((name) => !after.has(name))).toEqual([]);
    expect(now.filter((name) => before.has(name))).toEqual([]);
    created.push(...now.filter((name) => !created.includes(name)));
  }
  expect(kills).toBeGreaterThan(3);
  expect(created).toEqual(Array.from({ length: count }, (_, i) => `t${i}`));
  expect((await project.run("up")).out).toBe(`${count} unchanged (time)\n`);
});

test("a second up at the same time is rejected with the holder of the lock", async () => {
  writeFileSync(join(project.folder, "hang"), "");
  project.write(`thing("a", { hang: true });`);
  const first = project.start("up");
  await logged("create a", first);
  const second = await project.run("up");
  expect(second.code).toBe(1);
  expect(second.out).toMatch(
    new RegExp(
      `^Stack "test" is locked by "slipway up" of \\w+ \\(process ${first.pid}, since [0-9TZ:.-]+\\)\\. Wait until it has finished\\.\n$`,
    ),
  );
  rmSync(join(project.folder, "hang"));
  expect((await first.run).code).toBe(0);
});

test("secrets are encrypted in the checkpoint", async () => {
  project.write(
    `thing("a", { value: pulumi.secret("s3cret"), nested: { deep: [pulumi.secret("d33p")] } }); return { s: pulumi.secret("0utput") };`,
  );
  await project.run("up");
  expect(project.checkpoint()).toMatch(/"ciphertext": "v1:/);
  expect(project.checkpoint()).not.toMatch(/s3cret|d33p|0utput/);
  expect((await project.run("up")).out).toBe("1 unchanged (time)\n");
});

test("only the owner can read the checkpoint, the previous one, and the key of their secrets", async () => {
  project.write(`thing("a", { value: pulumi.secret("s3cret") });`);
  await project.run("up");
  await project.run("up");
  const modes = ["test", "test/checkpoint.json", "test/checkpoint.json.previous", "key"].map(
    (file) => statSync(join(project.folder, ".slipway", file)).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o600, 0o600, 0o600]);
});

test("a corrupt checkpoint stops the run, and the error names the previous one", async () => {
  project.write(`thing("a");`);
  await project.run("up");
  await project.run("up");
  project.done();
  const file = ".slipway/test/checkpoint.json";
  const good = project.checkpoint();
  writeFileSync(join(project.folder, file), good.slice(0, 100));
  const { code, out } = await project.run("up");
  expect(code).toBe(1);
  expect(out).toMatch(
    /^\.slipway\/test\/checkpoint\.json: cannot be read \(.+\)\. Nothing was changed\. Restore the previous checkpoint: cp \.slipway\/test\/checkpoint\.json\.previous \.slipway\/test\/checkpoint\.json\n$/,
  );
  expect(project.done()).toEqual([]);
  expect(JSON.parse(readFileSync(join(project.folder, `${file}.previous`), "utf8"))).toEqual(JSON.parse(good));
});

test("a corrupt checkpoint without a previous one cannot be restored from it", async () => {
  project.write(`thing("a");`);
  await project.run("up");
  rmSync(join(project.folder, ".slipway/test/checkpoint.json.previous"), { force: true });
  writeFileSync(join(project.folder, ".slipway/test/checkpoint.json"), "{");
  expect((await project.run("up")).out).toMatch(/Nothing was changed\. Restore it from a backup\.\n$/);
});

test("a child is found under the alias of another parent, or of none", async () => {
  project.write(`
    const a = new pulumi.ComponentResource("project:index:A", "a");
    thing("b", {}, { parent: a }); thing("c");`);
  await project.run("up");
  project.done();
  project.write(`
    const b = new pulumi.ComponentResource("project:index:B", "b", {}, { aliases: [{ type: "project:index:A", name: "a" }] });
    thing("b", {}, { parent: b, aliases: [{ parent: "urn:pulumi:test::project::project:index:A::a" }] });
    thing("c", {}, { parent: b, aliases: [{ parent: pulumi.rootStackResource }] });`);
  expect((await project.run("up")).out).toBe("2 unchanged (time)\n");
  expect(project.done()).toEqual([]);
});

test("functions of providers and existing resources need the Pulumi CLI", async () => {
  const remedy = "Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).";
  project.write(`await pulumi.runtime.invoke("aws:index:getRegion", {});`);
  expect((await project.run("up")).out).toContain(`the embedded engine does not call provider functions (aws:index:getRegion). ${remedy}`);
  project.write(`new pulumi.CustomResource("aws:s3/bucket:Bucket", "b", {}, { id: "existing" });`);
  expect((await project.run("up")).out).toContain(`the embedded engine does not read existing resources (b). ${remedy}`);
});

test("a resource is found under an alias", async () => {
  project.write(`thing("a", { value: 1 });`);
  await project.run("up");
  project.done();
  project.write(`new Thing("b", { name: "a", value: 2 }, { aliases: [{ name: "a" }] });`);
  expect((await project.run("up")).code).toBe(0);
  expect(project.done()).toEqual(["update a"]);
});

describe("transforms", () => {
  const appending = (text: string) =>
    `({ type, props }) => type.includes("Resource") ? { props: { ...props, value: props.value + "${text}" } } : undefined`;
  const valueOf = () => JSON.parse(project.checkpoint()).resources.find((r: { urn: string }) => r.urn.endsWith("::a")).inputs.value;

  test("run for the resource first, then for its parents from the nearest, then for the stack", async () => {
    project.write(`
      await pulumi.runtime.registerResourceTransform(${appending(" stack")});
      const outer = new pulumi.ComponentResource("project:index:Outer", "outer", {}, { transforms: [${appending(" outer")}] });
      const inner = new pulumi.ComponentResource("project:index:Inner", "inner", {}, { parent: outer, transforms: [${appending(" inner")}] });
      thing("a", { value: "a" }, { parent: inner, transforms: [${appending(" own")}] });`);
    const { code, out } = await project.run("up");
    expect(out).toContain("1 created");
    expect(code).toBe(0);
    expect(valueOf()).toBe("a own inner outer stack");
    expect((await project.run("up")).out).toBe("1 unchanged (time)\n");
  });

  test("change options too, and secrets stay encrypted", async () => {
    project.write(`
      const transforms = [({ name, props, opts }) => name === "a" ? { props, opts: { ...opts, dependsOn: [b] } } : undefined];
      const b = thing("b", { value: pulumi.secret("hush") });
      thing("a", { value: pulumi.secret("hush") }, { transforms });`);
    expect((await project.run("up")).code).toBe(0);
    expect(project.done()).toEqual(["create b", "create a"]);
    expect(project.checkpoint()).not.toContain("hush");
    project.write("");
    await project.run("up");
    expect(project.done()).toEqual(["delete a", "delete b"]);
  });

  test("stop the run if they throw or set an unsupported option", async () => {
    project.write(`thing("a", {}, { transforms: [() => { throw new Error("no such shape"); }] });`);
    expect(await project.run("up")).toEqual({ code: 1, out: expect.stringContaining("no such shape") as string });
    project.write(`thing("a", {}, { transforms: [({ props, opts }) => ({ props, opts: { ...opts, protect: true } })] });`);
    expect(await project.run("up")).toEqual({ code: 1, out: expect.stringContaining("does not support protect") as string });
    expect(project.done()).toEqual([]);
  });
});

describe("an unsupported option is rejected by name", () => {
  const table: [string, string][] = [
    ["protect", "protect: true"],
    ["import", 'import: "x"'],
  ];
  test.each(table)("%s", async (option, given) => {
    project.write(`thing("a", {}, { ${given} });`);
    const { code, out } = await project.run("up");
    expect(code).toBe(1);
    expect(out).toBe(
      `✗ pulumi-nodejs:dynamic:Resource a  the embedded engine does not support ${option}. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).\n`,
    );
    expect(project.done()).toEqual([]);
  });
});

test("a resource without a provider is shown by a preview and rejected by up", async () => {
  project.write(`
    const b = new pulumi.CustomResource("aws:s3/bucket:Bucket", "b", { bucket: "b", arn: undefined });
    thing("a", { value: b.arn });`);
  const preview = await project.run("preview");
  expect(preview.out).toContain("+ aws:s3:Bucket b  to create\n");
  expect(preview.out).toContain("2 to create");
  const { code, out } = await project.run("up");
  expect(code).toBe(1);
  expect(out).toBe(
    "✗ aws:s3:Bucket b  the embedded engine has no provider for aws:s3/bucket:Bucket. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).\n",
  );
});

test("an unknown stack is rejected, and the error lists the known ones", async () => {
  rmSync(join(project.folder, "stacks/Pulumi.test.yaml"));
  writeFileSync(join(project.folder, "stacks/Pulumi.dev.yaml"), "");
  project.write("");
  expect(await project.run("up")).toEqual({
    code: 1,
    out: 'There is no stack "test": stacks/Pulumi.test.yaml does not exist. Known stacks: dev.\n',
  });
});

test("a stack file that is not YAML is rejected with the line", async () => {
  project.writeStackFile("config:\n  a: [1\n");
  project.write("");
  const { code, out } = await project.run("up");
  expect(code).toBe(1);
  expect(out).toMatch(/^stacks\/Pulumi\.test\.yaml: .* at line \d/);
});
