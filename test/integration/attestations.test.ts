import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundleMediaType } from "../../lib/attestations/attach.ts";
import { newKeyPair } from "../../lib/attestations/key-file.ts";
import { inTotoMediaType, PredicateType, type Statement } from "../../lib/attestations/statement.ts";
import { command } from "../../lib/command.ts";
import { referrersOf, type Referrer } from "../../lib/registry-client.ts";
import { toolProgram } from "../../scripts/tool-programs.ts";
import { EngineProject } from "../engine-project.ts";
import { otherPort } from "./checkout.ts";
import { startRegistry } from "./test-objects.ts";

// Attestations of a GoImage in a real registry, which has no API for referrers. What is signed, cosign verifies.

const registryName = "slipway-integration-attestations";
const port = otherPort;
const repository = `127.0.0.1:${port}/team/web`;
const passphrase = "correct horse battery";
let folder: string;
let project: EngineProject;
let cosign: string;
let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-attestations-"));
  ({ path: cosign } = await toolProgram("cosign"));
  registry = await startRegistry(registryName, port, { env: ["REGISTRY_STORAGE_DELETE_ENABLED=true"] });
  writeKeys("slipway");
  writeKeys("other");
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

beforeEach(() => (project = new EngineProject()));
afterEach(() => project[Symbol.dispose]());

function writeKeys(name: string): void {
  const { privateKey, publicKey } = newKeyPair(passphrase);
  writeFileSync(join(folder, `${name}.key`), privateKey);
  writeFileSync(join(folder, `${name}.pub`), publicKey);
}

const image = (args: string, of = repository) =>
  `const image = new GoImage("web", { source: "${resolve("app")}", repository: "${of}", ${args} }); return { ref: image.ref };`;
const attestAll = "attest: { sbom: true, provenance: true }";
const signed = (name = "slipway") => `${attestAll}, sign: { key: "${join(folder, name)}.key" }`;
const env = { SLIPWAY_KEY_PASSPHRASE: passphrase };

/** Runs `up`, and returns the image by digest. */
async function up(program: string, of: Record<string, string> = env): Promise<string> {
  project.write(program);
  const { code, out } = await project.run("up", of);
  expect([code, out]).toEqual([0, expect.any(String)]);
  return JSON.parse((await project.run("outputs")).out).ref as string;
}

const attached = (ref: string) => referrersOf(ref, { artifactTypes: [bundleMediaType, inTotoMediaType], contents: true });
const contentOf = ({ content = "" }: Referrer): unknown => JSON.parse(Buffer.from(content, "base64").toString());
const byType = (statements: Statement[], type: PredicateType) => statements.find(({ predicateType }) => predicateType === type)!.predicate;

/** Verifies with cosign, as somebody does who knows only the public key. */
async function verify(ref: string, type: string | undefined, key = "slipway"): Promise<string> {
  const how = ["--key", join(folder, `${key}.pub`), "--insecure-ignore-tlog=true", "--new-bundle-format=true", "--allow-http-registry"];
  const args = type === undefined ? ["verify", ...how, ref] : ["verify-attestation", "--type", type, ...how, ref];
  return command(cosign, args, { env: { HOME: folder } });
}

test("cosign verifies image, bills of materials and provenance with the public key, and rejects another key", async () => {
  const ref = await up(image(`version: "1", ${signed()}`));
  expect(await verify(ref, undefined)).toContain("");
  for (const type of [PredicateType.CycloneDx, PredicateType.Spdx, PredicateType.Provenance]) await verify(ref, type);
  await expect(verify(ref, undefined, "other")).rejects.toThrow("x");
});
