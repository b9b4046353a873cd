import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { dockerClient, dockerUnreachable, hasImage, registryOf } from "../../../lib/docker-client.ts";
import { apiError, HttpApi } from "../http-api.ts";

const variables = ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "PATH"];
const before = variables.map((name) => [name, process.env[name]] as const);

let docker: HttpApi;
let folder: string;
beforeEach(async () => {
  docker = await new HttpApi().open();
  docker.answers = { "GET /info": { Name: "unit" }, "GET /images/there/json": {} };
  folder = mkdtempSync(join(tmpdir(), "slipway-docker-config-"));
  delete process.env["DOCKER_HOST"];
  delete process.env["DOCKER_CONTEXT"];
  process.env["DOCKER_CONFIG"] = folder;
});
afterEach(() => {
  docker.close();
  rmSync(folder, { recursive: true });
  for (const [name, value] of before)
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
});

/** Writes a context as `docker context create` does. */
function writeContext(name: string, host: string | undefined): void {
  const meta = join(folder, "contexts/meta", createHash("sha256").update(name).digest("hex"));
  mkdirSync(meta, { recursive: true });
  writeFileSync(join(meta, "meta.json"), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }));
}
const use = (context: string) => writeFileSync(join(folder, "config.json"), JSON.stringify({ currentContext: context }));
/** Where a client connects to. */
const endpoint = (host?: string) => {
  const { socketPath, protocol, host: name, port } = dockerClient(host).modem as unknown as Record<string, unknown>;
  if (socketPath === undefined) return { protocol, host: name, port: Number(port) };
  return typeof socketPath === "function" ? "the local socket" : { socketPath };
};

describe("the daemon is that of", () => {
  test("a given host", async () => {
    process.env["DOCKER_HOST"] = "tcp://127.0.0.1:1";
    expect(((await dockerClient(docker.host).info()) as { Name: string }).Name).toBe("unit");
  });

  test("DOCKER_HOST", async () => {
    process.env["DOCKER_HOST"] = docker.host;
    writeContext("remote", "tcp://10.0.0.1:2375");
    use("remote");
    expect(((await dockerClient().info()) as { Name: string }).Name).toBe("unit");
  });

  test("the current context", () => {
    writeContext("remote", "tcp://10.0.0.1");
    writeContext("other", "tcp://10.0.0.2:2376");
    use("remote");
    expect(endpoint()).toEqual({ protocol: "http", host: "10.0.0.1", port: 2375 });
    process.env["DOCKER_CONTEXT"] = "other";
    expect(endpoint()).toEqual({ protocol: "http", host: "10.0.0.2", port: 2376 });
  });

  test("the local socket, for the default context, a missing one, or one without a host", () => {
    const local = "the local socket";
    expect(endpoint()).toEqual(local);
    use("default");
    writeContext("default", "tcp://10.0.0.1:2375");
    expect(endpoint()).toEqual(local);
    use("no-such-context");
    expect(endpoint()).toEqual(local);
    writeContext("empty", undefined);
    use("empty");
    expect(endpoint()).toEqual(local);
  });

  test("an HTTPS endpoint", () => {
    expect(endpoint("https://docker.example.org:2376")).toEqual({ protocol: "https", host: "docker.example.org", port: 2376 });
  });
});

describe("over SSH", () => {
  /** Puts a program that is called `ssh` on the path. It connects to the API of the test, or fails. */
  function fakeSsh(script: string): void {
    writeFileSync(join(folder, "ssh"), `#!/bin/sh\necho "$@" >> ${folder}/calls\n${script}\n`, { mode: 0o755 });
    process.env["PATH"] = `${folder}${delimiter}${process.env["PATH"]}`;
  }
  const relay = (socket: string) =>
    `exec ${process.execPath} --eval 'const s = require("net").connect("${socket}"); process.stdin.pipe(s).pipe(process.stdout)'`;

  test("the client runs ssh once for several requests, without questions, and keeps options apart from the host", async () => {
    fakeSsh(relay(docker.host.slice("unix://".length)));
    const client = dockerClient("ssh://deploy@host.example.org:2222");
    expect(((await client.info()) as { Name: string }).Name).toBe("unit");
    expect(await hasImage(client, "there")).toBe(true);
    const calls = (await import("node:fs")).readFileSync(join(folder, "calls"), "utf8");
    expect(calls).toBe("-o BatchMode=yes -o ConnectTimeout=30 -l deploy -p 2222 -- host.example.org docker system dial-stdio\n");
  });

  test("a failure of ssh is the cause of the error", async () => {
    fakeSsh('echo "Permission denied (publickey)." >&2; exit 255');
    const failure = (await dockerClient("ssh://host.example.org")
      .info()
      .catch((error: unknown) => error)) as Error;
    expect(failure.message).toBe(dockerUnreachable);
    expect((failure.cause as Error).message).toBe("ssh host.example.org: Permission denied (publickey).");
  });

  test("a failure without a message is reported with the exit code", async () => {
    fakeSsh("exit 3");
    const failure = (await dockerClient("ssh://host.example.org")
      .info()
      .catch((error: unknown) => error)) as Error;
    expect((failure.cause as Error).message).toBe("ssh host.example.org: exit code 3");
  });

  test("a missing ssh is the cause of the error", async () => {
    process.env["PATH"] = folder;
    const failure = (await dockerClient("ssh://host.example.org")
      .info()
      .catch((error: unknown) => error)) as Error;
    expect((failure.cause as Error).message).toBe("spawn ssh ENOENT");
  });
});

describe("an error", () => {
  test("of the connection is one message that says what to do", async () => {
    docker.close();
    const failure = (await dockerClient(docker.host)
      .info()
      .catch((error: unknown) => error)) as Error;
    docker = await new HttpApi().open();
    expect(failure.message).toBe(
      "the Docker daemon no longer answers. Completed steps are recorded. Make sure that `docker info` works, then run the command again.",
    );
    expect((failure.cause as Error).message).toContain("ENOENT");
  });

  test("that the daemon returns is passed on", async () => {
    docker.answers = { "GET /info": apiError(500, "disk failure") };
    await expect(dockerClient(docker.host).info()).rejects.toThrow("disk failure");
  });

  test("of a daemon over TCP that does not speak HTTP is a connection error", async () => {
    const server = createServer()
      .on("connection", (socket) => socket.destroy())
      .listen(0, "127.0.0.1");
    await once(server, "listening");
    await expect(dockerClient(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`).info()).rejects.toThrow(dockerUnreachable);
    server.close();
  });
});

test("an image is there, or not, or the question fails", async () => {
  const client = dockerClient(docker.host);
  expect(await hasImage(client, "there")).toBe(true);
  expect(await hasImage(client, "not-there")).toBe(false);
  docker.answers = { "GET /images/there/json": apiError(500, "disk failure") };
  await expect(hasImage(client, "there")).rejects.toThrow("disk failure");
});

test.each([
  ["web", "docker.io"],
  ["library/web:1", "docker.io"],
  ["localhost/web", "localhost"],
  ["localhost:5000/web", "localhost:5000"],
  ["registry.example.org/team/web:1", "registry.example.org"],
  ["localhosts/web", "docker.io"],
  ["mylocalhost/web", "docker.io"],
])("the registry of the image %s is %s", (image, registry) => {
  expect(registryOf(image)).toBe(registry);
});
