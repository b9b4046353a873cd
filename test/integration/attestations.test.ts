import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { RegistryStore } from "../../cli/images/registry-store.ts";
import { verifyImage } from "../../cli/verify/verify.ts";
import { bundleMediaType } from "../../lib/attestations/attach.ts";
import { newKeyPair } from "../../lib/attestations/key-file.ts";
import { inTotoMediaType, PredicateType, type Statement } from "../../lib/attestations/statement.ts";
import { command } from "../../lib/command.ts";
import { scanGoImage } from "../../components/vulnerability-scan.ts";
import { goArchitecture } from "../../lib/go-architecture.ts";
import { goProgram } from "../../lib/go-program.ts";
import { knownDatabase } from "../../lib/vulnerabilities/database.ts";
import { pollUntil } from "../../lib/poll.ts";
import { copyImages, referrersOf, type Referrer } from "../../lib/registry-client.ts";
import { toolProgram } from "../../scripts/tool-programs.ts";
import { EngineProject } from "../engine-project.ts";
import { AwsSimulator } from "./aws-simulator.ts";
import { otherPort } from "./checkout.ts";
import { startSigstore } from "./sigstore-services.ts";
import { startRegistry } from "./test-objects.ts";

// Attestations of a GoImage in a real registry, which has no API for referrers. What is signed, cosign verifies. Fulcio and Rekor are those of
// Sigstore's own tests, and AWS KMS is moto, so the tests prove nothing about accounts and rights there.

const port = otherPort;
const repository = `127.0.0.1:${port}/team/web`;
const passphrase = "correct horse battery";
const running = new AsyncDisposableStack();
let folder: string;
let project: EngineProject;
let cosign: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-attestations-"));
  running.defer(() => rmSync(folder, { recursive: true }));
  ({ path: cosign } = await toolProgram("cosign"));
  running.use(await startRegistry("slipway-integration-attestations", port, { env: ["REGISTRY_STORAGE_DELETE_ENABLED=true"] }));
  for (const name of ["slipway", "other"]) {
    const { privateKey, publicKey } = newKeyPair(passphrase);
    writeFileSync(join(folder, `${name}.key`), privateKey);
    writeFileSync(join(folder, `${name}.pub`), publicKey);
  }
});
afterAll(() => running.disposeAsync());

beforeEach(() => (project = new EngineProject()));
afterEach(() => project[Symbol.dispose]());

const image = (args: string, of = repository) =>
  `const image = new GoImage("web", { source: "${resolve("app")}", repository: "${of}", ${args} }); return { ref: image.ref };`;
const attestAll = "attest: { sbom: true, provenance: true }";
const signed = (name = "slipway") => `${attestAll}, sign: { key: "${join(folder, name)}.key" }`;
const withPassphrase = { SLIPWAY_KEY_PASSPHRASE: passphrase };

/** Runs `up`, and returns the image by digest. */
async function up(program: string, env: Record<string, string> = withPassphrase): Promise<string> {
  project.write(program);
  const { code, out } = await project.run("up", env);
  expect([code, out]).toEqual([0, expect.any(String)]);
  return JSON.parse((await project.run("outputs")).out).ref as string;
}

const attached = (ref: string) => referrersOf(ref, { artifactTypes: [bundleMediaType, inTotoMediaType], contents: true });
const digestsOf = async (ref: string) => (await attached(ref)).map(({ digest }) => digest).sort();
const json = (base64: string): unknown => JSON.parse(Buffer.from(base64, "base64").toString());
const all = [PredicateType.CycloneDx, PredicateType.Spdx, PredicateType.Provenance, PredicateType.Signature];

/** The statement in an attestation that is not signed. */
async function statementIn(ref: string, type: PredicateType): Promise<Statement> {
  const statements = (await attached(ref)).map(({ content = "" }: Referrer) => json(content) as Statement);
  return statements.find(({ predicateType }) => predicateType === type)!;
}

/** The statement in a bundle. */
async function signedStatementIn(ref: string, type: PredicateType): Promise<Statement> {
  const payloads = (await attached(ref)).map(
    ({ content = "" }) => (json(content) as { dsseEnvelope: { payload: string } }).dsseEnvelope.payload,
  );
  return payloads.map((payload) => json(payload) as Statement).find(({ predicateType }) => predicateType === type)!;
}

/** Verifies the image, or an attestation of it, with cosign: as somebody does who knows only the public key or the identity. */
async function verify(ref: string, type: PredicateType, how: string[] = byKey("slipway")): Promise<void> {
  const of = type === PredicateType.Signature ? ["verify"] : ["verify-attestation", "--type", type];
  await command(cosign, [...of, ...how, ref], { env: { HOME: folder }, lines: 3 });
}
const byKey = (name: string) => ["--key", join(folder, `${name}.pub`), "--insecure-ignore-tlog=true"];

describe("signed with a key file", () => {
  let ref: string;
  let digests: string[];

  test("cosign verifies the image, its bills of materials and its provenance", async () => {
    ref = await up(image(`version: "key", ${signed()}`));
    digests = await digestsOf(ref);
    expect(digests).toHaveLength(4);
    for (const type of all) await verify(ref, type);
  });

  test("cosign rejects another key", async () => {
    for (const type of all)
      await expect(verify(ref, type, byKey("other"))).rejects.toThrow(/invalid signature|could not verify|failed to verify/);
  });

  test("an unchanged source attaches nothing, also from another machine", async () => {
    expect(await up(image(`version: "key", ${signed()}`))).toBe(ref);
    expect(await up(image(`version: "key", ${signed()}`))).toBe(ref);
    expect(await digestsOf(ref)).toEqual(digests);
  });

  test("with another key it is signed again", async () => {
    expect(await up(image(`version: "key", ${signed("other")}`))).toBe(ref);
    expect(await digestsOf(ref)).toHaveLength(8);
    for (const type of all) for (const key of ["slipway", "other"]) await verify(ref, type, byKey(key));
  });

  test("a wrong passphrase fails before anything is pushed", async () => {
    project.write(`await GoImage.compile({ source: "${resolve("app")}", sign: { key: "${folder}/slipway.key" } });`);
    const { code, out } = await project.run("up", { SLIPWAY_KEY_PASSPHRASE: "a wrong passphrase" });
    expect([code, out]).toEqual([1, expect.stringContaining(`${folder}/slipway.key: the private key cannot be opened.`)]);
    expect(out).not.toContain("a wrong passphrase");
  });

  test("a copy in another repository has all of it", async () => {
    const [copy] = await copyImages([{ image: ref, repository: `127.0.0.1:${port}/prod/web`, tag: "copy" }], {});
    expect(copy).toEqual({ digest: ref.split("@")[1] });
    const copied = `127.0.0.1:${port}/prod/web@${copy!.digest}`;
    expect(await digestsOf(copied)).toEqual(await digestsOf(ref));
    for (const type of all) await verify(copied, type);
  });
});

describe("the statement on vulnerabilities", () => {
  const attestVex = (more = "") => `attest: { sbom: false, provenance: false, vulnerabilities: true, ${more} }`;
  const documents = async (ref: string) =>
    (await attached(ref)).map(({ content = "" }) => {
      const { dsseEnvelope, ...statement } = json(content) as Statement & { dsseEnvelope?: { payload: string } };
      return dsseEnvelope ? (json(dsseEnvelope.payload) as Statement) : statement;
    });
  interface Vex {
    vulnerability: { name: string; aliases: string[] };
    products: { "@id": string; subcomponents: { "@id": string }[] }[];
    status: string;
    justification?: string;
  }
  const statementsOf = ({ predicate }: Statement) => predicate["statements"] as Vex[];

  test("says of each vulnerability whether the program has its function, and cosign verifies it", async () => {
    const ref = await up(image(`version: "vex", ${attestVex()}, sign: { key: "${join(folder, "slipway")}.key" }`));
    await verify(ref, PredicateType.OpenVex);
    await expect(verify(ref, PredicateType.OpenVex, byKey("other"))).rejects.toThrow(/invalid signature|could not verify|failed to verify/);
    const [vex] = (await documents(ref)).filter(({ predicateType }) => predicateType === PredicateType.OpenVex);
    expect(vex!.subject).toEqual([{ name: repository, digest: { sha256: ref.split("@sha256:")[1] } }]);
    expect(vex!.predicate).toMatchObject({
      "@context": "https://openvex.dev/ns/v0.2.0",
      "@id": expect.stringMatching(/^https:\/\/openvex\.dev\/docs\/public\/vex-[0-9a-f]{64}$/),
      author: expect.any(String),
      tooling: expect.stringContaining("golang.org/x/vulndb v0.0.0-"),
    });
    const statements = statementsOf(vex!);
    // The same that the source scan of the program finds: a program without symbols would have more.
    const { findings } = await scanGoImage({ source: resolve("app"), version: "vex" }, (await knownDatabase())!, "web");
    const reachable = findings.filter(({ level }) => level === "reachable").map(({ id }) => id);
    expect(statements.filter(({ status }) => status === "affected").map(({ vulnerability }) => vulnerability.name)).toEqual(reachable);
    for (const { products, status, justification } of statements) {
      expect(decodeURIComponent(products[0]!["@id"])).toBe(
        `pkg:oci/web@${ref.split("@")[1]}?arch=${goArchitecture}&repository_url=${repository}`,
      );
      expect([status, justification]).toEqual(
        status === "affected" ? ["affected", undefined] : ["not_affected", "vulnerable_code_not_present"],
      );
    }
  });

  test("exceptions are in it; other ones are another statement, and the same ones none", async () => {
    const ref = await up(image(`version: "excepted", ${attestVex()}`));
    const [first] = await documents(ref);
    const affected = statementsOf(first!).filter(({ status }) => status === "affected");
    const [a, b] = affected.map(({ vulnerability }) => vulnerability);
    const exceptions = `exceptions: [
      { id: "${a!.aliases[0]}", reason: "only HTTP/1", until: "2999-12-31", status: "not_affected", justification: "vulnerable_code_cannot_be_controlled_by_adversary" },
      { id: "${b!.name}", reason: "a proxy is in front", until: "2999-12-31" },
      { id: "${b!.name}", reason: "ended", until: "2020-12-31", status: "not_affected" },
    ]`;
    expect(await up(image(`version: "excepted", ${attestVex(exceptions)}`))).toBe(ref);
    expect(await up(image(`version: "excepted", ${attestVex(exceptions)}`))).toBe(ref);
    const all = await documents(ref);
    expect(all).toHaveLength(2);
    const second = all.find(({ predicate }) => predicate["@id"] !== first!.predicate["@id"])!;
    const of = (name: string) => statementsOf(second).find(({ vulnerability }) => vulnerability.name === name);
    expect(of(a!.name)).toMatchObject({
      status: "not_affected",
      justification: "vulnerable_code_cannot_be_controlled_by_adversary",
      impact_statement: "only HTTP/1",
    });
    expect(of(b!.name)).toMatchObject({ status: "affected", action_statement: "Accepted until 2999-12-31: a proxy is in front" });
  });

  test("each platform of an index is scanned, and the index has the statement", async () => {
    const ref = await up(image(`version: "both", platforms: ["linux/amd64", "linux/arm64"], ${attestVex()}`));
    const [vex, ...others] = await documents(ref);
    expect(others).toEqual([]);
    expect(vex!.subject).toHaveLength(3);
    expect(statementsOf(vex!)[0]!.products).toHaveLength(3);
  });

  test("without a database nothing is attached, and it is said", async () => {
    const cache = mkdtempSync(join(tmpdir(), "slipway-cache-"));
    try {
      project.write(image(`version: "unknown", ${attestVex()}`));
      const { code, out } = await project.run("up", { XDG_CACHE_HOME: cache });
      expect([code, out]).toEqual([
        0,
        expect.stringContaining("note: new images get no OpenVEX statement, because there is no vulnerability database."),
      ]);
      expect(await attached(JSON.parse((await project.run("outputs")).out).ref as string)).toEqual([]);
    } finally {
      rmSync(cache, { recursive: true });
    }
  });
});

describe("without a signature", () => {
  test("the bill of materials names Go, the modules and the files, and the provenance the commit and this machine", async () => {
    const ref = await up(image(`version: "1", labels: { a: "b" }, ${attestAll}`));
    const { subject, predicate } = await statementIn(ref, PredicateType.CycloneDx);
    expect(subject).toEqual([{ name: repository, digest: { sha256: ref.split("@sha256:")[1] } }]);
    const go = (await command("go", ["env", "GOVERSION"])).trim().slice("go".length);
    const components = predicate["components"] as { name: string; version?: string; purl?: string; hashes?: object[] }[];
    expect(components.find(({ name }) => name === "std")).toMatchObject({ version: go, purl: `pkg:golang/std@${go}` });
    expect(components.filter(({ hashes }) => hashes).map(({ name }) => name)).toEqual([
      "/app",
      "/etc/group",
      "/etc/passwd",
      "/etc/ssl/certs/ca-certificates.crt",
    ]);
    const provenance = (await statementIn(ref, PredicateType.Provenance)).predicate;
    expect(provenance).toMatchObject({
      buildDefinition: {
        externalParameters: { version: "1", labels: { a: "b" } },
        internalParameters: { go: { version: go, settings: { "-trimpath": "true", CGO_ENABLED: "0" } } },
        resolvedDependencies: [{ digest: { gitCommit: (await command("git", ["rev-parse", "HEAD"])).trim() } }],
      },
      runDetails: { builder: { id: "https://slipway.dev/builders/workstation", slipway_buildLevel: 1 } },
    });
  });

  test("each platform of an index has a bill of materials, and the index has the provenance of all", async () => {
    const ref = await up(image(`platforms: ["linux/amd64", "linux/arm64"], ${attestAll}`));
    const provenance = await statementIn(ref, PredicateType.Provenance);
    expect(provenance.subject).toHaveLength(3);
    const children = provenance.subject.slice(1).map(({ digest }) => `${repository}@sha256:${digest["sha256"]}`);
    for (const [i, child] of children.entries()) {
      expect(await attached(child)).toHaveLength(2);
      const { predicate } = await statementIn(child, PredicateType.CycloneDx);
      const { purl } = (predicate["metadata"] as { component: { purl: string } }).component;
      expect(purl).toContain(`arch=${["amd64", "arm64"][i]}`);
    }
    await copyImages([{ image: ref, repository: `127.0.0.1:${port}/prod/both`, tag: "copy" }], {});
    for (const child of [...children, ref])
      expect(await digestsOf(child.replace("/team/web", "/prod/both"))).toEqual(await digestsOf(child));
  });

  test("deleting an image deletes its attestations, and keeps those of others", async () => {
    const below = `127.0.0.1:${port}/pruned/web`;
    const [kept, unused] = [
      await up(image(`version: "kept", ${attestAll}`, below)),
      await up(image(`version: "unused", ${attestAll}`, below)),
    ];
    const store = new RegistryStore(`127.0.0.1:${port}`, "pruned/");
    const listed = await store.images();
    expect(listed.map((one) => `${one.repository}@${one.digest}`).sort()).toEqual([kept, unused].sort());
    const [before, gone] = [await digestsOf(kept), await digestsOf(unused)];
    await store.remove(listed.filter(({ digest }) => unused.endsWith(digest)));
    // The registry starts again.
    await pollUntil(
      () =>
        fetch(`http://127.0.0.1:${port}/v2/`).then(
          () => true,
          () => false,
        ),
      { timeoutSeconds: 60 },
    );
    expect(await digestsOf(kept)).toEqual(before);
    expect(await attached(unused)).toEqual([]);
    for (const digest of gone) expect((await fetch(`http://127.0.0.1:${port}/v2/pruned/web/manifests/${digest}`)).status).toBe(404);
    expect((await store.images()).map(({ digest }) => digest)).toEqual([kept.split("@")[1]]);
  });
});

describe("built from a Dockerfile", () => {
  let base: string;
  let source: string;
  let ref: string;
  let digests: string[];
  const built = (more = signed()) =>
    image(`builder: "dockerfile", dockerfile: { args: { BASE: "${base}", TOKEN: "hush" } }, ${more}`).replace(resolve("app"), source);

  beforeAll(() => {
    source = join(folder, "source");
    mkdirSync(source);
    const lines = ["ARG BASE", "FROM $BASE AS base", "FROM scratch", "ARG TOKEN", "COPY --from=base /app /bin/web"];
    writeFileSync(
      join(source, "Dockerfile"),
      [...lines, "COPY status /var/lib/dpkg/", "COPY os-release /usr/lib/", "COPY readme /", ""].join("\n"),
    );
    writeFileSync(join(source, "status"), "Package: tzdata\nStatus: install ok installed\nVersion: 2026a-1\nArchitecture: all\n");
    writeFileSync(join(source, "os-release"), 'ID=debian\nVERSION_ID="13"\n');
    writeFileSync(join(source, "readme"), "hello\n");
  });

  test("cosign verifies the image, its bills of materials and its provenance", async () => {
    base = await up(image(`version: "base"`));
    ref = await up(built());
    digests = await digestsOf(ref);
    expect(digests).toHaveLength(4);
    for (const type of all) await verify(ref, type);
  });

  test("the bill of materials names its packages, and the modules of its Go programs", async () => {
    const { predicate } = await signedStatementIn(ref, PredicateType.CycloneDx);
    const components = predicate["components"] as { name: string; purl?: string; hashes?: object[] }[];
    const purls = components.flatMap(({ purl }) => purl ?? []);
    const go = (await command("go", ["env", "GOVERSION"])).trim().slice("go".length);
    expect(purls).toEqual(expect.arrayContaining([`pkg:golang/std@${go}`, "pkg:deb/debian/tzdata@2026a-1?arch=all&distro=debian-13"]));
    expect(components.filter(({ hashes }) => hashes).map(({ name }) => name)).toEqual(["/bin/web"]);
  });

  test("the provenance names the Dockerfile, arguments without their values, and the base image by digest", async () => {
    const { predicate } = await signedStatementIn(ref, PredicateType.Provenance);
    const [name, digest] = base.split("@sha256:");
    expect(predicate["buildDefinition"]).toMatchObject({
      buildType: "https://slipway.dev/build-types/dockerfile/v1",
      externalParameters: { source, dockerfile: "Dockerfile", args: ["BASE", "TOKEN"] },
      resolvedDependencies: [{ uri: `oci://${name}`, digest: { sha256: digest } }],
    });
    expect(JSON.stringify(predicate)).not.toContain("hush");
  });

  test("a preview of an unchanged source shows nothing, and an update attaches nothing", async () => {
    project.write(built());
    expect((await project.run("up", withPassphrase)).code).toBe(0);
    const { code, out } = await project.run("preview");
    expect([code, out]).toEqual([0, expect.not.stringMatching(/ImageAttestations|docker:Image/)]);
    expect(await up(built())).toBe(ref);
    expect(await digestsOf(ref)).toEqual(digests);
  });

  test("without attestations, there is neither one nor a resource for it", async () => {
    project.write(built("attest: { sbom: false, provenance: false }"));
    const { code, out } = await project.run("up");
    expect([code, out]).toEqual([0, expect.not.stringContaining("ImageAttestations")]);
  });
});

test("a registry with the API for referrers lists the same, and has no tag for them", async () => {
  const child = spawn(await goProgram(join(import.meta.dirname, "referrers-registry")), [String(port + 20)]);
  try {
    const address = `127.0.0.1:${port + 20}`;
    await pollUntil(
      () =>
        fetch(`http://${address}/v2/`).then(
          () => true,
          () => false,
        ),
      { timeoutSeconds: 30 },
    );
    const ref = await up(image(`version: "api", ${signed()}`, `${address}/team/web`));
    for (const type of all) await verify(ref, type);
    const { tags } = (await (await fetch(`http://${address}/v2/team/web/tags/list`)).json()) as { tags: string[] };
    expect(tags).toEqual([ref.split("@sha256:")[1]!.slice(0, 12)]);
    // As a promotion does: to a registry without the API, and from there to one with it.
    const [without, back] = [`127.0.0.1:${port}/promoted/web`, `${address}/promoted/web`];
    const digest = ref.split("@")[1]!;
    for (const [from, to] of [
      [ref, without],
      [`${without}@${digest}`, back],
    ] as const)
      expect(await copyImages([{ image: from, repository: to, tag: "copy" }], {})).toEqual([{ digest }]);
    for (const image of [ref, `${without}@${digest}`, `${back}@${digest}`]) {
      const options = { key: [join(folder, "slipway.pub")], identity: undefined, issuer: undefined, trustedRoot: undefined, require: [] };
      const { attestations, problems } = await verifyImage(image, options);
      expect([attestations.length, problems]).toEqual([4, []]);
    }
  } finally {
    child.kill();
  }
});

test("keyless: cosign verifies the identity of the CI job, and rejects another one", async () => {
  using sigstore = await startSigstore();
  writeFileSync(join(folder, "root.json"), JSON.stringify(sigstore.trustedRoot));
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const workflow = "https://github.com/acme/shop/.github/workflows/deploy.yml@refs/heads/main";
  const issuer = "https://token.actions.githubusercontent.com";
  const token = `${encode({ alg: "RS256" })}.${encode({ iss: issuer, sub: workflow, aud: "sigstore" })}.AAAA`;
  const hosted = {
    SIGSTORE_ID_TOKEN: token,
    GITHUB_ACTIONS: "true",
    RUNNER_ENVIRONMENT: "github-hosted",
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: "acme/shop",
    GITHUB_RUN_ID: "7",
  };
  const keyless = `sign: { keyless: { fulcio: "${sigstore.url}", rekor: "${sigstore.url}" } }`;
  const ref = await up(image(`version: "keyless", ${attestAll}, ${keyless}`), hosted);
  const how = (identity: string) => [
    ...["--trusted-root", join(folder, "root.json"), "--certificate-identity", identity, "--certificate-oidc-issuer", issuer],
  ];
  for (const type of all) await verify(ref, type, how(workflow));
  await expect(verify(ref, PredicateType.Signature, how("https://github.com/mallory/shop"))).rejects.toThrow(/no matching|expected/);
});

test("AWS KMS: cosign verifies with the public key of the KMS key", async () => {
  using aws = await AwsSimulator.start(port + 21);
  const { KeyMetadata } = await aws.call("kms", "create_key", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
  const id = KeyMetadata.KeyId as string;
  const ref = await up(image(`version: "kms", ${attestAll}, sign: { kms: "${id}" }`), aws.env);
  const der = await command("aws", ["kms", "get-public-key", "--key-id", id, "--query", "PublicKey", "--output", "text"], { env: aws.env });
  writeFileSync(
    join(folder, "kms.pub"),
    `-----BEGIN PUBLIC KEY-----\n${der.trim().replace(/(.{64})/g, "$1\n")}\n-----END PUBLIC KEY-----\n`,
  );
  for (const type of all) await verify(ref, type, byKey("kms"));
});
