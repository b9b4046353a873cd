import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import { supplyChainSettings } from "../../config/schema/supply-chain.ts";
import { newKeyPair } from "../../lib/attestations/key-file.ts";
import { command } from "../../lib/command.ts";
import { admissionPolicies } from "../../platforms/kubernetes-shared/admission/admission.ts";
import { settle } from "../unit/harness.ts";
import { EngineProject } from "../engine-project.ts";
import { otherPort } from "./checkout.ts";
import { startRegistry } from "./test-objects.ts";

// Kyverno's own verifier judges images that Slipway has signed, with the policy that Slipway deploys. Its CLI takes minutes to build and has 400 MB,
// so this only runs with its path in SLIPWAY_KYVERNO: build github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno with the replace line of Kyverno's
// go.mod. existing-cluster.test.ts compares the policies with the schemas of both engines.

const kyverno = process.env["SLIPWAY_KYVERNO"] ?? "";
const port = otherPort + 12;
const repository = `127.0.0.1:${port}/team/web`;
const passphrase = "correct horse battery";
const running = new AsyncDisposableStack();
let folder: string;
let project: EngineProject;

beforeAll(async () => {
  if (kyverno === "") return;
  folder = mkdtempSync(join(tmpdir(), "slipway-admission-"));
  running.defer(() => rmSync(folder, { recursive: true }));
  project = running.use(new EngineProject());
  running.use(await startRegistry("slipway-integration-admission", port));
  for (const name of ["slipway", "other"]) {
    const { privateKey, publicKey } = newKeyPair(passphrase);
    writeFileSync(join(folder, `${name}.key`), privateKey);
    writeFileSync(join(folder, `${name}.pub`), publicKey);
  }
});
afterAll(() => running.disposeAsync());

let version = 0;
/** Pushes a new image, and returns it by digest. */
async function pushed(args: string, env: Record<string, string> = {}): Promise<string> {
  project.write(
    `const image = new GoImage("web", { source: "${resolve("app")}", repository: "${repository}", version: "${++version}", ${args} }); return { ref: image.ref };`,
  );
  const { code, out } = await project.run("up", { SLIPWAY_KEY_PASSPHRASE: passphrase, ...env });
  expect([code, out]).toEqual([0, expect.any(String)]);
  return JSON.parse((await project.run("outputs")).out).ref as string;
}

const all = "attest: { sbom: true, provenance: true }";
const withKey = (name: string) => `sign: { key: "${join(folder, name)}.key" }`;

/** The policies of a stack, each in a file of its own. */
async function policiesOf(supplyChain: object): Promise<string[]> {
  const args = { name: "shop", namespace: "shop", repositories: [repository], plainHttp: true, labels: {} };
  const policies = admissionPolicies(supplyChainSettings.parse(supplyChain), args).map(async ({ resource, ...object }) => {
    const file = join(folder, `${resource}.yaml`);
    writeFileSync(file, stringify((await settle(pulumi.output(object))).value));
    return file;
  });
  return Promise.all(policies);
}

describe.skipIf(kyverno === "")("Kyverno", () => {
  /** Undefined if it accepts the image, otherwise why not. */
  async function rejection(policy: string, image: string): Promise<string | undefined> {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web", namespace: "shop" },
      spec: { containers: [{ name: "web", image }] },
    };
    writeFileSync(join(folder, "pod.yaml"), stringify(pod));
    const ran = command(kyverno, ["apply", policy, "--resource", join(folder, "pod.yaml"), "--registry", "--detailed-results"]);
    const out = await ran.catch((error: Error) => error.message);
    return out.includes("pass: 1, fail: 0") ? undefined : out;
  }

  test("accepts an image that is signed with a trusted key, and rejects others", async () => {
    const [policy = ""] = await policiesOf({
      require: ["signature", "provenance"],
      keys: [{ file: join(folder, "slipway.pub") }],
      admission: { engine: "kyverno" },
    });
    expect(await rejection(policy, await pushed(`${all}, ${withKey("slipway")}`))).toBeUndefined();
    expect(await rejection(policy, await pushed(`${all}, ${withKey("other")}`))).toContain("an image is not signed by anybody");
    expect(await rejection(policy, await pushed(all))).toContain("an image is not signed by anybody");
    const unproven = await pushed(`attest: { sbom: false, provenance: false }, ${withKey("slipway")}`);
    expect(await rejection(policy, unproven)).toContain("an image has no provenance from anybody");
  });

  test("accepts each of several keys, also for an index, and leaves out what is excepted and keys that have ended", async () => {
    const keys = ["slipway", "other"].map((name) => ({ file: join(folder, `${name}.pub`) }));
    const supplyChain = { require: ["signature"], keys, admission: { engine: "kyverno", except: ["127.0.0.1:1/"] } };
    const [both = ""] = await policiesOf(supplyChain);
    const other = await pushed(`platforms: ["linux/amd64", "linux/arm64"], ${all}, ${withKey("other")}`);
    const unsigned = await pushed(all);
    expect(await rejection(both, other)).toBeUndefined();
    expect(await rejection(both, unsigned)).toContain("an image is not signed by anybody");
    const [ended = ""] = await policiesOf({ ...supplyChain, keys: [keys[0], { ...keys[1], until: "2020-01-01" }] });
    expect(await rejection(ended, other)).toContain("an image is not signed by anybody");
    const [excepting = ""] = await policiesOf({ ...supplyChain, admission: { engine: "kyverno", except: [`127.0.0.1:${port}/`] } });
    expect(await rejection(excepting, unsigned)).toBeUndefined();
  });
});
