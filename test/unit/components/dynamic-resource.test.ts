import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../../components/internal/dynamic-resource.ts";
import { record } from "../harness.ts";

const cache = mkdtempSync(join(tmpdir(), "slipway-cache-"));
const { XDG_CACHE_HOME } = process.env;
beforeAll(() => (process.env["XDG_CACHE_HOME"] = cache));
afterAll(() => {
  if (XDG_CACHE_HOME === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = XDG_CACHE_HOME;
  rmSync(cache, { recursive: true });
});

class TheirResource extends pulumi.dynamic.Resource {}

test("a provider is serialised like the SDK does it, so that resources in existing states do not change, and is cached", async () => {
  const provider: pulumi.dynamic.ResourceProvider = {
    create: async (inputs) => ({ id: "a", outs: inputs }),
    diff: async (_id, olds, news) => ({ changes: olds.size !== news.size }),
  };
  const { resources } = await record(() => {
    new DynamicResource("Example", provider, "ours", { size: 1 });
    new TheirResource(provider, "theirs", { size: 1 }, undefined, "slipway", "Example");
  });
  const [ours, theirs] = ["ours", "theirs"].map((name) => resources.find((resource) => resource.name === name)!);
  expect(ours).toEqual({ ...theirs, name: "ours" });
  expect(ours!.inputs["__provider"]).toContain("olds.size !== news.size");
  const [file] = globSync(join(cache, "slipway/dynamic-providers/*/Example.js"));
  expect(readFileSync(file!, "utf8")).toBe(ours!.inputs["__provider"]);
});

test("a provider is serialised without a cache too", async () => {
  writeFileSync(join(cache, "file"), "");
  process.env["XDG_CACHE_HOME"] = join(cache, "file");
  const { resources } = await record(() => new DynamicResource("Uncached", { create: async () => ({ id: "a" }) }, "a", {}));
  process.env["XDG_CACHE_HOME"] = cache;
  expect(resources[0]!.inputs["__provider"]).toContain('id: "a"');
});
