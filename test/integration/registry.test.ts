import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { EngineProject } from "../engine-project.ts";
import { defaultImages } from "../../components/images.ts";
import { docker, eventually } from "./checkout.ts";

const name = "slipway-integration-login";
const port = 25002;
const repository = `127.0.0.1:${port}/team/web`;
const basic = `Basic ${Buffer.from("robot:pa55word").toString("base64")}`;
let folder: string;
let project: EngineProject;

/** A registry that wants a login, in Docker. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-registry-"));
  chmodSync(folder, 0o755);
  allow("robot", "successor");
  const { registryImage: image = defaultImages.registry } = JSON.parse(readFileSync(".slipway/images.json", "utf8"));
  await docker
    .getContainer(name)
    .remove({ force: true, v: true })
    .catch(() => {});
  const container = await docker.createContainer({
    name,
    Image: image,
    Env: [
      "REGISTRY_AUTH=htpasswd",
      "REGISTRY_AUTH_HTPASSWD_REALM=test",
      "REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd",
      "REGISTRY_STORAGE_DELETE_ENABLED=true",
    ],
    HostConfig: { Binds: [`${folder}:/auth:ro`], PortBindings: { "5000/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] } },
    ExposedPorts: { "5000/tcp": {} },
  });
  await container.start();
  await eventually(
    () => fetch(`http://127.0.0.1:${port}/v2/`),
    ({ status }) => status === 401,
  );
});
afterAll(async () => {
  await docker.getContainer(name).remove({ force: true, v: true });
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

/** Who may log in, all with the password pa55word. */
function allow(...users: string[]): void {
  const hash = "$2a$04$ybUbEPWgf1VMo3xspKKS4eIlMMAsZ/7fOUw0tJavsGMMW/vifcBfK";
  writeFileSync(join(folder, "htpasswd"), users.map((user) => `${user}:${hash}\n`).join(""));
}

/** The registry behind a door that refuses to put a tag that is there already, as repositories of ECR with immutable tags do. */
async function immutable(work: (repository: string) => Promise<void>): Promise<void> {
  const door = createServer((asked, answer) => {
    const forward = (method = asked.method, changed = {}) =>
      httpRequest({ host: "127.0.0.1", port, path: asked.url, method, headers: { ...asked.headers, ...changed } });
    const pass = () =>
      asked.pipe(
        forward().on("response", (response) => {
          answer.writeHead(response.statusCode ?? 500, response.headers);
          response.pipe(answer);
        }),
      );
    if (asked.method !== "PUT" || !/\/manifests\/[0-9a-f]{12}$/.test(asked.url ?? "")) return void pass();
    forward("HEAD", { "content-length": 0, accept: asked.headers["content-type"] })
      .on("response", (response) => (response.statusCode === 200 ? answer.writeHead(400).end("immutable") : pass()))
      .end();
  });
  await new Promise<void>((listening) => door.listen(0, "127.0.0.1", listening));
  await work(`127.0.0.1:${(door.address() as AddressInfo).port}/team/immutable`).finally(() => door.close());
}

/** What `docker login` would leave. */
function dockerConfig(content: object): Record<string, string> {
  const path = join(folder, "docker");
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "config.json"), JSON.stringify(content));
  return { DOCKER_CONFIG: path };
}

test("credentials given as arguments are used, and the password is sealed in the checkpoint", async () => {
  project.write(image(`version: "1", credentials: { username: "robot", password: "pa55word" }`));
  expect((await project.run("up", dockerConfig({}))).code).toBe(0);
  const [, digest = ""] = (await refOf()).split("@");
  expect((await manifest(digest)).headers.get("docker-content-digest")).toBe(digest);
  expect(project.checkpoint()).not.toContain("pa55word");
});

test("another password is no change", async () => {
  project.write(image(`version: "1", credentials: { username: "robot", password: "pa55word" }`));
  await project.run("up", dockerConfig({}));
  project.write(image(`version: "1", credentials: { username: "robot", password: pulumi.secret("pa55word").apply((p) => p) }`));
  expect((await project.run("up", dockerConfig({}))).out).toBe("1 unchanged (time)\n");
});

test("a login that is no longer valid makes no image look lost", async () => {
  project.write(image(`version: "1", credentials: { username: "robot", password: "pa55word" }`));
  await project.run("up", dockerConfig({}));
  project.write(image(`version: "1", credentials: { username: "successor", password: "pa55word" }`));
  allow("successor");
  const { out } = await project.run("up", dockerConfig({}));
  allow("robot", "successor");
  expect(out).toBe("1 unchanged (time)\n");
});

test("a version that was there before is gone back to, where tags cannot be changed", () =>
  immutable(async (elsewhere) => {
    for (const version of ["6", "7", "6"]) {
      const args = `version: "${version}", credentials: { username: "robot", password: "pa55word" }`;
      project.write(image(args).replace(repository, elsewhere));
      expect((await project.run("up", dockerConfig({}))).out).toMatch(/1 (created|updated) \(time\)\n$/);
    }
  }));

test("the login that Docker has stored is used", async () => {
  project.write(image(`version: "2"`));
  const auth = Buffer.from("robot:pa55word").toString("base64");
  expect((await project.run("up", dockerConfig({ auths: { [`127.0.0.1:${port}`]: { auth } } }))).code).toBe(0);
  expect((await manifest((await refOf()).split("@")[1]!)).status).toBe(200);
});

test("a credential helper of Docker is asked", async () => {
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

test("without credentials the registry's refusal is told, and no password", async () => {
  project.write(image(`version: "4"`));
  const { code, out } = await project.run("up", dockerConfig({}));
  expect(code).toBe(1);
  expect(out).toMatch(
    new RegExp(
      `✗ slipway:RegistryPush web {2}${repository}: cannot be pushed to: .*401\\. Log in to the registry \\(docker login\\), or give credentials`,
    ),
  );
});

test("an image for several platforms is an index with both images in the registry", async () => {
  project.write(image(`platforms: ["linux/amd64", "linux/arm64"], credentials: { username: "robot", password: "pa55word" }`));
  expect((await project.run("up", dockerConfig({}))).code).toBe(0);
  const index = (await (await manifest((await refOf()).split("@")[1]!)).json()) as {
    manifests: { digest: string; platform: { architecture: string } }[];
  };
  expect(index.manifests.map((m) => m.platform.architecture)).toEqual(["amd64", "arm64"]);
  for (const { digest } of index.manifests) expect((await manifest(digest)).status).toBe(200);
});

test("a preview knows the digest that the update then pushes", async () => {
  project.write(image(`version: "5", credentials: { username: "robot", password: "pa55word" }`));
  expect((await project.run("preview", dockerConfig({}))).code).toBe(0);
  expect((await project.run("up", dockerConfig({}))).code).toBe(0);
  const { digest } = JSON.parse(project.checkpoint()).resources.find((r: { type: string }) => r.type.endsWith(":RegistryPush")).inputs;
  expect(await refOf()).toBe(`${repository}@${digest}`);
});
