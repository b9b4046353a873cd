import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { digestIn } from "../../../components/internal/registry.ts";
import { presence, provider } from "../../../components/internal/registry-push.ts";
import { Compression, image, index, layer, type OciImage } from "../../../lib/oci.ts";
import { Answer, HttpApi, type ApiRequest } from "../http-api.ts";

const variables = ["DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "PATH"];
const before = variables.map((name) => [name, process.env[name]] as const);

let registry: HttpApi;
let folder: string;
let content: OciImage;
beforeEach(async () => {
  registry = await new HttpApi().open("tcp");
  folder = mkdtempSync(join(tmpdir(), "slipway-registry-"));
  process.env["DOCKER_CONFIG"] = folder;
  const layers = [await layer([{ path: "app", mode: 0o755, content: "app" }], Compression.Gzip)];
  content = index([image({ os: "linux", architecture: "amd64" }, layers, {})]);
  mkdirSync(join(folder, "sha256"));
  for (const [digest, blob] of content.blobs) writeFileSync(join(folder, digest.replace(":", "/")), blob);
});
afterEach(() => {
  registry.close();
  rmSync(folder, { recursive: true });
  for (const [name, value] of before)
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
});

const host = () => registry.host.slice("http://".length);
const inputs = (more: object = {}) => ({
  repository: `${host()}/team/web`,
  tag: "1",
  digest: content.descriptor.digest,
  blobs: folder,
  ...more,
});
const login = (config: object) => writeFileSync(join(folder, "config.json"), JSON.stringify(config));
const manifest = (digest: string) => new Answer(200, "", { "docker-content-digest": digest, "content-type": content.descriptor.mediaType });
const calls = () => registry.requests.map(({ call }) => call);
const pushes = () => registry.requests.filter(({ call }) => call.startsWith("PUT "));

/** A registry that accepts everything, with the given tags. */
function accepting(tags: Record<string, string> = {}): void {
  registry.answers = { "POST /v2/team/web/blobs/uploads/": new Answer(202, "", { location: "/v2/team/web/blobs/uploads/1" }) };
  for (const [tag, digest] of Object.entries(tags)) registry.answers[`HEAD /v2/team/web/manifests/${tag}`] = manifest(digest);
  registry.answers["PUT /v2/team/web/blobs/uploads/1"] = new Answer(201);
  for (const reference of [...content.blobs.keys(), "1"])
    registry.answers[`PUT /v2/team/web/manifests/${reference}`] = ({ call }: ApiRequest) =>
      new Answer(201, "", { "docker-content-digest": call.split("/").at(-1)!, location: "/" });
}

describe("a push", () => {
  test("uploads all blobs, then the manifests, the tag last", async () => {
    accepting();
    expect(await provider.create(inputs())).toEqual({
      id: `${host()}/team/web`,
      outs: { ...inputs(), ref: `${host()}/team/web@${content.descriptor.digest}` },
    });
    const [indexed] = JSON.parse(Buffer.from(content.blobs.get(content.descriptor.digest)!).toString()).manifests;
    const manifestOf = JSON.parse(Buffer.from(content.blobs.get(indexed.digest)!).toString());
    const blobs = pushes().filter(({ call }) => call.includes("/blobs/"));
    expect(blobs.map(({ query }) => query["digest"]).sort()).toEqual([manifestOf.config.digest, manifestOf.layers[0].digest].sort());
    const order = pushes().map(({ call }) => (call.includes("/blobs/") ? "blob" : call.split("/").at(-1)));
    expect(order).toEqual(["blob", "blob", indexed.digest, "1"]);
    expect(JSON.stringify(pushes().at(-1)!.body)).toBe(Buffer.from(content.blobs.get(content.descriptor.digest)!).toString());
  });

  test("is not repeated if the tag already has the digest", async () => {
    accepting({ 1: content.descriptor.digest });
    expect((await provider.update!("id", inputs(), inputs())).outs).toMatchObject({
      ref: `${host()}/team/web@${content.descriptor.digest}`,
    });
    expect(pushes()).toEqual([]);
  });

  test("replaces a tag with another digest", async () => {
    accepting({ 1: `sha256:${"0".repeat(64)}` });
    await provider.update!("id", inputs(), inputs());
    expect(pushes().at(-1)!.call).toBe("PUT /v2/team/web/manifests/1");
  });

  test("that fails names the repository, and says how to log in if the credentials are rejected", async () => {
    registry.answers = { "POST /v2/team/web/blobs/uploads/": new Answer(403, "") };
    await expect(provider.create(inputs())).rejects.toThrow(
      /^127\.0\.0\.1:\d+\/team\/web: the push failed: .*\. Log in to the registry with slipway login or docker login, or set credentials that may push\.$/,
    );
    registry.answers = { "POST /v2/team/web/blobs/uploads/": new Answer(400, "") };
    await expect(provider.create(inputs())).rejects.toThrow(/received 400\.$/);
  });

  test("differs in repository, tag and digest, and another repository replaces it", async () => {
    const olds = inputs();
    const access = { username: "a", password: "b", ca: "c", plainHttp: true, client: "/other" };
    expect(await provider.diff!("", olds, inputs({ ...access, blobs: "/other" }))).toEqual({
      changes: false,
      replaces: [],
    });
    expect(await provider.diff!("", olds, inputs({ tag: "2" }))).toEqual({ changes: true, replaces: [] });
    expect(await provider.diff!("", olds, inputs({ attestations: "sbom" }))).toEqual({ changes: true, replaces: [] });
    expect(await provider.diff!("", olds, inputs({ attest: { module: "/other", request: "{}" } }))).toEqual({
      changes: false,
      replaces: [],
    });
    expect(await provider.diff!("", olds, inputs({ digest: "other" }))).toEqual({ changes: true, replaces: [] });
    expect(await provider.diff!("", olds, inputs({ repository: "other" }))).toEqual({ changes: true, replaces: ["repository"] });
  });

  test("is missing if the registry does not have the digest; rejected credentials do not mean that", async () => {
    expect(await provider.read!("id", inputs())).toEqual({ id: "", props: {} });
    const reference = `HEAD /v2/team/web/manifests/${content.descriptor.digest}`;
    registry.answers = { [reference]: manifest(content.descriptor.digest) };
    expect(await provider.read!("id", inputs())).toEqual({ id: "id", props: inputs() });
    for (const status of [401, 403]) {
      registry.answers = { [reference]: new Answer(status, "") };
      expect(await provider.read!("id", inputs())).toEqual({ id: "id", props: inputs() });
    }
    registry.close();
    const gone = inputs();
    registry = await new HttpApi().open("tcp");
    expect(await provider.read!("id", { ...gone, repository: "127.0.0.1:1/team/web" })).toEqual({ id: "", props: {} });
  });
});

describe("the presence of a tag", () => {
  const of = (more: object = {}) => ({ repository: `${host()}/team/web`, tag: "1", ...more });

  test("has a generation that only a new resource changes", async () => {
    const { id, outs } = await presence.create(of());
    expect(id).toBe(of().repository);
    expect(outs.generation).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect((await presence.update!("id", outs, of({ tag: "2" }))).outs).toEqual({ ...of({ tag: "2" }), generation: outs.generation });
    expect(await presence.diff!("", of(), of())).toEqual({ changes: false });
    expect(await presence.diff!("", of(), of({ username: "a", password: "b" }))).toEqual({ changes: false });
    expect(await presence.diff!("", of(), of({ tag: "2" }))).toEqual({ changes: true });
    expect(await presence.diff!("", of(), of({ repository: "other" }))).toEqual({ changes: true });
  });

  test("ends if the registry does not have the tag", async () => {
    expect(await presence.read!("id", of())).toEqual({ id: "", props: {} });
    accepting({ 1: "sha256:1" });
    expect(await presence.read!("id", of())).toEqual({ id: "id", props: of() });
    expect(calls()).toContain("HEAD /v2/team/web/manifests/1");
  });
});

describe("the digest of a tag", () => {
  test("is that of the registry, and unknown without the tag or the registry", async () => {
    accepting({ 1: "sha256:1" });
    expect(await digestIn(inputs(), "1")).toBe("sha256:1");
    expect(await digestIn(inputs(), "2")).toBeUndefined();
    expect(await digestIn({ repository: "127.0.0.1:1/team/web" }, "1")).toBeUndefined();
  });
});

describe("the credentials are those", () => {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  /** The name and password that the registry gets; undefined if it gets none. */
  async function sent(more: object = {}): Promise<string | undefined> {
    accepting({ 1: "sha256:1" });
    registry.requests.length = 0;
    registry.answers["POST /v2/team/web/blobs/uploads/"] = new Answer(401, "", { "www-authenticate": 'Basic realm="registry"' });
    await digestIn(inputs(more), "1");
    const { authorization } = registry.requests.at(-1)!;
    return authorization && Buffer.from(authorization.replace("Basic ", ""), "base64").toString();
  }
  const helper = (script: string) => {
    writeFileSync(join(folder, "docker-credential-test"), `#!/bin/sh\nread server\n${script}\n`, { mode: 0o755 });
    process.env["PATH"] = `${folder}${delimiter}${process.env["PATH"]}`;
  };

  test("of the resource", async () => {
    login({ auths: { [host()]: { auth: encode("other:other") } } });
    expect(await sent({ username: "ci", password: "s3cret" })).toBe("ci:s3cret");
    expect(await sent({ username: "ci" })).toBe("ci:");
  });

  test("of docker login, with colons in the password, for the registry with or without https", async () => {
    login({ auths: { [host()]: { auth: encode("ci:a:b") } } });
    expect(await sent()).toBe("ci:a:b");
    login({ auths: { [`https://${host()}`]: { auth: encode("ci:c") } } });
    expect(await sent()).toBe("ci:c");
    login({ auths: { [host()]: { auth: encode("ci:d"), identitytoken: "token" } } });
    expect(await sent()).toBe("ci:token");
  });

  test("in DOCKER_AUTH_CONFIG before those of docker login, unless it has none for the registry or is no JSON", async () => {
    login({ auths: { [host()]: { auth: encode("ci:stored") } } });
    process.env["DOCKER_AUTH_CONFIG"] = JSON.stringify({ auths: { [host()]: { auth: encode("ci:variable") } } });
    expect(await sent()).toBe("ci:variable");
    process.env["DOCKER_AUTH_CONFIG"] = JSON.stringify({ auths: { "registry.example.org": { auth: encode("a:b") } } });
    expect(await sent()).toBe("ci:stored");
    process.env["DOCKER_AUTH_CONFIG"] = "secret";
    expect(await sent()).toBe("ci:stored");
  });

  test("of a credential helper, which gets the registry", async () => {
    helper(`echo "{\\"Username\\":\\"$1\\",\\"Secret\\":\\"$server\\"}"`);
    login({ credsStore: "test" });
    expect(await sent()).toBe(`get:${host()}`);
    login({ credHelpers: { [host()]: "test" }, credsStore: "missing" });
    expect(await sent()).toBe(`get:${host()}`);
  });

  test("none, if the helper has none, or nobody logged in", async () => {
    helper("exit 1");
    login({ credsStore: "test" });
    expect(await sent()).toBeUndefined();
    login({ auths: { "registry.example.org": { auth: encode("a:b") }, [host()]: {} } });
    expect(await sent()).toBeUndefined();
    login({});
    expect(await sent()).toBeUndefined();
    rmSync(join(folder, "config.json"));
    expect(await sent()).toBeUndefined();
  });

  test("without effect in a registry that asks for none, but an error where it rejects the login", async () => {
    accepting({ 1: "sha256:1" });
    registry.answers["POST /v2/team/web/blobs/uploads/"] = new Answer(202, "", { location: "/" });
    expect(await digestIn(inputs({ username: "ci", password: "s3cret" }), "1")).toBe("sha256:1");
    registry.answers["POST /v2/team/web/blobs/uploads/"] = new Answer(401, "", { "www-authenticate": "Digest realm" });
    expect(await digestIn(inputs({ username: "ci", password: "s3cret" }), "1")).toBeUndefined();
  });
});
