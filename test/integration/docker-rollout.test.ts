import { cpSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { Checkout, docker, dockerPorts, eventually, get, objectsOf } from "./checkout.ts";
import { DockerSocket } from "./docker-socket.ts";
import { attacks, underLoad } from "./load.ts";

const stack = "integration-docker-rollout";
const name = `slipway-${stack}`;
const { http: port } = dockerPorts;
const app = { source: "probe-app", host: "app.localhost", replicas: 3, env: { GREETING: "Hello" } };
let checkout: Checkout;

beforeAll(async () => {
  checkout = new Checkout(stack, "docker");
  cpSync("test/integration/probe-app", join(checkout.folder, "probe-app"), { recursive: true });
  await up({ app });
});
afterAll(() => checkout[Symbol.asyncDispose]());

async function up(services: object): Promise<string> {
  checkout.configure(services);
  const { code, out } = await checkout.run("up");
  if (code !== 0) throw new Error(out);
  return out;
}

const labels = [`dev.slipway.stack=${stack}`, "dev.slipway.service=app"];
const containers = () => docker.listContainers({ all: true, filters: { label: labels } });
const imagesThatRun = async () => [...new Set((await containers()).map(({ Image }) => Image))];
const answer = async () => (await get("app.localhost", "/file/nowhere", { port })).body;

const runningNow = async () => (await containers()).filter(({ State }) => State === "running").length;

/**
 * How many of the service's containers ran at the same time during `work`, and how many started, from Docker's events. It listens, because
 * Docker only keeps the last 256 events of all containers.
 */
async function running(work: () => Promise<void>): Promise<{ least: number; most: number; started: number }> {
  const events = (await docker.getEvents({ filters: { type: ["container"], event: ["start", "die"], label: labels } })) as Readable;
  let now = await runningNow();
  const seen = { least: now, most: now, started: 0 };
  createInterface({ input: events }).on("line", (line) => {
    const isStart = (JSON.parse(line) as { status: string }).status === "start";
    now += isStart ? 1 : -1;
    Object.assign(seen, { least: Math.min(seen.least, now), most: Math.max(seen.most, now) });
    if (isStart) seen.started++;
  });
  try {
    await work();
    // The last events may still be on their way.
    await eventually(runningNow, (count) => count === now);
    return seen;
  } finally {
    events.destroy();
  }
}

test("a rollout replaces maxSurge replicas at a time, and no request fails", async () => {
  let ran: object = {};
  const loads = await underLoad(
    "app.localhost",
    attacks,
    async () => {
      checkout.edit("probe-app/main.go", '"written"', '"second"');
      ran = await running(() => up({ app }).then(() => {}));
    },
    port,
  );
  expect(ran).toEqual({ least: 3, most: 4, started: 3 });
  expect(loads.map(({ failures }) => failures)).toEqual([[], []]);
  expect((await containers()).length).toBe(3);
  const faster = { ...app, env: { GREETING: "Hello again" }, rollout: { maxSurge: 3 } };
  expect(await running(() => up({ app: faster }).then(() => {}))).toEqual({ least: 3, most: 6, started: 3 });
});

test("a rollback deploys the previous version, and a second rollback returns to the newer one", async () => {
  checkout.configure({ app });
  const [second] = await imagesThatRun();
  const back = await checkout.run("rollback");
  expect(back.code).toBe(0);
  const [first] = await imagesThatRun();
  expect(first).not.toBe(second);
  expect(back.out).toContain(`app  ${first}\nrollback of stack "${stack}" with the embedded engine\n`);
  expect((await checkout.run("rollback")).code).toBe(0);
  expect(await imagesThatRun()).toEqual([second]);
});

test("a failed rollout prints a card, and a rollback without --service deploys the last good image", async () => {
  const [good] = await imagesThatRun();
  checkout.edit("probe-app/main.go", "var hangs atomic.Bool", 'var hangs atomic.Bool\n\tpanic("REGION must be set")');
  const { code, out } = await checkout.run("up");
  expect(code).toBe(1);
  expect(out).toMatch(/exited with code 2.*Last log lines:\n.*REGION must be set/s);
  const card = out.slice(out.indexOf("The rollout of service app")).replace(/app-1-\w{7}/, "<container>");
  expect(
    card
      .replace(/restarted .*/, "restarted")
      .split("\n")
      .filter((line) => !/^ {13}\||^ {2}log/.test(line)),
  ).toEqual([
    `The rollout of service app of stack ${stack} failed`,
    `  container  ${name}-<container> (3 replicas of the previous version still serve)`,
    "  reason     the container exited with code 2, restarted",
    "  likely     The program exits by itself. Its last log lines say why.",
    `  rollback   slipway rollback --stack ${stack} --service app`,
    "",
  ]);
  expect(card).toContain("  log        | panic: REGION must be set\n");
  expect((await checkout.run("rollback")).code).toBe(0);
  expect(await imagesThatRun()).toEqual([good]);
  expect((await containers()).length).toBe(3);
  checkout.edit("probe-app/main.go", '\n\tpanic("REGION must be set")', "");
});

test("a rollback reports settings as the cause of the failure, and replaces a missing image with the last good one", async () => {
  const [good] = await imagesThatRun();
  checkout.configure({ app: { ...app, probes: { readiness: { path: "/nowhere" } }, rollout: { progressDeadlineSeconds: 6 } } });
  const settings = await checkout.run("up");
  expect(settings.out).toContain("  reason     the container is not healthy\n             http://127.0.0.1:8080/nowhere answers HTTP 404");
  const remedy = `the image has not changed: revert the settings in stacks/Pulumi.${stack}.yaml, then run slipway up --stack ${stack}`;
  expect(settings.out).toContain(`  rollback   ${remedy}`);
  expect((await checkout.run("rollback")).out).toContain(`error: Service "app": ${remedy}.`);
  const image = `127.0.0.1:${dockerPorts.registry}/app@sha256:${"1".repeat(64)}`;
  checkout.configure({ app: { ...app, source: undefined, image } });
  expect((await checkout.run("up")).code).toBe(1);
  const back = await checkout.run("rollback", {}, ["--service", "app"]);
  expect(back.code).toBe(0);
  expect(back.out).toContain(`app  ${good}\n`);
  expect(await imagesThatRun()).toEqual([good]);
  expect((await checkout.run("rollback", {}, ["--service", "other"])).out).toContain(
    'error: There is no service "other". Known services: app.',
  );
});

test("a Docker daemon that disappears during an up is reported once, and the next up completes it", async () => {
  checkout.configure({ app });
  const socket = await new DockerSocket().open();
  checkout.edit("probe-app/main.go", '"error: "', '"failed: "');
  const run = checkout.start("up", { DOCKER_HOST: socket.host });
  await eventually(
    async () => run.output(),
    (said) => said.includes(`docker:Container ${name}-app-1`),
  );
  socket.cut();
  const { code, out } = await run.run;
  expect(code).toBe(1);
  const away =
    "the Docker daemon no longer answers. Completed steps are recorded. Make sure that `docker info` works, then run the command again.";
  expect(out.split(away).length).toBe(2);
  expect(out.trimEnd().split("\n").at(-1)).toMatch(new RegExp(`^✗ \\S+ ${name}-app-\\d  ${away}$`));
  // The cut can come before or after the first replica was replaced.
  expect(["error: open /nowhere: no such file or directory", "failed: open /nowhere: no such file or directory"]).toContain(await answer());
  await up({ app });
  expect([await answer(), await answer(), await answer()]).toEqual(Array(3).fill("failed: open /nowhere: no such file or directory"));
  expect((await containers()).map(({ State }) => State)).toEqual(["running", "running", "running"]);
  expect((await checkout.run("up")).out).toMatch(/^\d+ unchanged \(time\)$/m);
  expect((await checkout.run("down")).code).toBe(0);
  expect(await objectsOf(stack)).toEqual([]);
});
