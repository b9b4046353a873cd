import { cpSync } from "node:fs";
import { join } from "node:path";
import { Checkout, docker, dockerPorts, get, otherPort, eventually } from "./checkout.ts";
import { DevSession } from "./dev-session.ts";
import { echoPort, whileEchoing } from "./echo.ts";
import { attacks, underLoad } from "./load.ts";

// `slipway dev` on a real Docker Engine. What does not depend on the platform is in dev.test.ts.

const stack = "integration-dev-docker";
const { http: port } = dockerPorts;
const host = "developed.localhost";
const echo = { port: otherPort, targetPort: echoPort };
const publish = { packets: { ...echo, protocol: "UDP" }, lines: echo };
const app = { source: "probe-app", host, replicas: 2, env: { GREETING: "one" }, publish };
let checkout: Checkout;
let session: DevSession;

const labels = [`dev.slipway.stack=${stack}`, "dev.slipway.service=app"];
const containers = () => docker.listContainers({ all: true, filters: { label: labels } });
const answer = async () => (await get(host, "/", { port })).body.trim();

beforeAll(async () => {
  checkout = new Checkout(stack, "docker");
  cpSync("test/integration/probe-app", join(checkout.folder, "probe-app"), { recursive: true });
  checkout.configure({ app });
});
afterAll(async () => {
  session.kill();
  await checkout[Symbol.asyncDispose]();
});

test("a program with a published port is replaced in its container; no request fails, and connections to the port wait", async () => {
  session = new DevSession(checkout);
  await session.next("watching");
  const [container, ...others] = await containers();
  expect(others).toEqual([]);
  const replace = async () => {
    for (const [before, text] of [
      ['answer(w, os.Getenv("GREETING"), nil)', "two"],
      ['"two"', "three"],
    ] as const) {
      checkout.edit("probe-app/main.go", before, before.startsWith("answer") ? `answer(w, "${text}", nil)` : `"${text}"`);
      await session.next("running");
      expect(await answer()).toBe(text);
    }
  };
  let lines = { count: 0, failures: [] as string[] };
  const echoing = async () => void (lines = await whileEchoing(otherPort, otherPort, replace));
  const loads = await underLoad(host, attacks, echoing, port);
  expect(loads.map(({ failures }) => failures)).toEqual([[], []]);
  // One that is in progress ends with its program.
  expect(lines.failures.length, lines.failures.join("\n")).toBeLessThanOrEqual(2);
  expect(lines.count).toBeGreaterThan(20);
  expect((await containers()).map(({ Id, State }) => [Id, State])).toEqual([[container!.Id, "running"]]);

  checkout.edit("probe-app/main.go", 'fmt.Println("listening")', 'panic("REGION must be set")');
  const crash = await session.next("crashed");
  expect(crash).toMatchObject({ serving: true, reason: "the program ended with exit code 2" });
  expect(crash.at).toMatch(/^probe-app\/main\.go:\d+$/);
  // On a busy machine, the check of the proxy may have missed the program that goes on.
  await eventually(answer, (text) => text === "three");

  // The stack was not up before, so it gets the image with which it was deployed first.
  expect((await session.end()).code).toBe(0);
  expect((await containers()).map(({ State, Command }) => [State, Command])).toEqual([
    ["running", "/app"],
    ["running", "/app"],
  ]);
  expect(await answer()).toBe("one");
});
