import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { UserError } from "../../../lib/user-error.ts";
import { secret, unknown } from "../../../lib/values.ts";
import { writeFolder } from "../../../review/render/folder.ts";
import { manifestsOf } from "../../../review/render/manifests.ts";
import { registrationsOf, type Registered } from "../../../review/render/registrations.ts";
import type { Stack } from "../../../config/stack-file.ts";

const image = `registry.example/app@sha256:${"0".repeat(64)}`;
const stackWith = (web: object, name = "one", others: Record<string, string> = {}): Stack => ({
  project: "slipway",
  name,
  main: "index.ts",
  folder: `.slipway/${name}`,
  config: { "slipway:platform": "local", "slipway:services": JSON.stringify({ web: { image, ...web } }), ...others },
  secretKeys: [],
});

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "slipway-manifests-"))));
afterEach(() => rmSync(folder, { recursive: true }));

test("every object of a stack is one file, identical from run to run", async () => {
  const render = async () => manifestsOf(await registrationsOf(stackWith({ host: "web.localhost" }))).files;
  const [first, second] = [await render(), await render()];
  expect([...first]).toEqual([...second]);
  expect([...first.keys()]).toEqual([
    "namespace-slipway-one.yaml",
    "slipway-one-deployment-web.yaml",
    "slipway-one-ingress-web.yaml",
    "slipway-one-middleware-web-retry.yaml",
    "slipway-one-networkpolicy-web.yaml",
    "slipway-one-poddisruptionbudget-web.yaml",
    "slipway-one-service-web.yaml",
    "slipway-one-serviceaccount-web.yaml",
  ]);
  const deployment = parse(first.get("slipway-one-deployment-web.yaml")!) as {
    kind: string;
    spec: { template: { spec: { containers: { image: string }[] } } };
  };
  expect([deployment.kind, deployment.spec.template.spec.containers[0]!.image]).toEqual(["Deployment", image]);
});

test("a Secret is left out and reported with its keys, and other objects still reference it", async () => {
  const { files, secrets } = manifestsOf(await registrationsOf(stackWith({ secretEnv: { TOKEN: "open sesame" } })));
  expect(secrets).toEqual([{ name: "web", keys: ["TOKEN"] }]);
  const all = [...files.values()].join("");
  expect(all).not.toContain("open sesame");
  expect(all).not.toContain("kind: Secret");
  expect(parse(files.get("slipway-one-deployment-web.yaml")!)).toMatchObject({
    spec: {
      template: {
        spec: {
          containers: [{ env: [{ name: "PORT" }, { name: "GOMEMLIMIT" }, { valueFrom: { secretKeyRef: { name: "web", key: "TOKEN" } } }] }],
        },
      },
    },
  });
});

const object = (kind: string, inputs: object): Registered => ({
  urn: kind,
  type: `kubernetes:core/v1:${kind}`,
  name: "it",
  parent: undefined,
  inputs,
});

test("secrets in other objects and unknown values are rejected, all at once", () => {
  const resources = [object("ConfigMap", { data: secret({ value: "x" }) }), object("Pod", { image: unknown })];
  expect(() => manifestsOf(resources)).toThrow(
    `The stack cannot be rendered:
  - ConfigMap it: contains a secret, which would be readable in the file. Move it to a Secret.
  - Pod it: contains a value that is known only after deployment. If it is an image of the builder "dockerfile", use the builder "go" or a pushed image.`,
  );
});

test("files of earlier runs are removed; other files stay and are not overwritten", () => {
  const named = (name: string) => object("Service", { kind: "Service", metadata: { name } });
  writeFolder(manifestsOf([named("a"), named("b")]).files, folder);
  writeFileSync(join(folder, "mine.yaml"), "mine\n");
  expect(writeFolder(manifestsOf([named("b")]).files, folder)).toEqual({ removed: ["service-a.yaml"] });
  expect(readdirSync(folder)).toEqual(["mine.yaml", "service-b.yaml"]);
  writeFileSync(join(folder, "service-b.yaml"), "mine\n");
  expect(() => writeFolder(manifestsOf([named("b")]).files, folder)).toThrow("service-b.yaml: exists, and slipway render did not write it");
  expect(readFileSync(join(folder, "service-b.yaml"), "utf8")).toBe("mine\n");
  expect(existsSync(join(folder, "service-a.yaml"))).toBe(false);
});

test("only the objects of Kubernetes are files, and only Secrets are left out", () => {
  const others = ["docker:index/volume:Volume", "acme:kubernetes:core/v1:Secret", "slipway:index:WebService"].map((type) => ({
    ...object("Pod", {}),
    type,
  }));
  const named = (kind: string, inputs: object) => object(kind, { kind, metadata: { name: "it", namespace: "Web" }, ...inputs });
  const list = { ...named("SecretList", {}), type: "kubernetes:core/v1:SecretList" };
  const { files, secrets } = manifestsOf([...others, named("Pod", {}), list]);
  expect([...files.keys()]).toEqual(["web-pod-it.yaml", "web-secretlist-it.yaml"]);
  expect(secrets).toEqual([]);
});

test("the keys of a Secret are sorted, whether its data is marked or not, and an object may have no name", () => {
  const data = { b: "1", a: "2" };
  const marked = { data: secret({ value: data }), stringData: { c: "3", aa: "4" }, metadata: { name: "web" } };
  const { files, secrets } = manifestsOf([
    object("Secret", marked),
    object("Secret", { data, metadata: { name: "api" } }),
    object("Pod", { kind: "Pod" }),
  ]);
  expect(secrets).toEqual([
    { name: "web", keys: ["a", "aa", "b", "c"] },
    { name: "api", keys: ["a", "b"] },
  ]);
  expect([...files]).toEqual([
    ["pod.yaml", "# Rendered by Slipway from a stack file. Do not edit: the next rendering overwrites this file.\nkind: Pod\n"],
  ]);
});

test("a file has its keys in order, and long texts in one line", () => {
  const text = "a long text ".repeat(20).trim();
  const { files } = manifestsOf([object("Pod", { spec: { b: text, a: 1 }, kind: "Pod" })]);
  expect(files.get("pod.yaml")!.split("\n").slice(1)).toEqual(["kind: Pod", "spec:", "  a: 1", `  b: ${text}`, ""]);
});

test("two objects with the same file name are rejected", () => {
  const named = (name: string) => object("Pod", { kind: "Pod", metadata: { name } });
  expect(() => manifestsOf([named("a"), named("b"), named("A")])).toThrow(
    new UserError("pod-a.yaml: two objects have this file name. Rename one of them."),
  );
});

test("all files that would be overwritten are reported, and then nothing is written or removed", () => {
  const named = (name: string) => object("Service", { kind: "Service", metadata: { name } });
  const inFolder = (file: string) => join(folder, "new", file);
  writeFolder(manifestsOf([named("old")]).files, join(folder, "new"));
  for (const file of ["service-a.yaml", "service-b.yaml", "service-c.json"]) writeFileSync(inFolder(file), "mine\n");
  const reason = "exists, and slipway render did not write it. Remove it, or choose another folder.";
  expect(() => writeFolder(manifestsOf(["a", "b", "c"].map(named)).files, join(folder, "new"))).toThrow(
    new UserError(
      `The manifests cannot be written:\n  - ${inFolder("service-a.yaml")}: ${reason}\n  - ${inFolder("service-b.yaml")}: ${reason}`,
    ),
  );
  expect(readdirSync(join(folder, "new"))).toEqual(["service-a.yaml", "service-b.yaml", "service-c.json", "service-old.yaml"]);
});

test("a file that is no manifest stays, even if it starts like one", () => {
  const named = (name: string) => object("Service", { kind: "Service", metadata: { name } });
  writeFileSync(join(folder, "notes.txt"), "# Rendered by Slipway, and kept\n");
  expect(writeFolder(manifestsOf([named("a")]).files, folder)).toEqual({ removed: [] });
  expect(readdirSync(folder)).toEqual(["notes.txt", "service-a.yaml"]);
});
