import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { secret, unknown } from "../../../lib/values.ts";
import { manifestsOf, writeManifests } from "../../../review/render/manifests.ts";
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
  writeManifests(manifestsOf([named("a"), named("b")]), folder);
  writeFileSync(join(folder, "mine.yaml"), "mine\n");
  expect(writeManifests(manifestsOf([named("b")]), folder)).toEqual({ removed: ["service-a.yaml"] });
  expect(readdirSync(folder)).toEqual(["mine.yaml", "service-b.yaml"]);
  writeFileSync(join(folder, "service-b.yaml"), "mine\n");
  expect(() => writeManifests(manifestsOf([named("b")]), folder)).toThrow("service-b.yaml: exists, and slipway render did not write it");
  expect(readFileSync(join(folder, "service-b.yaml"), "utf8")).toBe("mine\n");
  expect(existsSync(join(folder, "service-a.yaml"))).toBe(false);
});
