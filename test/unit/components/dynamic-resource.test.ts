import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../../components/internal/dynamic-resource.ts";
import { RegistryPresence, RegistryPush } from "../../../components/internal/registry-push.ts";
import { VolumeFiles } from "../../../components/internal/volume-files.ts";
import { secret } from "../../../lib/values.ts";
import { record, watch, type Request } from "../harness.ts";

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

test("passwords and the content of files are secret, as inputs and as outputs", async () => {
  const secretOutputs: Record<string, string[]> = {};
  const program = () => {
    const target = { repository: "registry.example/web", tag: "1", username: "ci", password: "s3cret" };
    new RegistryPush("push", { ...target, digest: "sha256:1", blobs: "blobs" });
    new RegistryPresence("presence", target);
    const files = [{ path: "/run/key", content: pulumi.secret("k3y"), mode: 0o400 }];
    new VolumeFiles("files", { image: "web", prefix: "web", labels: {}, username: "ci", password: "s3cret", files });
  };
  type WithSecrets = Request & { getAdditionalsecretoutputsList(): string[] };
  const watched = watch(
    program,
    (request) => (secretOutputs[request.getName()] = (request as WithSecrets).getAdditionalsecretoutputsList()),
  );
  const { resources } = await record(watched);
  expect(secretOutputs).toEqual({ push: ["password"], presence: ["password"], files: ["files", "password"] });
  for (const { inputs } of resources) expect(inputs["password"]).toEqual(secret({ value: "s3cret" }));
  const withoutPassword = await record(() => new RegistryPresence("presence", { repository: "registry.example/web", tag: "1" }));
  expect(withoutPassword.resources[0]!.inputs).not.toHaveProperty("password");
});
