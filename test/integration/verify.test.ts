import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { verifyImage } from "../../cli/verify/verify.ts";
import { unverifiedImages } from "../../config/required-attestations.ts";
import type { Configuration } from "../../config/settings.ts";
import { bundleMediaType } from "../../lib/attestations/attach.ts";
import { newKeyPair } from "../../lib/attestations/key-file.ts";
import { PredicateType, type Statement } from "../../lib/attestations/statement.ts";
import { dockerClient } from "../../lib/docker-client.ts";
import { layer, referrer, type Descriptor } from "../../lib/oci.ts";
import { attachToImage, referrersOf } from "../../lib/registry-client.ts";
import { EngineProject } from "../engine-project.ts";
import { otherPort } from "./checkout.ts";
import { startSigstore } from "./sigstore-services.ts";
import { startRegistry } from "./test-objects.ts";

// Images and attestations in a real registry that somebody has changed behind its back.

const container = "slipway-integration-verify";
const port = otherPort + 10;
const repository = `127.0.0.1:${port}/team/web`;
const passphrase = "correct horse battery";
const running = new AsyncDisposableStack();
let folder: string;
let project: EngineProject;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-verify-"));
  running.defer(() => rmSync(folder, { recursive: true }));
  running.use(await startRegistry(container, port));
  for (const name of ["slipway", "other"]) {
    const { privateKey, publicKey } = newKeyPair(passphrase);
    writeFileSync(join(folder, `${name}.key`), privateKey);
    writeFileSync(join(folder, `${name}.pub`), publicKey);
  }
});
afterAll(() => running.disposeAsync());
beforeEach(() => (project = new EngineProject()));
afterEach(() => project[Symbol.dispose]());

const key = (name: string) => join(folder, `${name}.pub`);
const sign = () => `sign: { key: "${join(folder, "slipway.key")}" }`;
let version = 0;

/** Pushes a new image, and returns it by digest. */
async function pushed(args = `attest: { sbom: true, provenance: true }, ${sign()}`, env: Record<string, string> = {}): Promise<string> {
  project.write(
    `const image = new GoImage("web", { source: "${resolve("app")}", repository: "${repository}", version: "${++version}", ${args} }); return { ref: image.ref };`,
  );
  const { code, out } = await project.run("up", { SLIPWAY_KEY_PASSPHRASE: passphrase, ...env });
  expect([code, out]).toEqual([0, expect.any(String)]);
  return JSON.parse((await project.run("outputs")).out).ref as string;
}

type Options = Partial<Parameters<typeof verifyImage>[1]>;
const verify = (ref: string, options: Options = {}) =>
  verifyImage(ref, { key: [key("slipway")], identity: undefined, issuer: undefined, trustedRoot: undefined, require: [], ...options });
const problemsOf = async (ref: string, options: Options = {}) => (await verify(ref, options)).problems;

const digestOf = (ref: string) => ref.split("@")[1]!;
const url = (kind: "manifests" | "blobs", digest: string) => `http://127.0.0.1:${port}/v2/team/web/${kind}/${digest}`;
async function manifestOf(digest: string): Promise<{ config: Descriptor; layers: Descriptor[]; manifests: Descriptor[] }> {
  const accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
  return (await fetch(url("manifests", digest), { headers: { accept } })).json() as never;
}

/** Changes one byte of a blob in the storage of the registry. JSON stays JSON: it is the last character of its last text. */
async function corrupt(digest: string): Promise<void> {
  const content = Buffer.from(await (await fetch(url("blobs", digest))).arrayBuffer());
  const at = Math.max(content.lastIndexOf('"') - 1, content.length - 8);
  content[at] = content[at] === 48 ? 49 : 48;
  const hex = digest.slice("sha256:".length);
  const path = `var/lib/registry/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
  const { blob } = await layer([{ path, mode: 0o644, content }], "none");
  await dockerClient().getContainer(container).putArchive(Buffer.from(blob), { path: "/" });
}

/** Attaches a bundle to an image, as whoever may push can. */
async function attach(ref: string, bundle: object, annotations: Record<string, string> = {}): Promise<void> {
  const digest = digestOf(ref);
  const head = await fetch(url("manifests", digest), { method: "HEAD", headers: { accept: "application/vnd.oci.image.manifest.v1+json" } });
  const subject = { mediaType: head.headers.get("content-type")!, digest, size: Number(head.headers.get("content-length")) };
  const artifact = referrer(subject, bundleMediaType, Buffer.from(JSON.stringify(bundle)), annotations);
  const blobs = join(folder, "blobs");
  for (const [name, blob] of artifact.blobs) {
    const file = join(blobs, name.replace(":", "/"));
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file)) writeFileSync(file, blob);
  }
  await attachToImage(repository, [artifact.descriptor.digest], blobs);
}

interface Bundle {
  dsseEnvelope: { payload: string };
}

/** The bundles of an image, by the type of the statement in them. */
async function bundlesOf(ref: string): Promise<{ digest: string; type: string; bundle: Bundle }[]> {
  return (await referrersOf(ref, { artifactTypes: [bundleMediaType], contents: true })).map(({ digest, content = "" }) => {
    const bundle = JSON.parse(Buffer.from(content, "base64").toString()) as Bundle;
    return { digest, type: (JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString()) as Statement).predicateType, bundle };
  });
}

test("an image with everything is accepted, with the key that signed it, by digest and by tag", async () => {
  const ref = await pushed();
  const { problems, attestations } = await verify(ref);
  expect(problems).toEqual([]);
  expect(attestations.map(({ signer }) => signer)).toEqual(Array(4).fill(key("slipway")));
  expect(await problemsOf(`${repository}:${digestOf(ref).slice(7, 19)}`)).toEqual([]);
});

test("a changed layer, configuration, manifest and index are each named", async () => {
  const [layered, configured, manifested] = [await pushed(), await pushed(), await pushed()];
  const index = await pushed(`platforms: ["linux/amd64", "linux/arm64"], attest: { sbom: true, provenance: true }, ${sign()}`);
  expect(await problemsOf(index)).toEqual([]);
  const { layers } = await manifestOf(digestOf(layered));
  await corrupt(layers[1]!.digest);
  expect(await problemsOf(layered)).toEqual([
    expect.stringMatching(new RegExp(`^layer ${layers[1]!.digest.slice(0, 19)}: is damaged \\(`)),
  ]);
  const { config } = await manifestOf(digestOf(configured));
  await corrupt(config.digest);
  expect(await problemsOf(configured)).toEqual([
    expect.stringMatching(new RegExp(`^config ${config.digest.slice(0, 19)}: is damaged \\(`)),
  ]);
  await corrupt(digestOf(manifested));
  expect((await problemsOf(manifested))[0]).toMatch(new RegExp(`^manifest ${digestOf(manifested).slice(0, 19)}: is damaged \\(`));
  await corrupt(digestOf(index));
  expect((await problemsOf(index))[0]).toMatch(new RegExp(`^(manifest|index) ${digestOf(index).slice(0, 19)}: is damaged \\(`));
});

test("a bundle that was changed in the registry is named", async () => {
  const ref = await pushed();
  const { digest } = (await bundlesOf(ref)).find(({ type }) => type === PredicateType.Provenance)!;
  await corrupt((await manifestOf(digest)).layers[0]!.digest);
  expect(await problemsOf(ref)).toEqual([
    expect.stringMatching(new RegExp(`^bundle ${digest.slice(0, 19)}: is damaged \\(`)),
    "provenance: is missing",
  ]);
});

test("a bill of materials with another content and the old signature is named", async () => {
  const ref = await pushed();
  const { bundle } = (await bundlesOf(ref)).find(({ type }) => type === PredicateType.CycloneDx)!;
  const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString()) as Statement;
  const payload = Buffer.from(JSON.stringify({ ...statement, predicate: { components: [] } })).toString("base64");
  await attach(ref, { ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, payload } });
  expect(await problemsOf(ref)).toEqual([
    expect.stringMatching(/^sbom sha256:[0-9a-f]{12}: has a signature that does not match .*slipway\.pub$/),
  ]);
});

test("the attestation of another image does not count", async () => {
  const [one, other] = [await pushed(), await pushed("attest: { sbom: false }")];
  const { bundle } = (await bundlesOf(one)).find(({ type }) => type === PredicateType.Signature)!;
  await attach(other, bundle);
  expect(await problemsOf(other, { require: ["signature"] })).toEqual([
    expect.stringMatching(/^signature sha256:[0-9a-f]{12}: is about another image$/),
    "signature: is missing",
  ]);
});

test("missing and unsigned attestations are named, and only what is required counts", async () => {
  const ref = await pushed("attest: { sbom: true, provenance: false }");
  expect(await problemsOf(ref)).toEqual([
    "signature: is missing",
    "provenance: is missing",
    expect.stringMatching(/^sbom: none counts: sha256:[0-9a-f]{12} is not signed; sha256:[0-9a-f]{12} is not signed$/),
  ]);
  expect(await problemsOf(await pushed(`attest: { sbom: false, provenance: false }, ${sign()}`), { require: ["signature"] })).toEqual([]);
});

test("an unknown key is named, and one that has ended", async () => {
  const ref = await pushed();
  expect(await problemsOf(ref, { key: [key("other")], require: ["signature"] })).toEqual([
    expect.stringMatching(/^signature: none counts: sha256:[0-9a-f]{12} is signed with an unknown key \(.{44}\)$/),
  ]);
  const before = process.cwd();
  process.chdir(folder);
  try {
    mkdirSync("keys");
    writeFileSync("keys/slipway.pub", readFileSync(key("slipway")));
    writeFileSync("keys/trusted.yaml", "keys: [{ file: slipway.pub, until: 2026-01-31 }]\n");
    expect(await problemsOf(ref, { key: [], require: ["signature"] })).toEqual([
      expect.stringMatching(/^signature: none counts: sha256:[0-9a-f]{12} is signed with keys\/slipway\.pub, which ended on 2026-01-31$/),
    ]);
  } finally {
    process.chdir(before);
  }
});

test("keyless: the identity of the CI job counts, and another one is named", async () => {
  using sigstore = await startSigstore();
  const root = join(folder, "root.json");
  writeFileSync(root, JSON.stringify(sigstore.trustedRoot));
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const subject = "https://github.com/acme/shop/.github/workflows/deploy.yml@refs/heads/main";
  const issuer = "https://token.actions.githubusercontent.com";
  const token = `${encode({ alg: "RS256" })}.${encode({ iss: issuer, sub: subject, aud: "sigstore" })}.AAAA`;
  const keyless = `attest: { sbom: true, provenance: true }, sign: { keyless: { fulcio: "${sigstore.url}", rekor: "${sigstore.url}" } }`;
  const ref = await pushed(keyless, { SIGSTORE_ID_TOKEN: token });
  const by = (identity: string) => ({ key: [], identity, issuer, trustedRoot: root });
  expect(await problemsOf(ref, by(subject))).toEqual([]);
  expect(await problemsOf(ref, { ...by("https://github.com/mallory/shop"), require: ["signature"] })).toEqual([
    expect.stringMatching(/^signature: none counts: sha256:[0-9a-f]{12} is signed by https:\/\/github\.com\/acme\/.* who is not trusted$/),
  ]);
});

test("before a deployment, existing images that lack what the stack requires are named", async () => {
  const [good, bad] = [await pushed(), await pushed("attest: { sbom: true }")];
  const supplyChain = { require: ["signature", "provenance", "sbom"], keys: [{ file: key("slipway") }] };
  const configuration = { supplyChain, services: { web: { image: good }, db: { image: bad }, own: { source: "app" } }, jobs: {} };
  expect(await unverifiedImages(configuration as unknown as Configuration)).toEqual([
    `db: ${bad} is rejected: signature: is missing.`,
    `db: ${bad} is rejected: provenance: is missing.`,
    expect.stringMatching(/^db: .* is rejected: sbom: none counts: /),
  ]);
  const soon = new Date(Date.now() + 24 * 3600_000).toISOString().slice(0, 10);
  const ending = {
    ...configuration,
    supplyChain: { ...supplyChain, keys: [{ file: key("slipway"), until: soon }] },
    services: { web: { image: good } },
  };
  const printed = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  expect(await unverifiedImages(ending as unknown as Configuration)).toEqual([]);
  expect(printed.mock.calls.join("")).toContain(`web: ${good} is only signed with keys that end soon: ${key("slipway")} on ${soon}.`);
  printed.mockClear();
  expect(await unverifiedImages({ ...configuration, services: { web: { image: good } } } as unknown as Configuration)).toEqual([]);
  expect(printed.mock.calls).toEqual([]);
  printed.mockRestore();
  const without = { ...configuration, supplyChain: {} };
  expect(await unverifiedImages(without as unknown as Configuration)).toEqual([]);
});

test("a statement on vulnerabilities counts if it is signed, and is only demanded if it is required", async () => {
  const require = ["vulnerabilities"];
  const ref = await pushed(`attest: { sbom: true, provenance: true, vulnerabilities: true }, ${sign()}`);
  expect([await problemsOf(ref), await problemsOf(ref, { require })]).toEqual([[], []]);
  expect(await problemsOf(await pushed(), { require })).toEqual(["vulnerabilities: is missing"]);
});
