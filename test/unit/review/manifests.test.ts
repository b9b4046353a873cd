import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { secret, unknown } from "../../../lib/values.ts";
import { manifestsOf, writeManifests } from "../../../review/render/manifests.ts";
import { formatParity, parityOf } from "../../../review/parity.ts";
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

test("every object of a stack is a file of its own, the same from run to run", async () => {
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

test("a Secret is left out, with its keys told, and what names it still does", async () => {
  const { files, left } = manifestsOf(await registrationsOf(stackWith({ secretEnv: { TOKEN: "open sesame" } })));
  expect(left).toEqual([{ name: "web", keys: ["TOKEN"] }]);
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

test("what is secret elsewhere, and what nobody knows yet, is refused, all at once", () => {
  const resources = [object("ConfigMap", { data: secret({ value: "x" }) }), object("Pod", { image: unknown })];
  expect(() => manifestsOf(resources)).toThrow(
    `The stack cannot be written to files:
  - ConfigMap it holds something secret, which would be in the file for everybody to read; put it into a Secret
  - Pod it holds something that is known only once it is deployed; such are images of the builder "dockerfile"`,
  );
});

test("files of an earlier run go, those of others stay and are not written over", () => {
  const named = (name: string) => object("Service", { kind: "Service", metadata: { name } });
  writeManifests(manifestsOf([named("a"), named("b")]), folder);
  writeFileSync(join(folder, "mine.yaml"), "mine\n");
  expect(writeManifests(manifestsOf([named("b")]), folder)).toEqual({ removed: ["service-a.yaml"] });
  expect(readdirSync(folder)).toEqual(["mine.yaml", "service-b.yaml"]);
  writeFileSync(join(folder, "service-b.yaml"), "mine\n");
  expect(() => writeManifests(manifestsOf([named("b")]), folder)).toThrow("service-b.yaml is there, and was not written by this command");
  expect(readFileSync(join(folder, "service-b.yaml"), "utf8")).toBe("mine\n");
  expect(existsSync(join(folder, "service-a.yaml"))).toBe(false);
});

test("parity tells what differs between stacks, by the key that makes it", async () => {
  const found = await parityOf(
    stackWith({ replicas: 2, version: "1.0" }),
    stackWith({ replicas: 3, host: "web.localhost", version: "1.0" }, "two"),
  );
  expect(formatParity(found, "one", "two")).toBe(`parity of stacks "one" and "two": 4 resources differ
  slipway:services.web.replicas
      Deployment web  spec.replicas: 2 → 3
  slipway:services.web.host
      Ingress web  only in two
      Middleware web-retry  only in two
      NetworkPolicy web  spec.ingress[0]: nothing → {"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"ku…`);
});

test("stacks that have the same settings are the same, whatever they are called", async () => {
  const found = await parityOf(stackWith({ replicas: 2 }), stackWith({ replicas: 2 }, "two"));
  expect(formatParity(found, "one", "two")).toBe('parity of stacks "one" and "two": they are the same');
});

test("settings that only go together are told of as that", async () => {
  const found = await parityOf(stackWith({ replicas: 2 }), stackWith({ autoscaling: { maxReplicas: 4 } }, "two"));
  expect(formatParity(found, "one", "two")).toBe(`parity of stacks "one" and "two": 2 resources differ
  slipway:services.web.autoscaling with slipway:services.web.replicas
      Deployment web  spec.replicas: 2 → nothing
      HorizontalPodAutoscaler web  only in two`);
});

test("what many resources have in common is told once", () => {
  const all = ["a", "b", "c", "d"].map((name) => ({
    resource: `Subnet ${name}`,
    property: "tags.team",
    a: "x",
    b: "y",
    keys: ["slipway:eks.tags"],
  }));
  expect(formatParity(all, "one", "two").split("\n").slice(1)).toEqual(["  slipway:eks.tags", "      4 resources  tags.team: x → y"]);
  expect(formatParity(all.slice(1), "one", "two").split("\n").slice(2)).toEqual(
    ["b", "c", "d"].map((name) => `      Subnet ${name}  tags.team: x → y`),
  );
});

test("secrets are not in what is told", async () => {
  const found = await parityOf(
    stackWith({ secretEnv: { TOKEN: "open sesame" } }),
    stackWith({ secretEnv: { TOKEN: "simsala bim" } }, "two"),
  );
  expect(JSON.stringify(found)).not.toMatch(/sesame|simsala/);
});
