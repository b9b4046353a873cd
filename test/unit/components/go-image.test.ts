import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { GoImage, type GoImageArgs } from "../../../components/go-image.ts";
import { keyHint, newKeyPair, openPublicKey } from "../../../lib/attestations/key-file.ts";
import { record, settle, tree } from "../harness.ts";

const repository = "registry.example/team/web";

const build = (args: Partial<GoImageArgs> = {}, preview = false) =>
  record(
    async () => {
      const image = new GoImage("web", { source: "app", repository, ...args });
      return { ref: await settle(image.ref) };
    },
    {
      preview,
      outputs: {
        "pulumi-nodejs:dynamic/slipway:RegistryPush": ({ inputs }) => ({ ref: `pushed ${inputs.repository}@${inputs.digest}` }),
        "pulumi-nodejs:dynamic/slipway:ImageAttestations": ({ inputs }) => ({ ref: `attested ${inputs.image}` }),
        "docker:index/image:Image": ({ inputs }) => ({ repoDigest: `${inputs.imageName.split(":")[0]}@sha256:docker` }),
      },
    },
  );

test("a GoImage has one child, the push, which provides its image reference", async () => {
  const { urns, resources, result } = await build();
  expect(tree(urns)).toEqual(["slipway:index:GoImage web", "slipway:index:GoImage$pulumi-nodejs:dynamic/slipway:RegistryPush web"]);
  const { inputs } = resources.find((r) => r.type.endsWith("RegistryPush"))!;
  expect(inputs.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(inputs.tag).toBe(inputs.digest.slice(7, 19));
  expect(result.ref).toEqual({ value: `pushed ${repository}@${inputs.digest}`, secret: false });
});

test("in a preview the reference is known before the push", async () => {
  const { resources, result } = await build({}, true);
  const { inputs } = resources.find((r) => r.type.endsWith("RegistryPush"))!;
  expect(result.ref.value).toBe(`${repository}@${inputs.digest}`);
});

test("a password reaches the push as a secret", async () => {
  const { resources } = await build({ credentials: { username: "robot", password: "pa55word" } });
  const { inputs } = resources.find((r) => r.type.endsWith("RegistryPush"))!;
  expect(inputs.username).toBe("robot");
  expect(inputs.password).toMatchObject({ value: "pa55word", [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig });
});

test("only a registry with an authority of its own or without TLS is pushed to with the Go program", async () => {
  const inputsOf = async (args: Partial<GoImageArgs>) => (await build(args)).resources.find((r) => r.type.endsWith("RegistryPush"))!.inputs;
  const usual = ["__provider", "attest", "attestations", "blobs", "digest", "repository", "tag"];
  expect(Object.keys(await inputsOf({ plainHttp: false })).sort()).toEqual(usual);
  for (const access of [{ ca: "certificates" }, { plainHttp: true }])
    expect(await inputsOf(access)).toMatchObject({ ...access, client: expect.stringMatching(/registry-client-[0-9a-f]+$/) as string });
});

describe("what is attached to the image", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-keys-"));
    const { privateKey, publicKey } = newKeyPair("correct horse battery");
    writeFileSync(join(folder, "slipway.key"), privateKey);
    writeFileSync(join(folder, "slipway.pub"), publicKey);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const pushOf = async (args: Partial<GoImageArgs>, preview = false) =>
    (await build(args, preview)).resources.find((r) => r.type.endsWith("RegistryPush"))!.inputs;

  test("by default it is everything, except for a registry on this machine", async () => {
    expect((await pushOf({})).attestations).toBe("sbom provenance vulnerabilities");
    for (const local of ["127.0.0.1:5001/web", "localhost:5001/web", "[::1]:5001/web"]) {
      const { attestations, attest } = await pushOf({ repository: local });
      expect([attestations, attest]).toEqual([undefined, undefined]);
    }
    expect((await pushOf({ repository: "127.0.0.1:5001/web", attest: { sbom: true } })).attestations).toBe("sbom");
    expect((await pushOf({ attest: { sbom: false, provenance: false, vulnerabilities: false } })).attestations).toBeUndefined();
  });

  test("a preview knows what it is, and asks neither git nor for a private key", async () => {
    const inputs = await pushOf({ sign: { key: join(folder, "slipway.key") } }, true);
    expect(inputs.attestations).toBe(`sbom provenance vulnerabilities signature ${keyHint(openPublicKey(join(folder, "slipway.pub")))}`);
    expect(inputs.attest).toBeUndefined();
  });

  test("an update hands over the parameters of the build and the commit, and no key", async () => {
    const key = join(folder, "slipway.key");
    const { attest } = await pushOf({
      version: "1",
      build: { tags: ["netgo"], assets: ["go.mod"] },
      sign: { key },
      attest: { vulnerabilities: false },
    });
    expect(attest.module).toBe(resolve("lib/attestations/attest-push.ts"));
    expect(JSON.parse(attest.request)).toEqual({
      sbom: true,
      provenance: true,
      sign: { key },
      build: { builder: "go", ownLayers: 3, parameters: { source: "app", version: "1", tags: ["netgo"], assets: ["go.mod"] } },
      source: expect.objectContaining({ commit: expect.stringMatching(/^[0-9a-f]{40}$/) as string, folder: "app" }) as object,
    });
  });

  test("an update hands over how the program is linked, and the exceptions that have not ended", async () => {
    const before = process.env["XDG_CACHE_HOME"];
    const cache = join(folder, "cache");
    mkdirSync(join(cache, "slipway/vulnerabilities/databases/v1"), { recursive: true });
    writeFileSync(join(cache, "slipway/vulnerabilities/database.json"), '{ "version": "v1", "date": "2026-11-05T23:49:57Z" }');
    process.env["XDG_CACHE_HOME"] = cache;
    try {
      const exceptions = [
        { id: "GO-1", reason: "a proxy is in front", until: "2999-12-31" },
        { id: "GO-2", reason: "ended", until: "2020-12-31" },
      ];
      const { attestations, attest } = await pushOf({ version: "1", attest: { sbom: false, provenance: false, exceptions } });
      const { vulnerabilities } = JSON.parse(attest.request);
      expect(vulnerabilities).toEqual({
        programs: [expect.objectContaining({ folder: resolve("app"), package: ".", linkFlags: "-s -w -X 'main.version=1'" })],
        exceptions: exceptions.slice(0, 1),
        exceptionsHash: expect.stringMatching(/^[0-9a-f]{12}$/),
      });
      expect(attestations).toBe(`vulnerabilities-${vulnerabilities.exceptionsHash}`);
    } finally {
      if (before === undefined) delete process.env["XDG_CACHE_HOME"];
      else process.env["XDG_CACHE_HOME"] = before;
    }
  });

  test("exactly one way of signing is needed", async () => {
    await expect(build({ sign: {} })).rejects.toThrow('GoImage "web": sign: must have one of key, kms and keyless (got none).');
  });

  describe("of an image from a Dockerfile", () => {
    const dockerfile = { args: { BASE: "registry.example/base:1", TOKEN: "hush" }, target: "run" };
    let source: string;
    beforeAll(() => {
      source = join(folder, "source");
      mkdirSync(source);
      writeFileSync(join(source, "Dockerfile"), "ARG BASE\nFROM golang:1.26 AS build\nFROM $BASE AS run\nCOPY --from=build /a /a\n");
    });
    const attachedTo = async (args: Partial<GoImageArgs>, preview = false) => {
      const { resources, result } = await build({ source, builder: "dockerfile", dockerfile, ...args }, preview);
      return { inputs: resources.find((r) => r.type.endsWith("ImageAttestations"))?.inputs as pulumi.Inputs, ref: result.ref.value };
    };

    test("by default it is everything, and nothing for a registry on this machine", async () => {
      const { inputs } = await attachedTo({ credentials: { username: "robot", password: "pa55word" } });
      expect(inputs).toMatchObject({ image: `${repository}@sha256:docker`, attestations: "sbom provenance", username: "robot" });
      const local = "127.0.0.1:5001/web";
      expect(await attachedTo({ repository: local })).toEqual({ inputs: undefined, ref: `${local.split(":")[0]}@sha256:docker` });
      expect((await attachedTo({ repository: local, attest: { sbom: true } })).inputs).toMatchObject({ attestations: "sbom" });
      expect((await attachedTo({ attest: { sbom: false, provenance: false } })).inputs).toBeUndefined();
    });

    test("a preview knows what it is, and keeps the reference of the image", async () => {
      const { inputs, ref } = await attachedTo({ sign: { key: join(folder, "slipway.key") } }, true);
      expect([inputs.attest, ref]).toEqual([undefined, `${repository}@sha256:docker`]);
      expect(inputs.attestations).toBe(`sbom provenance signature ${keyHint(openPublicKey(join(folder, "slipway.pub")))}`);
    });

    test("the provenance has names of arguments and secrets without their values, and the base images", async () => {
      const { inputs } = await attachedTo({ dockerfile: { ...dockerfile, secrets: { npm: "hush-2" } }, platforms: ["linux/arm64"] });
      const { request } = inputs.attest as { request: string };
      expect(request).not.toContain("hush");
      expect(JSON.parse(request).build).toEqual({
        builder: "dockerfile",
        parameters: { source, dockerfile: "Dockerfile", target: "run", platform: "linux/arm64", args: ["BASE", "TOKEN"], secrets: ["npm"] },
        bases: ["registry.example/base:1", "golang:1.26"],
      });
    });
  });
});

test("with nodes it is loaded into them, and nothing is pushed", async () => {
  const { resources, urns } = await build({ nodes: ["kind-control-plane"] });
  expect(tree(urns)).toEqual(["slipway:index:GoImage web", "slipway:index:GoImage$pulumi-nodejs:dynamic/slipway:NodeImage web"]);
  const { inputs } = resources.find((r) => r.type.endsWith("NodeImage"))!;
  expect(inputs).toMatchObject({ repository, nodes: ["kind-control-plane"], digest: expect.stringMatching(/^sha256:/) as string });
  const pushed = (await build()).resources.find((r) => r.type.endsWith("RegistryPush"))!;
  expect(inputs["digest"]).not.toBe(pushed.inputs["digest"]);
  await expect(build({ nodes: ["kind-control-plane"], builder: "dockerfile" })).rejects.toThrow(
    'GoImage "web": nodes: is not supported for builder "dockerfile". Push to a registry, or use builder "go".',
  );
});

test("with the builder dockerfile it has a docker.Image and a RegistryPresence for its tag", async () => {
  const { urns, resources, result } = await build({ builder: "dockerfile", platforms: ["linux/arm64"] });
  const child = "slipway:index:GoImage$";
  expect(tree(urns)).toEqual([
    "slipway:index:GoImage web",
    `${child}docker:index/image:Image web`,
    `${child}pulumi-nodejs:dynamic/slipway:ImageAttestations web`,
    `${child}pulumi-nodejs:dynamic/slipway:RegistryPresence web`,
  ]);
  const image = resources.find((r) => r.type === "docker:index/image:Image")!.inputs;
  expect(image.imageName).toMatch(/^registry\.example\/team\/web:[0-9a-f]{12}$/);
  expect(image.build).toMatchObject({
    context: ".slipway/contexts/web",
    dockerfile: ".slipway/contexts/web/Dockerfile",
    platform: "linux/arm64",
  });
  expect(image.buildOnPreview).toBe(false);
  expect(result.ref.value).toBe(`attested ${repository}@sha256:docker`);
});

test("the builder dockerfile builds the given file and stage with its arguments", async () => {
  const source = mkdtempSync(join(tmpdir(), "slipway-"));
  writeFileSync(join(source, "run.Dockerfile"), "FROM scratch AS run\n");
  try {
    const { resources } = await build({
      source,
      builder: "dockerfile",
      dockerfile: { file: "run.Dockerfile", target: "run", args: { A: "1" } },
    });
    const { inputs } = resources.find((r) => r.type === "docker:index/image:Image")!;
    expect(inputs.build).toMatchObject({ dockerfile: ".slipway/contexts/web/run.Dockerfile", target: "run", args: { A: "1" } });
  } finally {
    rmSync(source, { recursive: true });
  }
});

test("a Dockerfile with secret mounts is built by a SecretBuild, which keeps the values secret", async () => {
  const source = mkdtempSync(join(tmpdir(), "slipway-"));
  writeFileSync(join(source, "Dockerfile"), "FROM scratch\n");
  try {
    const { resources, urns } = await build({
      source,
      builder: "dockerfile",
      platforms: ["linux/arm64"],
      dockerfile: { args: { A: "1" }, secrets: { token: "hush" } },
    });
    expect(tree(urns)).toEqual([
      "slipway:index:GoImage web",
      "slipway:index:GoImage$pulumi-nodejs:dynamic/slipway:ImageAttestations web",
      "slipway:index:GoImage$pulumi-nodejs:dynamic/slipway:SecretBuild web",
    ]);
    const { inputs } = resources.find(({ type }) => type.endsWith(":SecretBuild"))!;
    const { __provider: _, tag, secrets, ...given } = inputs;
    // In this form the engine gets secrets.
    expect(secrets).toEqual({ [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig, value: { token: "hush" } });
    expect(tag).toMatch(/^[0-9a-f]{12}$/);
    expect(given).toEqual({
      context: ".slipway/contexts/web",
      dockerfile: "Dockerfile",
      args: { A: "1" },
      platform: "linux/arm64",
      repository,
    });
  } finally {
    rmSync(source, { recursive: true });
  }
});

test("the builder dockerfile rejects several platforms and names the remedy", async () => {
  await expect(build({ builder: "dockerfile", platforms: ["linux/amd64", "linux/arm64"] })).rejects.toThrow(
    'GoImage "web": platforms: must be a single platform for builder "dockerfile" (got linux/amd64, linux/arm64). Set one, or use builder "go".',
  );
});
