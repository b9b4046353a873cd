import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ExitCode } from "../../cli/exit-code.ts";
import { command } from "../../lib/command.ts";
import { debuggerProgram } from "../../lib/debugger.ts";
import { eventually, get, otherPort, type Checkout } from "./checkout.ts";
import { connectToDelve } from "./delve.ts";
import { DevSession } from "./dev-session.ts";
import { attacks, underLoad } from "./load.ts";
import { namespace, sharedCheckout, stack } from "./shared-stack.ts";

// `slipway dev` on a real cluster. Docker is in dev-docker.test.ts. How long it takes is measured by scripts/bench/dev.ts.

const host = "developed.localhost";
const web = { source: "app", host, replicas: 2, env: { GREETING: "one" } };
let checkout: Checkout;
let session: DevSession;

const answer = async () => (await get(host)).body.trim();
const greeting = (wanted: string) => eventually(answer, (body) => body === wanted);
const pods = async () =>
  (await (await checkout.cluster()).select("v1", "Pod", namespace, "app.kubernetes.io/name=web")).filter(
    ({ metadata }) => metadata?.deletionTimestamp === undefined,
  );
const deployment = async () =>
  (await (await checkout.cluster()).find({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace } }))!;
const imageBefore = async () => (await checkout.outputs()).images["web"];

beforeAll(async () => {
  checkout = sharedCheckout();
  checkout.configure({ web });
  expect(await checkout.run("up")).toMatchObject({ code: 0 });
});

test("a change replaces the program in the same pod, and no request fails", async () => {
  session = new DevSession(checkout);
  expect(await session.next("watching")).toMatchObject({ services: { web: ["app"] } });
  const [pod] = await pods();
  const loads = await underLoad(host, attacks, async () => {
    for (const [before, text] of [
      ["greeting: ", "two"],
      ['greeting: "two " + ', "three"],
    ] as const) {
      checkout.edit("app/main.go", `${before}settings.greeting`, `greeting: "${text} " + settings.greeting`);
      const { service, image } = await session.next("running");
      expect(service).toBe("web");
      expect(await answer()).toBe(`${text} one`);
      expect(await session.pushed(image)).toMatch(/^127\.0\.0\.1:\d+\//);
    }
  });
  expect(loads.map(({ failures }) => failures)).toEqual([[], []]);
  const [same, ...others] = await pods();
  expect(others).toEqual([]);
  expect(same!.metadata!.name).toBe(pod!.metadata!.name);
  expect(same!.status.containerStatuses[0].restartCount).toBe(0);
});

test("a program that does not compile is reported with file and line, and the previous one goes on", async () => {
  checkout.edit("app/main.go", 'greeting: "three " +', 'greeting: "four " * ');
  const { message } = await session.next("failed");
  expect(message).toMatch(/^app: does not compile\.\n[^]* {2}app\/main\.go:\d+:\d+: invalid operation/);
  expect(await answer()).toBe("three one");
  checkout.edit("app/main.go", 'greeting: "four " * ', 'greeting: "four " +');
  await session.next("running");
  expect(await answer()).toBe("four one");
});

test("a program that panics at its start is reported with file and line, and the previous one goes on", async () => {
  checkout.edit("app/main.go", "func main() {", 'func main() {\n\tpanic("REGION must be set")');
  const crash = await session.next("crashed");
  expect(crash).toMatchObject({ service: "web", serving: true, reason: "the program ended with exit code 2" });
  expect(crash.at).toMatch(/^app\/main\.go:\d+$/);
  expect(crash.output).toContain("panic: REGION must be set");
  expect(await answer()).toBe("four one");
  checkout.edit("app/main.go", 'func main() {\n\tpanic("REGION must be set")', "func main() {");
  expect((await session.next("unchanged")).services).toEqual(["web"]);
});

test("a program that ends by itself is reported and starts again", async () => {
  checkout.edit("app/main.go", "func main() {", "func main() {\n\ttime.AfterFunc(2*time.Second, func() { os.Exit(3) })");
  await session.next("running");
  const crash = await session.next("crashed");
  expect(crash).toMatchObject({ serving: false, reason: "the program ended with exit code 3" });
  await session.next("restarted");
  checkout.edit("app/main.go", "func main() {\n\ttime.AfterFunc(2*time.Second, func() { os.Exit(3) })", "func main() {");
  await session.next("running");
  await greeting("four one");
});

test("changed settings are deployed, with the program as it is", async () => {
  checkout.configure({ web: { ...web, env: { GREETING: "uno" } } });
  await session.next("deploying");
  expect(await session.next("deployed")).toEqual({ event: "deployed", succeeded: true });
  await greeting("four uno");
  checkout.edit("app/main.go", '"four "', '"five "');
  await session.next("running");
  expect(await answer()).toBe("five uno");
});

test("a second session on the stack is rejected, and names the first", async () => {
  const { code, out } = await checkout.run("dev");
  expect(code).toBe(ExitCode.Locked);
  expect(out).toMatch(new RegExp(`error: The development of stack "${stack}" is locked by "slipway dev" of \\S+ \\(process \\d+, since `));
});

test("Ctrl-C restores the image that was deployed before, with all replicas", async () => {
  const { code, out } = await session.end();
  expect([code, out]).toEqual([0, expect.stringContaining('{"event":"restored","succeeded":true}') as string]);
  await greeting("uno");
  const { spec } = await deployment();
  expect(spec.replicas).toBe(2);
  expect(spec.template.spec.containers[0].command).toBeUndefined();
  expect(spec.template.spec.initContainers).toBeUndefined();
});

test("with --keep, the last program that ran is deployed", async () => {
  session = new DevSession(checkout, ["web", "--keep"]);
  await session.next("watching");
  checkout.edit("app/main.go", '"five "', '"six "');
  const { image } = await session.next("running");
  await session.pushed(image);
  await session.end();
  expect((await imageBefore())!.endsWith(`@${image}`)).toBe(true);
  await greeting("six uno");
});

test("after SIGKILL, the next up leaves a normal stack", async () => {
  session = new DevSession(checkout);
  await session.next("watching");
  await session.end("SIGKILL");
  expect((await deployment()).spec.template.spec.initContainers).toHaveLength(1);
  expect(await checkout.run("up")).toMatchObject({ code: 0 });
  const { spec } = await deployment();
  expect([spec.replicas, spec.template.spec.initContainers]).toEqual([2, undefined]);
  await greeting("six uno");
});

test("a source that does not compile at the start is tried again after a change", async () => {
  checkout.edit("app/main.go", '"six "', '"seven " *');
  session = new DevSession(checkout);
  expect(await session.next("deployed")).toEqual({ event: "deployed", succeeded: false });
  expect(await answer()).toBe("six uno");
  checkout.edit("app/main.go", '"seven " *', '"seven "');
  expect((await session.next("deploying")).reason).toBe("the last deployment failed");
  expect(await session.next("deployed")).toEqual({ event: "deployed", succeeded: true });
  await greeting("seven uno");
  await session.end();
  await greeting("six uno");
});

test("with --debug, an editor can stop the program at a line, and requests go on after it", async () => {
  // Both take long the first time.
  await debuggerProgram();
  const env = { CGO_ENABLED: "0", GOAMD64: "v1", GOARM64: "v8.0" };
  await command("go", ["build", "-gcflags=all=-N -l", "-o", "/dev/null", "."], { cwd: join(checkout.folder, "app"), env });
  session = new DevSession(checkout, ["--debug", "--debug-port", String(otherPort)]);
  await session.next("deployed");
  expect(await session.next("debugger")).toMatchObject({ service: "web", address: `127.0.0.1:${otherPort}` });
  using delve = await connectToDelve(otherPort);
  const file = join(checkout.folder, "app/server.go");
  const line =
    readFileSync(file, "utf8")
      .split("\n")
      .findIndex((text) => text.includes("func (a *app) hello(")) + 2;
  await delve.call("Command", { name: "halt" });
  await delve.call("CreateBreakpoint", { Breakpoint: { file, line } });
  const stopped = delve.call("Command", { name: "continue" });
  const asked = get(host);
  expect((await stopped).State.currentThread).toMatchObject({ file, line });
  await delve.call("ClearBreakpoint", { Id: 1 });
  void delve.call("Command", { name: "continue" });
  expect((await asked).status).toBe(200);
  expect((await session.end()).code).toBe(0);
});

test("unknown services and those without a source are rejected, all at once", async () => {
  const { code, out } = await checkout.run("dev", {}, ["wbe", "nothing"]);
  expect([code, out]).toEqual([
    1,
    'error: slipway dev: there is no service "wbe". Services with a source: web.\n  there is no service "nothing". Services with a source: web.\n',
  ]);
});
