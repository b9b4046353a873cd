import { eventually, get, ports, type Checkout, type Run } from "./checkout.ts";
import { attacks, startLoad } from "./load.ts";
import { namespace, sharedCheckout, stack } from "./shared-stack.ts";

const web = { source: "app", host: "web.localhost", replicas: 2 };
let checkout: Checkout;

beforeAll(async () => {
  checkout = sharedCheckout();
  const { code, out } = await deploy({});
  if (code !== 0) throw new Error(out);
});

/** Deploys the service with other settings. */
function deploy(settings: object, env: Record<string, string> = {}): Promise<Run> {
  checkout.configure({ web: { ...web, ...settings } });
  return checkout.run("up", env);
}

/** The same for a version that fails: a state that could pass counts as a failure after a quarter of the time. */
function deployBroken(settings: object): Promise<Run> {
  return deploy(settings, { SLIPWAY_PATIENCE: "0.25" });
}

/** The lines of the failure card, without names and times that differ between runs. */
function card(out: string): string[] {
  const lines = out.split("\n").map((line) => line.replace(/web-[0-9a-f]+-\w{5}/, "<pod>").replace(/"time":"[^"]*",/, ""));
  const first = lines.indexOf(title);
  if (first < 0) throw new Error(`no failure card in:\n${out}`);
  return lines.slice(first).filter(Boolean);
}

const title = `The rollout of Deployment ${namespace}/web failed`;
const stillServing = "  pod       <pod> (2 new; 2 replicas of the previous version still serve)";
const revert = `the image has not changed: revert the settings in stacks/Pulumi.${stack}.yaml, then run slipway up --stack ${stack}`;

describe("a failed rollout prints a card, and the previous version keeps serving", () => {
  let load: Awaited<ReturnType<typeof startLoad>>;
  beforeAll(async () => {
    load = await startLoad("web.localhost", attacks);
  });
  afterEach(async () => expect(await get("web.localhost")).toEqual({ status: 200, body: "Hello World\n" }));

  test("if the program exits: with its last log lines", async () => {
    const { code, out } = await deployBroken({ env: { SHUTDOWN_TIMEOUT: "soon" } });
    expect(code).toBe(1);
    expect(card(out)).toEqual([
      title,
      stillServing,
      "  reason    CrashLoopBackOff",
      "            the container exited with code 1, restarted once",
      '  log       | {"level":"ERROR","msg":"stopped","version":"dev","error":"SHUTDOWN_TIMEOUT must be a duration such as 20s (got \\"soon\\")"}',
      "  likely    The program exits by itself. Its last log lines say why.",
      `  rollback  ${revert}`,
    ]);
  });

  test("if the image does not exist: with the command that rolls back", async () => {
    const image = `127.0.0.1:${ports.registry}/web@sha256:${"1".repeat(64)}`;
    const { code, out } = await deployBroken({ source: undefined, image });
    expect(code).toBe(1);
    const lines = card(out);
    expect(lines[3]).toContain(image);
    expect(lines.toSpliced(3, 1)).toEqual([
      title,
      stillServing,
      "  reason    ImagePullBackOff",
      "  likely    The image is not in the registry, or the cluster may not pull it. Check the digest and the registry credentials.",
      `  rollback  slipway rollback --stack ${stack} --service web`,
    ]);
  });

  test("if it does not become ready: with the result of the probe", async () => {
    const { code, out } = await deployBroken({ probes: { readiness: { path: "/nowhere" } }, rollout: { progressDeadlineSeconds: 10 } });
    expect(code).toBe(1);
    const lines = card(out);
    expect(lines.filter((line) => line.includes('"path":"/nowhere","status":404')).length).toBeGreaterThan(1);
    expect(lines.filter((line) => !line.includes("| {"))).toEqual([
      title,
      stillServing,
      "  reason    Unhealthy",
      "            Readiness probe failed: HTTP probe failed with statuscode: 404",
      "  likely    The probe fails. Check that the program listens on `port` and answers 200 at the probe's path.",
      `  rollback  ${revert}`,
    ]);
  });

  test("if the Secret of an environment variable is missing", async () => {
    const { code, out } = await deployBroken({ envFromSecret: { TOKEN: { name: "nowhere", key: "token" } } });
    expect(code).toBe(1);
    expect(card(out)).toEqual([
      title,
      stillServing,
      "  reason    CreateContainerConfigError",
      '            secret "nowhere" not found',
      "  likely    A Secret or ConfigMap of the pod, or a key in it, is missing. Create it, or correct the name.",
      `  rollback  ${revert}`,
    ]);
  });

  test("if a mounted Secret is missing", async () => {
    const { code, out } = await deployBroken({ secretFolders: { "/etc/tokens": "nowhere" } });
    expect(code).toBe(1);
    expect(card(out)).toEqual([
      title,
      stillServing,
      "  reason    FailedMount",
      '            MountVolume.SetUp failed for volume "secret-folder-0" : secret "nowhere" not found',
      "  likely    A volume of the pod cannot be mounted. Check the Secret, ConfigMap or volume with this name.",
      `  rollback  ${revert}`,
    ]);
  });

  test("if no node can run the pods", async () => {
    const { code, out } = await deployBroken({ nodeSelector: { disk: "gold" } });
    expect(code).toBe(1);
    const lines = card(out);
    expect(lines[3]).toMatch(/^ {12}0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector\./);
    expect(lines.toSpliced(3, 1)).toEqual([
      title,
      stillServing,
      "  reason    Unschedulable",
      "  likely    No node can run the pod. Lower resources, check nodeSelector and tolerations, or add nodes.",
      `  rollback  ${revert}`,
    ]);
  });

  test("if the quota of the namespace is used up", async () => {
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "pods", namespace }, spec: { hard: { pods: "1" } } };
    const cluster = await checkout.cluster();
    await cluster.apply(quota, false);
    const { code, out } = await deployBroken({ env: { GREETING: "Hello all" } });
    await cluster.remove(quota, 10);
    expect(code).toBe(1);
    const lines = card(out);
    expect(lines[3]).toMatch(/^ {12}pods "<pod>" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=\d, limited: pods=1$/);
    expect(lines.toSpliced(3, 1)).toEqual([
      title,
      "  pod       no pod was created (0 new; 2 replicas of the previous version still serve)",
      "  reason    FailedCreate",
      "  likely    The namespace rejects the pod: its quota is used up, or the pod violates its security profile.",
      `  rollback  ${revert}`,
    ]);
  });

  test("only if it was started: rejected settings have no card", async () => {
    expect((await deploy({})).code).toBe(0);
    const { code, out } = await deploy({ replicas: -1 });
    expect(code).toBe(1);
    expect(out).not.toContain("The rollout of");
  });

  test("without a failed request", async () => {
    const loads = await load.end();
    expect(loads.map(({ failures }) => failures)).toEqual([[], []]);
    for (const { requests } of loads) expect(requests).toBeGreaterThan(400);
  });
});

/** Waits for an answer. At first the last pods of the previous version may still answer. */
const eventuallyAnswers = (text: string) =>
  eventually(
    () => get("web.localhost"),
    ({ status, body }) => status === 200 && body === text,
  );

describe("rollback", () => {
  test("deploys the last good image by digest, after one that exceeds its memory limit", async () => {
    expect((await deploy({})).code).toBe(0);
    const { images: good } = await checkout.outputs();
    const frugal = 'if v := getenv("PORT")';
    checkout.edit("app/settings.go", frugal, `hog := make([]byte, 256<<20); for i := range hog { hog[i] = 1 }; ${frugal}`);
    const { code, out } = await deploy({});
    expect(code).toBe(1);
    // Whether Kubernetes has restarted it when the card is made is a matter of milliseconds.
    const lines = card(out).map((line) => line.replace(/, restarted once$/, ""));
    expect(lines.filter((line) => !line.includes("| "))).toEqual([
      title,
      stillServing,
      "  reason    OOMKilled",
      "            the container exited with code 137",
      "  likely    The program needs more memory than its limit. Raise resources.memory, or find out what uses it.",
      `  rollback  slipway rollback --stack ${stack} --service web`,
    ]);
    const back = await checkout.run("rollback");
    expect(back.code).toBe(0);
    expect(back.out).toContain(`web  ${good["web"]}\n`);
    expect((await checkout.outputs()).images).toEqual(good);
    await eventuallyAnswers("Hello World\n");
    checkout.edit("app/settings.go", "hog := make([]byte, 256<<20); for i := range hog { hog[i] = 1 }; ", "");
  });

  test("deploys the previous version if all are healthy", async () => {
    const { images: good } = await checkout.outputs();
    checkout.edit("app/settings.go", 'greeting: "Hello World"', 'greeting: "Hello again"');
    expect((await deploy({})).code).toBe(0);
    expect((await checkout.run("rollback")).code).toBe(0);
    expect((await checkout.outputs()).images).toEqual(good);
    await eventuallyAnswers("Hello World\n");
  });

  test("skips a version that never became healthy", async () => {
    const { images: good } = await checkout.outputs();
    const image = `127.0.0.1:${ports.registry}/web@sha256:${"1".repeat(64)}`;
    expect((await deployBroken({ source: undefined, image })).code).toBe(1);
    checkout.edit("app/settings.go", 'greeting: "Hello again"', 'greeting: "Hello at last"');
    expect((await deploy({})).code).toBe(0);
    const back = await checkout.run("rollback");
    expect(back.code).toBe(0);
    expect(back.out).toContain(`web  ${good["web"]}\n`);
    await eventuallyAnswers("Hello World\n");
  });

  test("changes nothing if the settings caused the failure, and says so", async () => {
    const { images } = await checkout.outputs();
    const settings = { source: undefined, image: images["web"], env: { SHUTDOWN_TIMEOUT: "soon" } };
    expect((await deployBroken(settings)).code).toBe(1);
    const { code, out } = await checkout.run("rollback");
    expect(code).toBe(1);
    expect(out).toBe(`error: Service "web": ${revert}.\n`);
  });
});
