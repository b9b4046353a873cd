import { cpSync, rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { pushImage } from "../../lib/docker-client.ts";
import { registryImageName } from "../../setup/registry-image.ts";
import { proxyImageName } from "../../setup/proxy-image.ts";
import { Checkout, docker, eventually } from "./checkout.ts";
import { canRunNodes, Nodes } from "./swarm-nodes.ts";

const name = "slipway-integration-nodes";
const registryPort = 32301;
const httpPort = 32380;
const here = (await canRunNodes()) ? test : test.skip;
let nodes: Nodes;
let checkout: Checkout;

/** Like all images, Traefik is pulled from the registry that the nodes share. */
const proxyImage = `127.0.0.1:${registryPort}/traefik:test`;

beforeAll(async () => {
  if (!(await canRunNodes())) return;
  checkout = new Checkout("integration-nodes", "swarm");
  cpSync("test/integration/probe-app", join(checkout.folder, "probe-app"), { recursive: true });
  nodes = new Nodes();
  await nodes.start(2, httpPort, await registryImageName(), registryPort);
  await docker.getImage(await proxyImageName()).tag({ repo: `127.0.0.1:${registryPort}/traefik`, tag: "test" });
  await pushImage(docker, proxyImage, {});
  await docker.getImage(proxyImage).remove();
});
afterAll(async () => {
  // The stack is deleted with its nodes.
  await nodes?.[Symbol.asyncDispose]();
  if (checkout) rmSync(checkout.folder, { recursive: true });
});

function configure(service: object = {}, settings: object = {}): void {
  const ports = { http: httpPort, https: 32343, registry: 32302 };
  const defaults = { host: nodes.nodes[0]!.host, ports, registry: { repository: `127.0.0.1:${registryPort}` }, proxyImage };
  checkout.configure(
    { app: { source: "probe-app", replicas: 4, rollout: { maxSurge: 4 }, host: "app.localhost", ...service } },
    { ...defaults, ...settings },
  );
}

/** Sends a request to the proxy of a node. */
function ask(address: string): Promise<string> {
  return new Promise((done, failed) => {
    const outgoing = request(
      { host: address, port: httpPort, path: "/hostname", headers: { host: "app.localhost" }, timeout: 5000 },
      (response) => {
        let body = "";
        response.on("data", (text) => (body += text)).on("end", () => done(`${response.statusCode} ${body}`));
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within 5 s"))).on("error", failed);
    outgoing.end();
  });
}

const placed = async () => {
  const { docker } = nodes.nodes[0]!;
  const tasks = await docker.listTasks({ filters: { service: [`${name}-app`], "desired-state": ["running"] } });
  const hosts = new Map((await docker.listNodes()).map((node) => [node.ID, node.Description?.Hostname]));
  return tasks.map((task) => hosts.get(task.NodeID)).sort();
};

here("a swarm of several nodes requires a registry, and for a worker the command that promotes it is printed", async () => {
  configure({}, { registry: undefined, host: nodes.nodes[0]!.socket });
  expect((await checkout.run("up")).out).toContain(
    "slipway:swarm.registry: is required for a swarm of 2 nodes. Set a registry that this machine and all nodes can reach.",
  );
  configure({}, { host: nodes.nodes[1]!.host });
  expect((await checkout.run("up")).out).toMatch(
    /slipway:swarm: the Docker host is a worker node, and a manager is required\. Run `docker node promote \w+` on a manager, or set swarm\.host to a manager\./,
  );
});

here("tasks spread over the nodes, every node routes to all of them, and draining a node moves its tasks", async () => {
  configure();
  const { code, out } = await checkout.run("up");
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`app  http://app.localhost:${httpPort}/  answers HTTP 200`) });
  const [first, second] = nodes.nodes.map((node) => node.name);
  expect(await placed()).toEqual([first, first, second, second]);
  for (const { address } of nodes.nodes) {
    const answers = new Set<string>();
    await eventually(
      async () => answers.add(await ask(address)),
      (all) => all.size === 4,
    );
    expect([...answers].every((answer) => answer.startsWith("200 "))).toBe(true);
  }
  const { docker } = nodes.nodes[0]!;
  const worker = (await docker.listNodes()).find((node) => node.Description?.Hostname === second)!;
  const set = async (settings: object) => {
    const { Version, Spec } = (await docker.getNode(worker.ID).inspect()) as { Version: { Index: number }; Spec: object };
    // The types of dockerode do not return a promise here.
    await (docker.getNode(worker.ID).update({ version: Version.Index, ...Spec, ...settings } as never) as unknown as Promise<unknown>);
  };
  await set({ Availability: "drain" });
  expect(await eventually(placed, (all) => all.length === 4 && all.every((host) => host === first))).toEqual([first, first, first, first]);
  await set({ Availability: "active", Labels: { disk: "ssd" } });
  configure({ nodeSelector: { disk: "ssd" } });
  expect((await checkout.run("up")).code).toBe(0);
  expect(await placed()).toEqual([second, second, second, second]);
});
