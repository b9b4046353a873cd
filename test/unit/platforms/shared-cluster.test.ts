import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { defaultPorts } from "../../../components/ports.ts";
import { loadConfiguration } from "../../../config/load.ts";
import type { ServiceSettings } from "../../../config/schema/service.ts";
import { KubernetesError, type KubernetesCluster } from "../../../lib/kubernetes-client.ts";
import { createPlatform, preflight } from "../../../platforms/local/local.ts";
import { hasOwnCluster } from "../../../platforms/local/own-cluster.ts";
import { problemsWithHosts } from "../../../platforms/local/shared-cluster/hosts.ts";
import { clustersOf, folderOfCluster, sharedClusterName, writeRecord } from "../../../platforms/local/shared-cluster/record.ts";
import { loadPlatform } from "../../../platforms/platform.ts";
import { record } from "../harness.ts";
import { HttpApi } from "../http-api.ts";

// What stacks that share a cluster are told, and what they register. The test of the npm package starts such a cluster.

let home: string;
let docker: HttpApi;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "slipway-state-"));
  docker = await new HttpApi().open();
  docker.answers = { "GET /containers/json": [], "GET /services": [] };
  vi.stubEnv("XDG_STATE_HOME", home);
  vi.stubEnv("DOCKER_HOST", docker.host);
});
afterEach(() => {
  vi.unstubAllEnvs();
  docker.close();
  rmSync(home, { recursive: true });
});

// Nothing listens there.
const ports = { api: 26991, http: 26992, https: 26993, registry: 26994 };
const name = "slipway-shared-26991";
const image = `registry.example/web@sha256:${"a".repeat(64)}`;
const user = (nodePorts: object[] = [], folder = process.cwd()) => ({
  namespace: "shop-dev",
  folder,
  since: "2026-01-01T00:00:00Z",
  nodePorts: nodePorts as never,
});

async function configure(service: object = {}, local: object = {}) {
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "shop", "test", false);
  pulumi.runtime.setAllConfig({
    "slipway:services": JSON.stringify({ web: { image, ...service } }),
    "slipway:local": JSON.stringify({ ports, ...local }),
  });
  return loadConfiguration(loadPlatform);
}

/** The node's container of a shared cluster, as Docker lists it. */
const node = {
  Id: "node",
  Names: [`/${name}-node`],
  Labels: { "dev.slipway.stack": `shared/${name}` },
  Ports: Object.values(ports).map((PublicPort) => ({ PublicPort, Type: "tcp" })),
};

describe("the cluster of a stack", () => {
  test("is shared by all stacks with the same port of the Kubernetes API", () => {
    expect([sharedClusterName(defaultPorts.api), sharedClusterName(7550)]).toEqual(["slipway-shared", "slipway-shared-7550"]);
  });

  test("is its own if the settings say so, or if it has one and the settings say nothing", async () => {
    expect(await hasOwnCluster(await configure())).toBe(false);
    expect(await hasOwnCluster(await configure({}, { cluster: "own" }))).toBe(true);
    const volume = (label: string) => ({ "GET /volumes/shop-test-node": { Labels: { "dev.slipway.stack": label } } });
    docker.answers = volume("shop/test");
    expect(await hasOwnCluster(await configure())).toBe(true);
    expect(await hasOwnCluster(await configure({}, { cluster: "shared" }))).toBe(false);
    docker.answers = volume("another/test");
    expect(await hasOwnCluster(await configure())).toBe(false);
  });

  test("is known by its users until they leave", () => {
    expect(clustersOf("shop/test")).toEqual([]);
    writeRecord(name, { ports, nodePorts: [], users: { "shop/test": user() } });
    writeRecord("slipway-shared", { ports: defaultPorts, nodePorts: [], users: {} });
    expect(clustersOf("shop/test")).toEqual([name]);
    writeRecord("slipway-shared", { ports: defaultPorts, nodePorts: [], users: { "shop/test": user([], "/elsewhere") } });
    expect(clustersOf("shop/test")).toEqual([name]);
    expect(existsSync(join(home, "slipway/clusters", name, "cluster.json"))).toBe(true);
    expect(folderOfCluster(name)).toBe(join(home, "slipway/clusters", name));
  });
});

describe("a stack of a shared cluster is told", () => {
  test("nothing if the ports are free, or the cluster's", async () => {
    expect(await preflight(await configure())).toEqual([]);
    writeRecord(name, { ports, nodePorts: [], users: {} });
    docker.answers["GET /containers/json"] = [node];
    expect(await preflight(await configure())).toEqual([]);
  });

  test("which of its ports another container has", async () => {
    docker.answers["GET /containers/json"] = [{ ...node, Names: ["/other"], Labels: {}, Ports: [{ PublicPort: ports.http, Type: "tcp" }] }];
    expect(await preflight(await configure())).toEqual([
      `slipway:local.ports.http: port ${ports.http} is already used by the container other. Stop it, or set another port in stacks/Pulumi.test.yaml.`,
    ]);
  });

  test("which of its ports differ from those of the cluster", async () => {
    writeRecord(name, { ports, nodePorts: [], users: {} });
    docker.answers["GET /containers/json"] = [node];
    expect(await preflight(await configure({}, { ports: { ...ports, http: 26995 } }))).toEqual([
      `slipway:local.ports.http: must be ${ports.http} as in the other stacks of the shared cluster ${name} (got 26995). Set ${ports.http}, or another api port for another cluster.`,
    ]);
  });

  test("which of its published ports another stack has", async () => {
    writeRecord(name, {
      ports,
      nodePorts: [],
      users: {
        "shop/dev": user([{ port: 26996, nodePort: 30001, protocol: "TCP" }]),
        "shop/test": user([{ port: 26997, nodePort: 30002 }]),
      },
    });
    const publish = (port: number, protocol?: string) => ({ port: 8080, publish: { db: { port, ...(protocol && { protocol }) } } });
    expect(await preflight(await configure(publish(26996)))).toEqual([
      "slipway:services.web.publish.db.port: TCP port 26996 is already published by stack shop/dev on the shared cluster. Set another port.",
    ]);
    expect(await preflight(await configure(publish(26997)))).toEqual([]);
  });
});

test("a stack of another project with the same names is not taken over", async () => {
  const elsewhere = join(home, "elsewhere");
  writeRecord(name, { ports, nodePorts: [], users: { "shop/test": user([], elsewhere) } });
  // A project that was moved has left nothing.
  expect(await preflight(await configure())).toEqual([]);
  mkdirSync(join(elsewhere, ".slipway/test"), { recursive: true });
  writeFileSync(join(elsewhere, ".slipway/test/checkpoint.json"), "{}");
  expect(await preflight(await configure())).toEqual([
    `Pulumi.yaml: the stack "test" of a project with the same name "shop" already runs on the shared cluster, deployed from ${elsewhere}. Set another name, or run slipway down there first.`,
  ]);
});

describe("hosts of a shared cluster", () => {
  const ingress = (namespace: string, host: string, path = "/") => ({
    metadata: { namespace, name: "x" },
    spec: { rules: [{ host, http: { paths: [{ path }] } }] },
  });
  const route = {
    metadata: { namespace: "blog-dev", name: "x" },
    spec: { hostnames: ["gw.localhost"], rules: [{ matches: [{ path: { value: "/api" } }] }] },
  };
  const cluster = (objects: Record<string, object[]>) =>
    ({
      list: async (_apiVersion: string, kind: string) => {
        if (!objects[kind]) throw new KubernetesError(404, `the cluster does not know the kind ${kind}`, true);
        return { items: objects[kind] };
      },
    }) as unknown as KubernetesCluster;
  const service = (more: object): ServiceSettings => ({ builder: "go", ...more });
  const remedy = "Set another one, or slipway:local.cluster: own with other ports.";

  test("that another namespace serves are reported with their path, for Ingresses and Gateways", async () => {
    const objects = { Ingress: [ingress("blog-dev", "web.localhost"), ingress("blog-dev", "api.localhost", "/v1")], HTTPRoute: [route] };
    const services = {
      web: service({ host: "web.localhost" }),
      api: service({ routes: [{ host: "api.localhost" }, { host: "api.localhost", path: "/v1" }] }),
      gw: service({ expose: "gateway", routes: [{ host: "gw.localhost", path: "/api" }] }),
    };
    expect(await problemsWithHosts(services, "shop-test", cluster(objects))).toEqual([
      `slipway:services.web.host: web.localhost is already served by namespace blog-dev of the shared cluster. ${remedy}`,
      `slipway:services.api.routes[1].host: api.localhost/v1 is already served by namespace blog-dev of the shared cluster. ${remedy}`,
      `slipway:services.gw.routes[0].host: gw.localhost/api is already served by namespace blog-dev of the shared cluster. ${remedy}`,
    ]);
  });

  test("that only the stack's own namespace serves, or that a service does not expose, are no problem", async () => {
    const objects = { Ingress: [ingress("shop-test", "web.localhost"), ingress("blog-dev", "off.localhost")] };
    const services = { web: service({ host: "web.localhost" }), off: service({ host: "off.localhost", expose: "none" }) };
    expect(await problemsWithHosts(services, "shop-test", cluster(objects))).toEqual([]);
  });
});

test("a preview of a stack whose cluster does not run starts nothing, and registers no Docker object", async () => {
  const program = async () => {
    const configuration = await configure();
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "shop", "test", true);
    const platform = await createPlatform(configuration);
    platform.deploy("web", configuration.services["web"]!, image);
    return platform.registry("web");
  };
  const { result, resources } = await record(program, { preview: true });
  expect(result).toEqual({ repository: `127.0.0.1:${ports.registry}/shop-test/web` });
  expect(resources.filter(({ type }) => type.startsWith("docker:"))).toEqual([]);
  expect(existsSync(join(home, "slipway"))).toBe(false);
  expect(docker.changes).toEqual([]);
});
