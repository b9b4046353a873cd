import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PatchStrategy } from "@kubernetes/client-node";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { Checkout, docker, dockerPorts, eventually, get } from "./checkout.ts";
import { namespace, sharedCheckout } from "./shared-stack.ts";

// Changes by hand to a stack on a real cluster and a real Docker. The tests do not prove how other controllers and webhooks change objects.

const host = "drift.localhost";
const secretValue = "the-secret-token";
const web = {
  source: "app",
  host,
  replicas: 2,
  env: { GREETING: "Hello drift", COLOUR: "blue" },
  secretEnv: { TOKEN: secretValue },
  files: { "/etc/web/settings.yaml": "limit: 10\n" },
};

interface Found {
  drifted: boolean;
  compared: number;
  impact: string;
  objects: {
    type: string;
    name: string;
    id: string;
    status: string;
    properties: { path: string; state?: unknown; live?: unknown; changedBy?: string; changedAt?: string }[];
  }[];
  uncompared: { type: string; problem: string }[];
  fix?: { restored: boolean; gate: { open: boolean } };
}

/** Runs `slipway drift --json`, and returns the JSON without what goes to standard error. */
async function driftOf(checkout: Checkout, options: string[] = []): Promise<{ code: number | null; found: Found; out: string }> {
  const { code, out } = await checkout.run("drift", {}, ["--json", ...options]);
  const start = out.indexOf("\n{\n");
  const json = out.startsWith("{") ? out : out.slice(start + 1);
  return { code, out, found: JSON.parse(json.slice(0, json.lastIndexOf("\n}") + 2)) as Found };
}

describe("on Kubernetes", () => {
  let checkout: Checkout;
  let cluster: KubernetesCluster;
  const state = () => readFileSync(join(checkout.folder, ".slipway", checkout.stack, "checkpoint.json"), "utf8");
  const object = (apiVersion: string, kind: string, name: string): Manifest => ({ apiVersion, kind, metadata: { name, namespace } });
  const deployment = object("apps/v1", "Deployment", "web");
  const withMetadata = (manifest: Manifest, more: object): Manifest => ({ ...manifest, metadata: { name: "web", namespace, ...more } });
  const byHand = (manifest: Manifest, manager = "kubectl-edit") => {
    const none = undefined;
    return cluster.patch(manifest, none, none, manager, none, PatchStrategy.StrategicMergePatch);
  };
  const configMap = async () => {
    const [found] = await cluster.select("v1", "ConfigMap", namespace, "app.kubernetes.io/name=web");
    return found!.metadata!.name!;
  };
  const answers = () =>
    eventually(
      () => get(host),
      ({ status, body }) => status === 200 && body === "Hello drift\n",
    );

  beforeAll(async () => {
    checkout = sharedCheckout();
    checkout.configure({ web });
    const { code, out } = await checkout.run("up");
    if (code !== 0) throw new Error(out);
    cluster = await checkout.cluster();
    await answers();
  });

  test("a stack that was just deployed has no drift, and neither has a change that is not deployed", async () => {
    const before = state();
    const { code, found } = await driftOf(checkout);
    expect([code, found.drifted, found.objects, found.uncompared]).toEqual([0, false, [], []]);
    expect(found.compared).toBeGreaterThan(8);
    checkout.edit("app/settings.go", 'greeting: "Hello World"', 'greeting: "Hello tomorrow"');
    checkout.configure({ web: { ...web, replicas: 5 } });
    const { code: later, out } = await checkout.run("drift");
    expect([later, out]).toEqual([0, expect.stringContaining(`drift of stack "${checkout.stack}": none in ${found.compared} objects\n`)]);
    checkout.configure({ web });
    expect(state()).toBe(before);
  });

  test("what others add to objects is no drift", async () => {
    await byHand(withMetadata(deployment, { annotations: { "example.org/note": "seen" } }));
    expect((await driftOf(checkout)).code).toBe(0);
  });

  test("each change by hand is found, with both values and who made it, and no secret is shown", async () => {
    const before = state();
    const file = join(checkout.folder, "drift.md");
    const edited = (await cluster.find(deployment))!;
    const [container] = edited["spec"].template.spec.containers;
    const { image, env } = container;
    const places = ["COLOUR", "GREETING"].map((name) => env.findIndex((variable: { name: string }) => variable.name === name));
    edited["spec"].replicas = 1;
    env[places[1]!].value = "Hello hand";
    container.env = env.filter(({ name }: { name: string }) => name !== "COLOUR");
    await cluster.replace(edited, undefined, undefined, "kubectl-edit");
    const containers = [{ name: container.name, image: "nowhere.example/web:1" }];
    await byHand({ ...deployment, spec: { template: { spec: { containers } } } }, "kubectl-set");
    await byHand(withMetadata(deployment, { labels: { "app.kubernetes.io/part-of": "me" } }));
    const [secret] = await cluster.select("v1", "Secret", namespace, "app.kubernetes.io/name=web");
    await byHand({ ...object("v1", "Secret", secret!.metadata!.name!), data: { TOKEN: Buffer.from("by-somebody").toString("base64") } });
    const removed = await configMap();
    await cluster.remove(object("v1", "ConfigMap", removed), 60);
    await cluster.remove(object("v1", "Service", "web"), 60);

    const { code, found, out } = await driftOf(checkout, ["--markdown", file]);
    expect([code, found.impact]).toEqual([6, "restart with downtime"]);
    const shown = found.objects.map(({ type, name, status }) => `${type.split(":").at(-1)} ${name} ${status}`);
    expect(shown.sort()).toEqual([
      `ConfigMap ${removed.startsWith("web") ? "web" : removed} missing`,
      "Deployment web changed",
      "Secret web changed",
      "Service web missing",
    ]);
    const { properties } = found.objects.find(({ type }) => type.endsWith(":Deployment"))!;
    const values = Object.fromEntries(properties.map(({ path, state: was, live, changedBy }) => [path, [was, live, changedBy]]));
    expect(values).toEqual({
      'metadata.labels["app.kubernetes.io/part-of"]': ["slipway", "me", "kubectl-edit"],
      "spec.replicas": [2, 1, "kubectl-edit"],
      "spec.template.spec.containers[0].image": [image, "nowhere.example/web:1", "kubectl-set"],
      [`spec.template.spec.containers[0].env[${places[0]}].name`]: ["COLOUR", undefined, undefined],
      [`spec.template.spec.containers[0].env[${places[0]}].value`]: ["blue", undefined, undefined],
      [`spec.template.spec.containers[0].env[${places[1]}].value`]: ["Hello drift", "Hello hand", "kubectl-edit"],
    });
    expect(properties.find(({ path }) => path === "spec.replicas")!.changedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+Z$/);

    const text = await checkout.run("drift");
    expect([text.code, text.out]).toEqual([6, expect.stringContaining("    spec.replicas: state 2, live 1 (changed by kubectl-edit at ")]);
    const markdown = readFileSync(file, "utf8");
    expect(markdown.split("\n")[0]).toBe(`<!-- slipway-drift: slipway/${checkout.stack} -->`);
    for (const secretText of [secretValue, "by-somebody"])
      for (const form of [secretText, Buffer.from(secretText).toString("base64")])
        for (const printed of [out, text.out, markdown]) expect(printed).not.toContain(form);
    expect(state()).toBe(before);
  });

  test("a closed gate stops --fix with exit code 3 and says why", async () => {
    const file = `stacks/Pulumi.${checkout.stack}.yaml`;
    appendFileSync(join(checkout.folder, file), "  slipway:gate:\n    refuse: [rolling update]\n");
    const { code, out } = await checkout.run("drift", {}, ["--fix"]);
    expect([code, out]).toEqual([
      3,
      expect.stringContaining(`gate of stack "${checkout.stack}": closed\n  ✗ rolling update  Deployment web\n`),
    ]);
    expect(out).toContain(`To approve, complete these lines in ${file}`);
    expect((await cluster.find(deployment))!["spec"].replicas).toBe(1);
    expect(await cluster.find(object("v1", "Service", "web"))).toBeUndefined();
    checkout.configure({ web });
  });

  test("--fix restores every object, without the program, and the service answers", async () => {
    const { code, out } = await checkout.run("drift", {}, ["--fix"]);
    expect([code, out]).toEqual([0, expect.stringMatching(/\n~ kubernetes:apps\/v1:Deployment web {2}updated \(time\)\n/)]);
    expect(out).toMatch(/\n2 created, 2 updated, 1 unchanged \(time\)\ndrift of stack .*: none in \d+ objects\n/);
    expect((await answers()).body).toBe("Hello drift\n");
    expect((await driftOf(checkout)).found.objects).toEqual([]);
    // The program has another default for the greeting, which only `up` deploys.
    expect((await cluster.find(deployment))!["spec"].replicas).toBe(2);
    expect((await driftOf(checkout, ["--fix"])).code).toBe(0);
    // One that restores nothing is not recorded.
    const { deployments } = JSON.parse((await checkout.run("history", {}, ["--json"])).out) as {
      deployments: { command: string; result: string }[];
    };
    expect(deployments.slice(0, 2).map(({ command, result }) => [command, result])).toEqual([
      ["drift --fix", "succeeded"],
      ["up", "succeeded"],
    ]);
  });

  test("objects that cannot be read are named, and are not taken for unchanged", async () => {
    const { kubeconfig } = await checkout.outputs();
    expect(kubeconfig).toBe("[secret]");
    const [node] = await docker
      .listContainers({ filters: { name: [`^/slipway-${checkout.stack}`], label: ["dev.slipway.stack"] } })
      .then((all) => all.filter(({ Names }) => Names.some((name) => !name.includes("registry"))));
    await docker.getContainer(node!.Id).pause();
    try {
      const { code, found } = await driftOf(checkout);
      expect([code, found.objects.filter(({ type }) => type.startsWith("kubernetes:"))]).toEqual([1, []]);
      expect(found.uncompared.length).toBeGreaterThan(8);
      for (const { problem } of found.uncompared) expect(problem).toMatch(/^no answer within 20 s$|does not answer/);
    } finally {
      await docker.getContainer(node!.Id).unpause();
    }
    await answers();
  });
});

describe("on Docker", () => {
  const running = new AsyncDisposableStack();
  let checkout: Checkout;
  const answers = () =>
    eventually(
      () => get(host, "/", { port: dockerPorts.http }),
      ({ status }) => status === 200,
    );
  const replicas = async () =>
    (await docker.listContainers({ all: true, filters: { name: [`^/slipway-${checkout.stack}-web`] } })).map(({ Id }) =>
      docker.getContainer(Id),
    );

  beforeAll(async () => {
    checkout = running.use(new Checkout("integration-drift", "docker"));
    checkout.configure({ web: { source: "app", host, replicas: 2 } });
    const { code, out } = await checkout.run("up");
    if (code !== 0) throw new Error(out);
  });
  afterAll(() => running.disposeAsync());

  test("a container with other limits is found and changed back while it runs; one that was removed is created again", async () => {
    expect((await driftOf(checkout)).code).toBe(0);
    const [limited, removed] = await replicas();
    const { HostConfig } = await limited!.inspect();
    await limited!.update({ RestartPolicy: { Name: "no" } });
    await removed!.remove({ force: true });
    const { code, found } = await driftOf(checkout);
    expect(code).toBe(6);
    expect(found.objects.map(({ status }) => status).sort()).toEqual(["changed", "missing"]);
    const { properties } = found.objects.find(({ status }) => status === "changed")!;
    expect(properties.map(({ path, state, live }) => [path, state, live])).toEqual([["restart", HostConfig.RestartPolicy!.Name, "no"]]);
    const fixed = await checkout.run("drift", {}, ["--fix"]);
    expect([fixed.code, fixed.out]).toEqual([0, expect.stringContaining("none in")]);
    expect((await limited!.inspect()).HostConfig.RestartPolicy!.Name).toBe(HostConfig.RestartPolicy!.Name);
    expect((await replicas()).length).toBe(2);
    await answers();
    expect((await checkout.run("up")).out).toMatch(/\n\d+ unchanged \(time\)\n/);
  });
});
