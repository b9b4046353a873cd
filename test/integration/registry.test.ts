import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { EngineProject } from "../engine-project.ts";
import { startRegistry } from "./test-objects.ts";

const name = "slipway-integration-login";
const port = 25002;
const repository = `127.0.0.1:${port}/team/web`;
const basic = `Basic ${Buffer.from("robot:pa55word").toString("base64")}`;
let folder: string;
let project: EngineProject;
let registry: Awaited<ReturnType<typeof startRegistry>>;

/** A registry in Docker that requires a login. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-registry-"));
  chmodSync(folder, 0o755);
  allow("robot", "successor");
  const env = [
    "REGISTRY_AUTH=htpasswd",
    "REGISTRY_AUTH_HTPASSWD_REALM=test",
    "REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd",
    "REGISTRY_STORAGE_DELETE_ENABLED=true",
  ];
  registry = await startRegistry(name, port, { env, binds: [`${folder}:/auth:ro`] });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

beforeEach(() => (project = new EngineProject()));
afterEach(() => project[Symbol.dispose]());

const image = (args = "") =>
  `const image = new GoImage("web", { source: "${resolve("app")}", repository: "${repository}", ${args} }); return { ref: image.ref };`;
const manifest = async (reference: string) => {
  const accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
  return fetch(`http://127.0.0.1:${port}/v2/team/web/manifests/${reference}`, { headers: { authorization: basic, accept } });
};
const refOf = async () => JSON.parse((await project.run("outputs")).out).ref as string;

/** Sets the users of the registry, all with the password pa55word. */
function allow(...users: string[]): void {
  const hash = "$2a$04$ybUbEPWgf1VMo3xspKKS4eIlMMAsZ/7fOUw0tJavsGMMW/vifcBfK";
  writeFileSync(join(folder, "htpasswd"), users.map((user) => `${user}:${hash}\n`).join(""));
}

/** Runs a proxy for the registry that rejects pushes of an existing tag, like ECR repositories with immutable tags. */
async function withImmutableTags(work: (repository: string) => Promise<void>): Promise<void> {
  const proxy = createServer((incoming, answer) => {
    const forward = (method = incoming.method, changed = {}) =>
      httpRequest({ host: "127.0.0.1", port, path: incoming.url, method, headers: { ...incoming.headers, ...changed } });
    const pass = () =>
      incoming.pipe(
        forward().on("response", (response) => {
          answer.writeHead(response.statusCode ?? 500, response.headers);
          response.pipe(answer);
        }),
      );
    if (incoming.method !== "PUT" || !/\/manifests\/[0-9a-f]{12}$/.test(incoming.url ?? "")) return void pass();
    forward("HEAD", { "content-length": 0, accept: incoming.headers["content-type"] })
      .on("response", (response) => (response.statusCode === 200 ? answer.writeHead(400).end("immutable") : pass()))
      .end();
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
  await work(`127.0.0.1:${(proxy.address() as AddressInfo).port}/team/immutable`).finally(() => proxy.close());
}

/** Writes a Docker configuration file, like `docker login`. Returns the environment that selects it. */
function dockerConfig(content: object): Record<string, string> {
  const path = join(folder, "docker");
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "config.json"), JSON.stringify(content));
  return { DOCKER_CONFIG: path };
}

test("credentials in the arguments are used, and the password is encrypted in the checkpoint", async () => {
  project.write(image(`version: "1", credentials: { username: "robot", password: "pa55word" }`));
  expect((await project.run("up", dockerConfig({}))).code).toBe(0);
  const [, digest = ""] = (await refOf()).split("@");
  expect((await manifest(digest)).headers.get("docker-content-digest")).toBe(digest);
  expect(project.checkpoint()).not.toContain("pa55word");
});

test("a password given as a secret output is not a change", async () => {
  project.write(image(`version: "1", credentials: { username: "robot", password: "pa55word" }`));
  await project.run("up", dockerConfig({}));
  project.write(image(`version: "1", credentials: { username: "robot", password: pulumi.secret("pa55word").apply((p) => p) }`));
  expect((await project.run("up", dockerConfig({}))).out).toBe("1 unchanged (time)\n");
});

test("with an expired login, an existing image is not treated as missing", async () => {
  project.write(image(`version: "1", credentials: { username: "robot", password: "pa55word" }`));
  await project.run("up", dockerConfig({}));
  project.write(image(`version: "1", credentials: { username: "successor", password: "pa55word" }`));
  allow("successor");
  const { out } = await project.run("up", dockerConfig({}));
  allow("robot", "successor");
  expect(out).toBe("1 unchanged (time)\n");
});

test("an earlier version can be deployed again with immutable tags", () =>
  withImmutableTags(async (proxied) => {
    for (const version of ["6", "7", "6"]) {
      const args = `version: "${version}", credentials: { username: "robot", password: "pa55word" }`;
      project.write(image(args).replace(repository, proxied));
      expect((await project.run("up", dockerConfig({}))).out).toMatch(/1 (created|updated) \(time\)\n$/);
    }
  }));

test("credentials stored by docker login are used", async () => {
  project.write(image(`version: "2"`));
  const auth = Buffer.from("robot:pa55word").toString("base64");
  expect((await project.run("up", dockerConfig({ auths: { [`127.0.0.1:${port}`]: { auth } } }))).code).toBe(0);
  expect((await manifest((await refOf()).split("@")[1]!)).status).toBe(200);
});

test("a Docker credential helper is used", async () => {
  project.write(image(`version: "3"`));
  const helper = join(folder, "docker-credential-test");
  writeFileSync(
    helper,
    `#!/bin/sh\nread server\n[ "$1 $server" = "get 127.0.0.1:${port}" ] && echo '{"Username":"robot","Secret":"pa55word"}'\n`,
    { mode: 0o755 },
  );
  const env = { ...dockerConfig({ credHelpers: { [`127.0.0.1:${port}`]: "test" } }), PATH: `${folder}:${process.env["PATH"]}` };
  expect((await project.run("up", env)).code).toBe(0);
  expect((await manifest((await refOf()).split("@")[1]!)).status).toBe(200);
});

test("without credentials the error has the registry's status and the remedy", async () => {
  project.write(image(`version: "4"`));
  const { code, out } = await project.run("up", dockerConfig({}));
  expect(code).toBe(1);
  expect(out).toMatch(
    new RegExp(
      `✗ slipway:RegistryPush web {2}${repository}: the push failed: .*401\\. Log in to the registry with slipway login or docker login, or set credentials that may push`,
    ),
  );
});

test("an image for two platforms is an index with two images in the registry", async () => {
  project.write(image(`platforms: ["linux/amd64", "linux/arm64"], credentials: { username: "robot", password: "pa55word" }`));
  expect((await project.run("up", dockerConfig({}))).code).toBe(0);
  const index = (await (await manifest((await refOf()).split("@")[1]!)).json()) as {
    manifests: { digest: string; platform: { architecture: string } }[];
  };
  expect(index.manifests.map((m) => m.platform.architecture)).toEqual(["amd64", "arm64"]);
  for (const { digest } of index.manifests) expect((await manifest(digest)).status).toBe(200);
});

test("after a preview, up pushes the computed digest", async () => {
  project.write(image(`version: "5", credentials: { username: "robot", password: "pa55word" }`));
  expect((await project.run("preview", dockerConfig({}))).code).toBe(0);
  expect((await project.run("up", dockerConfig({}))).code).toBe(0);
  const { digest } = JSON.parse(project.checkpoint()).resources.find((r: { type: string }) => r.type.endsWith(":RegistryPush")).inputs;
  expect(await refOf()).toBe(`${repository}@${digest}`);
});
