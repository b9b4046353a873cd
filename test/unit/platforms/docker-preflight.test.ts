import { mkdtempSync, rmSync } from "node:fs";
import { createSocket } from "node:dgram";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { loadConfiguration } from "../../../config/load.ts";
import { noDocker } from "../../../lib/docker-client.ts";
import { loadPlatform } from "../../../platforms/platform.ts";

const image = `registry.example/web@sha256:${"a".repeat(64)}`;
const volume = { kind: "persistent", mountPath: "/data", size: "1Gi" };
const web = { image, replicas: 1, volumes: { data: volume } };
const ports = { http: 29080, https: 29443, registry: 29001 };

/** Responses of the Docker API, by path. Other paths are not found. */
let answers: Record<string, object>;
let folder: string;
let daemon: Server;
let host: string;

beforeEach(async () => {
  answers = {
    "/_ping": {},
    "/containers/json": [],
    "/services": [],
    "/info": { Swarm: { LocalNodeState: "active", ControlAvailable: true, Nodes: 1 } },
  };
  folder = mkdtempSync(join(tmpdir(), "slipway-docker-"));
  host = `unix://${folder}/docker.sock`;
  daemon = createServer((request, response) => {
    const answer = answers[new URL(request.url!, "http://docker").pathname];
    response.writeHead(answer ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(answer ?? { message: "missing" }));
  });
  await new Promise<void>((listening) => daemon.listen(join(folder, "docker.sock"), listening));
});
afterEach(() => {
  daemon.closeAllConnections();
  daemon.close();
  rmSync(folder, { recursive: true });
});

/** The problems that a platform's preflight finds. */
async function preflight(
  platform: "local" | "docker" | "swarm",
  settings: object = {},
  preview = false,
  service: object = web,
  project = "slipway",
): Promise<string[]> {
  pulumi.runtime.setAllConfig({
    "slipway:platform": platform,
    "slipway:services": JSON.stringify({ web: service }),
    [`slipway:${platform}`]: JSON.stringify(platform === "local" ? {} : { host, ports, ...settings }),
  });
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, project, "test", preview);
  const configuration = await loadConfiguration(loadPlatform);
  return (await loadPlatform(configuration.platform)).preflight(configuration);
}

const container = (name: string, stack: string, port: number) => ({
  Names: [`/${name}`],
  Labels: { "dev.slipway.stack": stack },
  Ports: [{ PublicPort: port }],
});

test.each(["docker", "swarm"] as const)("an empty Docker host is ready for %s", async (platform) => {
  expect(await preflight(platform)).toEqual([]);
});

test("ports of a stack of the same name in another project are reported", async () => {
  const own = container("shop-test-registry", "shop/test", ports.registry);
  answers["/containers/json"] = [own, container("slipway-test-proxy", "test", ports.http)];
  expect(await preflight("docker", {}, false, { image }, "shop")).toEqual([
    "slipway:docker.ports.http: port 29080 is already used by the container slipway-test-proxy. Stop it, or set another port in stacks/Pulumi.test.yaml.",
  ]);
  answers["/containers/json"] = [own];
  expect(await preflight("docker", {}, false, { image })).toEqual([
    "slipway:docker.ports.registry: port 29001 is already used by the container shop-test-registry. Stop it, or set another port in stacks/Pulumi.test.yaml.",
  ]);
});

test("ports of another stack, of a Swarm service and of another program are reported, and those of the same stack are not", async () => {
  answers["/containers/json"] = [container("other-proxy", "other", ports.http), container("slipway-test-registry", "test", ports.registry)];
  answers["/services"] = [{ Spec: { Name: "shop" }, Endpoint: { Ports: [{ PublishedPort: ports.https }] } }];
  const remedy = "Stop it, or set another port in stacks/Pulumi.test.yaml.";
  const problems = [
    `slipway:docker.ports.http: port 29080 is already used by the container other-proxy. ${remedy}`,
    `slipway:docker.ports.https: port 29443 is already used by the service shop. ${remedy}`,
  ];
  expect(await preflight("docker")).toEqual(problems);
  answers["/containers/json"] = answers["/services"] = [];
  const program = createTcpServer();
  await new Promise<void>((listening) => program.listen(ports.http, "127.0.0.1", listening));
  const used = await preflight("docker");
  program.close();
  expect(used).toEqual([`slipway:docker.ports.http: port 29080 is already used by another program. ${remedy}`]);
});

test("published ports in use are reported with their protocol, and the same port of the other protocol is free", async () => {
  const publish = { packets: { port: 29053, protocol: "UDP" }, lines: { port: 29053 } };
  const published = (service: object = {}) => preflight("docker", {}, false, { ...web, publish, ...service });
  const remedy = "Stop it, or set another port in stacks/Pulumi.test.yaml.";
  answers["/containers/json"] = [{ ...container("resolver", "other", 29053), Ports: [{ PublicPort: 29053, Type: "udp" }] }];
  expect(await published()).toEqual([
    `slipway:services.web.publish.packets.port: UDP port 29053 is already used by the container resolver. ${remedy}`,
  ]);
  answers["/containers/json"] = [];
  const program = createSocket("udp4");
  await new Promise<void>((bound) => program.bind(29053, "127.0.0.1", bound));
  const used = await published();
  program.close();
  expect(used).toEqual([`slipway:services.web.publish.packets.port: UDP port 29053 is already used by another program. ${remedy}`]);
});

test("external networks and volumes that do not exist are reported with the command that creates them", async () => {
  const networks = { office: { external: true, services: ["web"] }, lan: { services: ["web"] } };
  const settings = { networks, volumes: { "web.data": { external: true, name: "legacy" } } };
  const remedy = "or remove external in stacks/Pulumi.test.yaml.";
  expect(await preflight("docker", settings)).toEqual([
    `slipway:docker.networks.office: the network "office" does not exist on the Docker host. Create it (docker network create office), ${remedy}`,
    `slipway:docker.volumes["web.data"]: the volume "legacy" does not exist on the Docker host. Create it (docker volume create legacy), ${remedy}`,
  ]);
  answers["/networks/office"] = {};
  answers["/volumes/legacy"] = {};
  expect(await preflight("docker", settings)).toEqual([]);
});

test("a volume that the stack did not create is not reused", async () => {
  const path = "/volumes/slipway-test-web-data";
  const at = 'slipway:docker.volumes["web.data"]: the volume "slipway-test-web-data"';
  const remedy = "Set another name in stacks/Pulumi.test.yaml";
  answers[path] = { Labels: { "dev.slipway.stack": "other" } };
  expect(await preflight("docker")).toEqual([`${at} belongs to the stack "other". ${remedy}, or external: true to use this volume.`]);
  expect(await preflight("swarm")).toEqual([`${at.replace("docker", "swarm")} belongs to the stack "other". ${remedy}.`]);
  answers[path] = { Labels: null };
  expect(await preflight("docker")).toEqual([
    `${at} already exists, and this stack did not create it. ${remedy}, or external: true to use this volume.`,
  ]);
  answers[path] = { Labels: { "dev.slipway.stack": "test" } };
  expect(await preflight("docker")).toEqual([]);
});

test("a Docker host that cannot run Swarm services is reported with the command that changes that", async () => {
  answers["/info"] = { Swarm: { LocalNodeState: "inactive" } };
  expect(await preflight("swarm")).toEqual([
    `slipway:swarm: the Docker host is not part of a swarm. Create a swarm: \`docker -H ${host} swarm init --advertise-addr ADDRESS\`, with 127.0.0.1 for a swarm of one node.`,
  ]);
  answers["/info"] = { Swarm: { LocalNodeState: "active", ControlAvailable: false, NodeID: "n0f1ce" } };
  expect(await preflight("swarm")).toEqual([
    "slipway:swarm: the Docker host is a worker node, and a manager is required. Run `docker node promote n0f1ce` on a manager, or set swarm.host to a manager.",
  ]);
  answers["/info"] = { Swarm: { LocalNodeState: "active", ControlAvailable: true, Nodes: 2 } };
  expect(await preflight("swarm")).toEqual([
    "slipway:swarm.registry: is required for a swarm of 2 nodes. Set a registry that this machine and all nodes can reach.",
  ]);
  expect(await preflight("swarm", { registry: { repository: "registry.example/team" } })).toEqual([]);
});

test("a Docker daemon that cannot be reached is the only problem", async () => {
  expect(await preflight("docker", { host: "unix:///nowhere/docker.sock" })).toEqual([
    "slipway:docker.host: cannot connect to the Docker daemon at unix:///nowhere/docker.sock (connect ENOENT /nowhere/docker.sock). Check that `docker -H unix:///nowhere/docker.sock info` works.",
  ]);
});

test.each(["local", "docker", "swarm"] as const)(
  "without Docker on this machine, %s cannot be deployed, but previewed",
  async (platform) => {
    const before = process.env["DOCKER_HOST"];
    process.env["DOCKER_HOST"] = "unix:///nowhere/docker.sock";
    try {
      expect(await preflight(platform, { host: undefined })).toEqual([`${noDocker}.`]);
      expect(await preflight(platform, { host: undefined }, true)).toEqual([]);
    } finally {
      if (before === undefined) delete process.env["DOCKER_HOST"];
      else process.env["DOCKER_HOST"] = before;
    }
  },
);
