import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../lib/cache-folder.ts";
import { command } from "../../lib/command.ts";
import { docker, eventually, get, type Checkout } from "./checkout.ts";
import { DevSession } from "./dev-session.ts";
import { namespace, sharedCheckout } from "./shared-stack.ts";

// What goes wrong around `slipway dev`, and services whose programs are not replaced in place. The loop itself is in dev.test.ts.

const host = "failures.localhost";
const packedHost = "packed.localhost";
const web = { source: "probe-app", host, replicas: 1, build: { assets: ["page.txt"] } };
const packed = { source: "packed", builder: "dockerfile", host: packedHost, replicas: 1 };
const blobs = cacheFolder("blobs");
let checkout: Checkout;
let session: DevSession;

const file = (path: string) => join(checkout.folder, path);
const body = async (path: string, of = host) => (await get(of, path)).body;
const eventualBody = (path: string, wanted: string, of?: string) =>
  eventually(
    () => body(path, of),
    (answer) => answer === wanted,
  );
const pods = async () =>
  (await (await checkout.cluster()).select("v1", "Pod", namespace, "app.kubernetes.io/name=web")).filter(
    ({ metadata }) => metadata?.deletionTimestamp === undefined,
  );
/** Lets the program answer `/` with another text. */
let answered = 'os.Getenv("GREETING")';
function answerWith(text: string): void {
  checkout.edit("probe-app/main.go", `answer(w, ${answered}, nil)`, `answer(w, ${text}, nil)`);
  answered = text;
}

/** Runs a program where the store of blobs is a disk of its own, which can be filled. */
const withSmallDisk = [
  "unshare",
  process.getuid!() === 0 ? "-m" : "-rm",
  ...["sh", "-c", 'mount -t tmpfs -o size=64M small "$0" && exec "$@"', blobs],
];

beforeAll(async () => {
  checkout = sharedCheckout();
  cpSync("test/integration/probe-app", file("probe-app"), { recursive: true });
  writeFileSync(file("probe-app/page.txt"), "first");
  mkdirSync(file("packed"), { recursive: true });
  const env = { ...process.env, CGO_ENABLED: "0" };
  execFileSync("go", ["build", "-ldflags=-s -w", "-o", file("packed/web"), "."], { cwd: file("probe-app"), env });
  writeFileSync(file("packed/motd"), "first");
  writeFileSync(file("packed/Dockerfile"), 'FROM scratch\nCOPY web motd /\nUSER 65532:65532\nENTRYPOINT ["/web"]\n');
  checkout.configure({ web, packed });
  mkdirSync(blobs, { recursive: true });
  session = new DevSession(checkout, [], withSmallDisk);
  await session.next("watching");
});

afterAll(() => {
  session.kill();
  for (const folder of ["probe-app", "packed"]) rmSync(file(folder), { recursive: true, force: true });
});

test("a service that is built from a Dockerfile is deployed again after a change, which is said at the start", async () => {
  expect(session.events()[0]).toEqual({
    event: "warning",
    message: "packed is deployed again after each change, because it is built from a Dockerfile.",
  });
  expect(await body("/file/motd", packedHost)).toBe("644 first");
  writeFileSync(file("packed/motd"), "second");
  expect((await session.next("deploying")).reason).toBe("the source of packed has changed");
  expect(await session.next("deployed")).toEqual({ event: "deployed", succeeded: true });
  await eventualBody("/file/motd", "644 second", packedHost);
});

test("changed assets are deployed", async () => {
  expect(await body("/file/page.txt")).toBe("644 first");
  writeFileSync(file("probe-app/page.txt"), "second");
  expect((await session.next("deploying")).reason).toBe("files besides the program of web have changed");
  expect(await session.next("deployed")).toEqual({ event: "deployed", succeeded: true });
  await eventualBody("/file/page.txt", "644 second");
});

test("an embedded file that changes replaces the program", async () => {
  writeFileSync(file("probe-app/words.txt"), "one");
  writeFileSync(file("probe-app/words.go"), 'package main\n\nimport _ "embed"\n\n//go:embed words.txt\nvar words string\n');
  answerWith("words");
  await session.next("running");
  expect(await body("/")).toBe("one");
  writeFileSync(file("probe-app/words.txt"), "two");
  await session.next("running");
  expect(await body("/")).toBe("two");
});

test("a container that is started again gets the last program", async () => {
  const [pod] = await pods();
  const id = String(pod!.status.containerStatuses[0].containerID).replace("containerd://", "");
  await command("docker", ["exec", `${namespace}-node`, "ctr", "--namespace", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", id]);
  expect(await session.next("sent-again")).toEqual({ event: "sent-again", service: "web" });
  await eventualBody("/", "two");
  expect((await pods()).map(({ metadata, status }) => [metadata!.name, status.containerStatuses[0].restartCount])).toEqual([
    [pod!.metadata!.name, 1],
  ]);
});

test("a full disk is reported with what to do, and the previous program goes on", async () => {
  const inSession = join(`/proc/${session.pid}/root`, blobs, "fill");
  const fill = () => {
    for (;;) appendFileSync(inSession, Buffer.alloc(1 << 16, 1));
  };
  expect(fill).toThrow("ENOSPC");
  answerWith('"three"');
  expect(await session.next("failed")).toEqual({
    event: "failed",
    service: "web",
    message: `The disk is full (ENOSPC: no space left on device, write). Free space: go clean -cache deletes what Go has compiled, and the folders blobs and go in ${cacheFolder()} are created again, too.`,
  });
  expect(await body("/")).toBe("two");
  rmSync(inSession);
  answerWith('"four"');
  await session.next("running");
  expect(await body("/")).toBe("four");
});

test("while the registry cannot be reached, programs are replaced, and it is said what does not work", async () => {
  const registry = docker.getContainer(`${namespace}-registry`);
  await registry.stop({ t: 0 });
  try {
    for (const text of ["five", "six"]) {
      answerWith(`"${text}"`);
      await session.next("running");
      expect(await body("/")).toBe(text);
    }
    expect((await session.next("warning")).message).toMatch(
      /^the image of web is not in the registry, so --keep cannot deploy it\. The program runs\. 127\.0\.0\.1:\d+\/web: the push failed: .*ECONNREFUSED/,
    );
  } finally {
    await registry.start();
  }
  answerWith('"seven"');
  const { image } = await session.next("running");
  await session.pushed(image);
  expect((await session.end()).code).toBe(0);
});

test("a deployment that waits for a program that is not ready begins again after a change", async () => {
  const [ready, failing] = ['GET /readyz", func(http.ResponseWriter, *http.Request) {}', 'GET /readyz", http.NotFound'];
  checkout.edit("probe-app/main.go", ready, failing);
  session = new DevSession(checkout, ["web"]);
  // Once it runs, the compiler has read what is wrong.
  await eventually(pods, (all) => all.some(({ spec, status }) => spec.initContainers !== undefined && status.phase === "Running"));
  checkout.edit("probe-app/main.go", failing, ready);
  expect(await session.next("deployed")).toEqual({ event: "deployed", succeeded: false, interrupted: true });
  expect((await session.next("deploying")).reason).toBe("the last deployment failed");
  expect(await session.next("deployed")).toEqual({ event: "deployed", succeeded: true });
  await eventualBody("/", "seven");
  expect((await session.end()).code).toBe(0);
});
