import { Checkout, eventually, get, ports, type Run } from "./checkout.ts";

const stack = "integration-rollout";
const namespace = `slipway-${stack}`;
const web = { source: "app", host: "web.localhost", replicas: 2 };
let checkout: Checkout;

beforeAll(async () => {
  checkout = new Checkout(stack);
  const { code, out } = await deploy({});
  if (code !== 0) throw new Error(out);
});
afterAll(() => checkout[Symbol.asyncDispose]());

/** Deploys the service with other settings. */
function deploy(settings: object): Promise<Run> {
  checkout.configure({ web: { ...web, ...settings } });
  return checkout.run("up");
}

/** The lines of the failure card, without names and times that differ from run to run. */
function card(out: string): string[] {
  const lines = out.split("\n").map((line) => line.replace(/web-[0-9a-f]+-\w{5}/, "<pod>").replace(/"time":"[^"]*",/, ""));
  const first = lines.findIndex((line) => line.endsWith("did not roll out"));
  return first < 0 ? lines : lines.slice(first).filter(Boolean);
}

const title = `Deployment ${namespace}/web did not roll out`;
const servesOn = "  pod     <pod> (2 new; 2 of the version before serve on)";
const settingsBack = `  go back the image is that of the version before: put the settings back in stacks/Pulumi.${stack}.yaml, then make up STACK=${stack}`;

describe("a failed rollout ends with a card, and the version before serves on", () => {
  afterEach(async () => expect(await get("web.localhost")).toEqual({ status: 200, body: "Hello World\n" }));

  test("when the program ends by itself: with its last lines", async () => {
    const { code, out } = await deploy({ env: { SHUTDOWN_TIMEOUT: "soon" } });
    expect(code).toBe(1);
    expect(card(out)).toEqual([
      title,
      servesOn,
      "  reason  CrashLoopBackOff",
      "          the container ended with exit code 1, and was started anew once",
      '  log     | {"level":"ERROR","msg":"stopped","version":"dev","error":"SHUTDOWN_TIMEOUT must be a duration such as 20s (got \\"soon\\")"}',
      "  likely  The program ends by itself. Its last lines say why; often a setting is missing.",
      settingsBack,
    ]);
  });

  test("when the image is not there: with the command that goes back", async () => {
    const image = `127.0.0.1:${ports.registry}/web@sha256:${"1".repeat(64)}`;
    const { code, out } = await deploy({ source: undefined, image });
    expect(code).toBe(1);
    const lines = card(out);
    expect(lines[3]).toContain(image);
    expect(lines.toSpliced(3, 1)).toEqual([
      title,
      servesOn,
      "  reason  ImagePullBackOff",
      "  likely  The image is not in the registry, or the cluster may not pull it. Look for the digest, and at the registry's credentials.",
      `  go back make rollback STACK=${stack} SERVICE=web`,
    ]);
  });

  test("when it never gets ready: with what the probe got", async () => {
    const { code, out } = await deploy({ probes: { readiness: { path: "/nowhere" } }, rollout: { progressDeadlineSeconds: 10 } });
    expect(code).toBe(1);
    const lines = card(out);
    expect(lines.filter((line) => line.includes('"path":"/nowhere","status":404')).length).toBeGreaterThan(1);
    expect(lines.filter((line) => !line.includes("| {"))).toEqual([
      title,
      servesOn,
      "  reason  Unhealthy",
      "          Readiness probe failed: HTTP probe failed with statuscode: 404",
      "  likely  The probe does not get its answer. Does the program listen on `port`, and answer 200 at the probe's path?",
      settingsBack,
    ]);
  });

  test("when a Secret is missing that a variable is from", async () => {
    const { code, out } = await deploy({ envFromSecret: { TOKEN: { name: "nowhere", key: "token" } } });
    expect(code).toBe(1);
    expect(card(out)).toEqual([
      title,
      servesOn,
      "  reason  CreateContainerConfigError",
      '          secret "nowhere" not found',
      "  likely  A Secret or ConfigMap that the pod refers to is missing, or a key in it. Make it, or mend the name.",
      settingsBack,
    ]);
  });

  test("when a Secret is missing that is mounted", async () => {
    const { code, out } = await deploy({ secretFolders: { "/etc/tokens": "nowhere" } });
    expect(code).toBe(1);
    expect(card(out)).toEqual([
      title,
      servesOn,
      "  reason  FailedMount",
      '          MountVolume.SetUp failed for volume "secret-folder-0" : secret "nowhere" not found',
      "  likely  What the pod mounts is missing. Look for the Secret, the ConfigMap or the volume by its name.",
      settingsBack,
    ]);
  });

  test("when no node may take the pods", async () => {
    const { code, out } = await deploy({ nodeSelector: { disk: "gold" } });
    expect(code).toBe(1);
    const lines = card(out);
    expect(lines[3]).toMatch(/^ {10}0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector\./);
    expect(lines.toSpliced(3, 1)).toEqual([
      title,
      servesOn,
      "  reason  Unschedulable",
      "  likely  No node has room for the pod, or may take it. Lower resources, look at nodeSelector and tolerations, or add nodes.",
      settingsBack,
    ]);
  });

  test("when the namespace's quota is used up", async () => {
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "pods", namespace }, spec: { hard: { pods: "1" } } };
    const cluster = await checkout.cluster();
    await cluster.apply(quota, false);
    const { code, out } = await deploy({ env: { GREETING: "Hello all" } });
    await cluster.remove(quota, 10);
    expect(code).toBe(1);
    const lines = card(out);
    expect(lines[3]).toMatch(/^ {10}pods "<pod>" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=\d, limited: pods=1$/);
    expect(lines.toSpliced(3, 1)).toEqual([
      title,
      "  pod     none could be made (0 new; 2 of the version before serve on)",
      "  reason  FailedCreate",
      "  likely  The namespace does not take the pod: its quota is used up, or its security profile refuses it.",
      settingsBack,
    ]);
  });

  test("a card is told of what failed alone: settings that are refused have none", async () => {
    expect((await deploy({})).code).toBe(0);
    const { code, out } = await deploy({ replicas: -1 });
    expect(code).toBe(1);
    expect(out).not.toContain("did not roll out");
  });
});

/** What is answered once the last pods of the version before have gone. */
const answers = (text: string) =>
  eventually(
    () => get("web.localhost"),
    ({ status, body }) => status === 200 && body === text,
  );

describe("rollback", () => {
  test("deploys the last good image, by digest, when a new one takes more memory than it may", async () => {
    expect((await deploy({})).code).toBe(0);
    const { images: good } = await checkout.outputs();
    const frugal = 'if v := getenv("PORT")';
    checkout.edit("app/settings.go", frugal, `hog := make([]byte, 256<<20); for i := range hog { hog[i] = 1 }; ${frugal}`);
    const { code, out } = await deploy({});
    expect(code).toBe(1);
    expect(card(out).filter((line) => !line.includes("| "))).toEqual([
      title,
      servesOn,
      "  reason  OOMKilled",
      "          the container ended with exit code 137, and was started anew once",
      "  likely  The program takes more memory than its limit. Raise resources.memory, or find what takes it.",
      `  go back make rollback STACK=${stack} SERVICE=web`,
    ]);
    const back = await checkout.run("rollback");
    expect(back.code).toBe(0);
    expect(back.out).toContain(`web  ${good["web"]}\n`);
    expect((await checkout.outputs()).images).toEqual(good);
    await answers("Hello World\n");
    checkout.edit("app/settings.go", "hog := make([]byte, 256<<20); for i := range hog { hog[i] = 1 }; ", "");
  });

  test("goes to the version before, where all have come up", async () => {
    const { images: good } = await checkout.outputs();
    checkout.edit("app/settings.go", 'greeting: "Hello World"', 'greeting: "Hello again"');
    expect((await deploy({})).code).toBe(0);
    expect((await checkout.run("rollback")).code).toBe(0);
    expect((await checkout.outputs()).images).toEqual(good);
    await answers("Hello World\n");
  });

  test("passes over a version that never came up, where all is well again", async () => {
    expect((await deploy({})).code).toBe(0);
    const { images: good } = await checkout.outputs();
    const image = `127.0.0.1:${ports.registry}/web@sha256:${"1".repeat(64)}`;
    expect((await deploy({ source: undefined, image })).code).toBe(1);
    checkout.edit("app/settings.go", 'greeting: "Hello again"', 'greeting: "Hello at last"');
    expect((await deploy({})).code).toBe(0);
    const back = await checkout.run("rollback");
    expect(back.code).toBe(0);
    expect(back.out).toContain(`web  ${good["web"]}\n`);
    await answers("Hello again\n");
  });

  test("changes nothing where settings are to blame, and says so", async () => {
    expect((await deploy({})).code).toBe(0);
    expect((await deploy({ env: { SHUTDOWN_TIMEOUT: "soon" } })).code).toBe(1);
    const { code, out } = await checkout.run("rollback");
    expect(code).toBe(1);
    expect(out).toBe(
      `error: Service "web": the image is that of the version before: put the settings back in stacks/Pulumi.${stack}.yaml, then make up STACK=${stack}.\n`,
    );
  });
});
