import { eventually, get, type Checkout } from "./checkout.ts";
import { namespace, sharedCheckout } from "./shared-stack.ts";

// `slipway status` and `slipway logs` of a stack on a real cluster. Docker and Swarm are in docker.test.ts and swarm.test.ts.

const host = "observed.localhost";
const web = { source: "app", host, replicas: 2 };
let checkout: Checkout;

interface Found {
  workloads: Record<string, unknown>[];
  events: { object: string; reason: string }[];
}

/** The JSON of `slipway status`, and its exit code. */
async function status(): Promise<{ code: number | null; found: Found }> {
  const { code, out } = await checkout.run("status", {}, ["--json"]);
  return { code, found: JSON.parse(out) as Found };
}
const pods = async () =>
  (await (await checkout.cluster()).select("v1", "Pod", namespace, "app.kubernetes.io/name=web"))
    .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata!.name!);
/** The names before the lines that have a text. */
const printing = (out: string, text: string) =>
  out
    .split("\n")
    .filter((line) => line.includes(text))
    .map((line) => line.split(" ")[0]!);

beforeAll(async () => {
  checkout = sharedCheckout();
  checkout.configure({ web });
  expect(await checkout.run("up")).toMatchObject({ code: 0 });
});

test("the status has replicas, image, URL and answer of a service", async () => {
  const { images } = await checkout.outputs();
  const { code, found } = await status();
  expect(code).toBe(0);
  expect(found.workloads).toEqual([
    {
      name: "web",
      health: "healthy",
      ready: 2,
      replicas: 2,
      restarts: 0,
      image: images["web"],
      since: expect.stringMatching(/^20\d\d-/) as string,
      url: expect.stringContaining(`http://${host}:`) as string,
      answer: 200,
    },
  ]);
  const { out } = await checkout.run("status");
  expect(out).toMatch(/^SERVICE +STATUS +READY +RESTARTS +AGE +IMAGE +URL$/m);
  expect(out).toMatch(/^web +healthy +2\/2 +0 +\S+ +sha256:[0-9a-f]{12} +http:\/\/observed\.localhost:\d+\/ +HTTP 200$/m);
});

test("the logs are those of all pods, with their names, and end without --follow", async () => {
  const { code, out } = await checkout.run("logs", {}, ["web"]);
  expect(code).toBe(0);
  expect(printing(out, '"msg":"serving"').sort()).toEqual((await pods()).sort());
  const lines = (await checkout.run("logs", {}, ["--json"])).out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { time: string; service: string });
  // Pods of the suite before may still be stopping.
  const first = lines.find(({ service }) => service === "web");
  expect(first).toMatchObject({ service: "web", text: expect.stringContaining("serving") as string });
  expect(lines.map(({ time }) => time)).toEqual(lines.map(({ time }) => time).sort());
  const unknown = await checkout.run("logs", {}, ["nothing"]);
  expect([unknown.code, unknown.out]).toEqual([
    1,
    // Pods of the suite before may still be stopping.
    expect.stringMatching(/has no logs of a service or job "nothing"\. It has those of (\S+, )*web\./) as string,
  ]);
});

test("with --follow, lines of new pods are printed until Ctrl-C", async () => {
  const logs = checkout.start("logs", {}, ["web", "-f", "--since", "1s"]);
  const [first] = await pods();
  const cluster = await checkout.cluster();
  await eventually(
    () => get(host),
    ({ status: answer }) => answer === 200,
  );
  await cluster.delete({ apiVersion: "v1", kind: "Pod", metadata: { name: first!, namespace } });
  const isNew = (out: string) => printing(out, '"msg":"serving"').some((name) => name !== first);
  await eventually(
    async () => logs.output(),
    (out) => printing(out, '"msg":"stopped"').includes(first!) && isNew(out),
  );
  process.kill(-logs.pid!, "SIGINT");
  expect((await logs.run).code).toBe(0);
});

test("a service that crashes is failing, with the reason, and its logs have what it printed before its restart", async () => {
  checkout.edit("app/main.go", "func main() {", 'func main() {\n\tprintln("about to crash")\n\tos.Exit(3)');
  const rollout = checkout.start("up");
  // Until the container has been started again, the reason is its probe.
  await eventually(
    async () => (await status()).found.workloads[0]!,
    ({ health, reason }) => health === "failing" && /Error|CrashLoopBackOff/.test(String(reason)),
  );
  const { code, found } = await status();
  expect(code).toBe(1);
  expect(found.workloads[0]).toMatchObject({
    name: "web",
    health: "failing",
    reason: expect.stringMatching(/Error|CrashLoopBackOff/) as string,
  });
  const { out } = await checkout.run("logs", {}, ["web"]);
  expect(printing(out, "about to crash").length).toBeGreaterThan(0);
  expect((await rollout.run).code).toBe(1);
  expect((await get(host)).status).toBe(200);
  checkout.edit("app/main.go", 'func main() {\n\tprintln("about to crash")\n\tos.Exit(3)', "func main() {");
});
