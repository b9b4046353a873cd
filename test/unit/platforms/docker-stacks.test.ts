import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { loadConfiguration } from "../../../config/load.ts";
import { routingFile } from "../../../components/internal/proxy.ts";
import { objectName } from "../../../components/internal/swarm-service/task.ts";
import { loadPlatform } from "../../../platforms/platform.ts";
import { dockerOutputs, image } from "../docker-inputs.ts";
import { record, register, settle, tree } from "../harness.ts";

/** The resources of a platform for services with existing images. */
function program(platformName: "docker" | "swarm", services: Record<string, object>, settings: object = {}) {
  const run = async () => {
    pulumi.runtime.setAllConfig({
      "slipway:platform": platformName,
      "slipway:services": JSON.stringify(services),
      [`slipway:${platformName}`]: JSON.stringify(settings),
    });
    const configuration = await loadConfiguration(loadPlatform);
    const { createPlatform } = await loadPlatform(configuration.platform);
    const platform = await createPlatform(configuration);
    const urls = Object.entries(configuration.services).map(([name, service]) => platform.deploy(name, service, String(service.image)).url);
    return Promise.all(urls.map(async (url) => (url === undefined ? undefined : (await settle(pulumi.output(url))).value)));
  };
  return [run, { outputs: dockerOutputs }] as const;
}

const deploy = (...of: Parameters<typeof program>) => record(...program(...of));

const web = { image, host: "web.localhost", replicas: 2 };

test("a stack on docker has exactly these resources", async () => {
  const { urns, result } = await deploy("docker", { web, worker: { image, calls: ["web"], replicas: 1 } });
  expect(result).toEqual(["http://web.localhost:8080/", undefined]);
  const [host, service] = ["slipway:index:ContainerHost", "slipway:index:ContainerService"];
  expect(tree(urns)).toEqual(
    [
      "docker:index/network:Network slipway-test-web",
      "docker:index/network:Network slipway-test-worker",
      "pulumi:providers:docker slipway-test",
      `${host} slipway-test`,
      `${host}$docker:index/container:Container slipway-test-helper`,
      `${host}$docker:index/container:Container slipway-test-proxy`,
      `${host}$docker:index/container:Container slipway-test-registry`,
      `${host}$docker:index/network:Network slipway-test`,
      `${host}$docker:index/volume:Volume slipway-test-helper`,
      `${host}$docker:index/volume:Volume slipway-test-proxy`,
      `${host}$docker:index/volume:Volume slipway-test-registry`,
      `${host}$slipway:index:GoImage slipway-test-helper`,
      "slipway:index:GoImage$pulumi-nodejs:dynamic/slipway:RegistryPush slipway-test-helper",
      `${service} web`,
      `${service} worker`,
      `${service}$docker:index/container:Container slipway-test-web-1`,
      `${service}$docker:index/container:Container slipway-test-web-2`,
      `${service}$docker:index/container:Container slipway-test-worker-1`,
      `${service}$pulumi-nodejs:dynamic/slipway:Handover slipway-test-web-1`,
      `${service}$pulumi-nodejs:dynamic/slipway:Handover slipway-test-web-2`,
      `${service}$pulumi-nodejs:dynamic/slipway:Handover slipway-test-worker-1`,
      `${service}$pulumi-nodejs:dynamic/slipway:ProxyRoute slipway-test-web`,
    ].sort(),
  );
});

test("replicas are replaced maxSurge at a time, and the route waits for all", async () => {
  const waits = async (web: object) => {
    const all = await register(...program("docker", { web }));
    return Object.fromEntries(
      Object.entries(all).flatMap(([name, { waitsFor }]) =>
        /web-\d$|ProxyRoute/.test(name) ? [[name, waitsFor.filter((other) => /web-\d$/.test(other))]] : [],
      ),
    );
  };
  const pair = (i: number) => [`Container slipway-test-web-${i}`, `Handover slipway-test-web-${i}`] as const;
  const [one, two, three] = [pair(1), pair(2), pair(3)];
  const taken = [one, two, three].flat().sort();
  expect(await waits({ ...web, replicas: 3 })).toEqual({
    [one[0]]: [],
    [one[1]]: [one[0]],
    [two[0]]: [one[1]],
    [two[1]]: [two[0]],
    [three[0]]: [two[1]],
    [three[1]]: [three[0]],
    "ProxyRoute slipway-test-web": taken,
  });
  const twoAtOnce = await waits({ ...web, replicas: 3, rollout: { maxSurge: 2 } });
  expect([two[0], three[0]].map((name) => twoAtOnce[name])).toEqual([[], [one[1]]]);
});

test("a container is in the networks of its service and of the services it calls, and in the one with egress if its service may use it", async () => {
  const anywhere = { network: { destinations: [{ cidr: "0.0.0.0/0" }] } };
  const { resources } = await deploy("docker", {
    web,
    worker: { image, calls: ["web"], replicas: 1, ...anywhere },
    open: { image, replicas: 1, network: { isolated: false } },
  });
  const networksOf = (name: string) =>
    resources.find((r) => r.name === name)!.inputs["networksAdvanced"].map((n: { name: string }) => n.name);
  expect(networksOf("slipway-test-web-1")).toEqual(["slipway-test-web", "slipway-test-open"]);
  expect(networksOf("slipway-test-worker-1")).toEqual([
    "slipway-test-worker",
    "slipway-test-web",
    "slipway-test-open",
    "slipway-test-way-out",
  ]);
  expect(networksOf("slipway-test-open-1")).toEqual(["slipway-test-open", "slipway-test-way-out"]);
  const network = (name: string) => resources.find((r) => r.type.includes("network") && r.name === name)!.inputs;
  expect(network("slipway-test-web")).toEqual({
    name: "slipway-test-web",
    labels: [{ label: "dev.slipway.stack", value: "test" }],
    internal: true,
  });
  expect(network("slipway-test-way-out")["options"]).toEqual({ "com.docker.network.bridge.enable_icc": "false" });
});

test("networks and volumes in the settings are created, and external ones are only referenced", async () => {
  const volumes = {
    data: { kind: "persistent", mountPath: "/data", size: "1Gi" },
    old: { kind: "persistent", mountPath: "/old", size: "1Gi" },
  };
  const { resources } = await deploy(
    "docker",
    { web: { ...web, replicas: 1, volumes } },
    {
      networks: {
        lan: { driver: "macvlan", options: { parent: "eth0" }, subnet: "10.1.0.0/24", gateway: "10.1.0.1", services: ["web"] },
        office: { external: true, services: ["web"] },
      },
      volumes: { "web.data": { driver: "nfs", options: { share: "x" } }, "web.old": { external: true, name: "legacy" } },
    },
  );
  const labels = [{ label: "dev.slipway.stack", value: "test" }];
  expect(resources.find((r) => r.name === "slipway-test-lan")!.inputs).toEqual({
    name: "slipway-test-lan",
    labels,
    driver: "macvlan",
    options: { parent: "eth0" },
    ipamConfigs: [{ subnet: "10.1.0.0/24", gateway: "10.1.0.1" }],
  });
  expect(resources.filter((r) => r.type.includes("volume") && /data|legacy/.test(r.name)).map((r) => r.inputs)).toEqual([
    { name: "slipway-test-web-data", labels, driver: "nfs", driverOpts: { share: "x" } },
  ]);
  const container = resources.find((r) => r.name === "slipway-test-web-1")!.inputs;
  expect(container["networksAdvanced"].map((n: { name: string }) => n.name)).toEqual(["slipway-test-web", "slipway-test-lan", "office"]);
  expect(container["volumes"]).toEqual([
    { volumeName: "slipway-test-helper", containerPath: "/.slipway", readOnly: true },
    { volumeName: "slipway-test-web-data", containerPath: "/data" },
    { volumeName: "legacy", containerPath: "/old" },
  ]);
  // Only one container may write to the volume: a fixed name means that the previous one is deleted first.
  expect(container["name"]).toBe("slipway-test-web-1");
});

test("the health check runs the probes, and resource limits are Docker's", async () => {
  const probes = { kind: "exec", command: ["ok", "now"], readiness: { periodSeconds: 3 }, liveness: { failureThreshold: 5 } };
  const { resources } = await deploy("docker", {
    web: {
      ...web,
      replicas: 3,
      probes,
      rollout: { maxSurge: 2, minReadySeconds: 4 },
      args: ["-v"],
      resources: { cpuLimit: "500m", memoryLimit: "128Mi" },
    },
  });
  const { healthcheck, command, cpus, memory, memoryReservation, wait, waitTimeout } = resources.find(
    (r) => r.name === "slipway-test-web-1",
  )!.inputs;
  const list = Buffer.from('["ok","now"]').toString("base64url");
  expect(healthcheck).toEqual({
    tests: [
      "CMD",
      "/.slipway/helper",
      "check",
      `-startup=exec:${list},2s`,
      `-readiness=exec:${list},2s,3s,3`,
      `-liveness=exec:${list},5s,10s,5`,
      "-settled=4s",
      "-end",
    ],
    interval: "100ms",
    timeout: "2m15s",
    startPeriod: "1m0s",
    retries: 1,
  });
  const probesOf = async (probes: object) => {
    const { resources } = await deploy("docker", { web: { ...web, replicas: 1, probes } });
    return resources.find((r) => r.name === "slipway-test-web-1")!.inputs["healthcheck"].tests.slice(3, 5);
  };
  expect([await probesOf({ startup: { path: "/up" } }), await probesOf({ kind: "tcp" })]).toEqual([
    ["-startup=http:8080/up,2s", "-readiness=http:8080/readyz,2s,2s,3"],
    ["-startup=tcp:8080,2s", "-readiness=tcp:8080,2s,2s,3"],
  ]);
  expect({ command, cpus, memory, memoryReservation, wait, waitTimeout }).toEqual({
    command: ["-v"],
    cpus: "0.5",
    memory: 128,
    memoryReservation: 64,
    wait: true,
    waitTimeout: 120,
  });
});

test("a stack on swarm has exactly these resources", async () => {
  const { urns } = await deploy("swarm", { web: { ...web, secretFiles: { "/etc/web/token": "t" }, files: { "/etc/web/note": "n" } } });
  const [host, service] = ["slipway:index:SwarmHost", "slipway:index:SwarmService"];
  expect(tree(urns)).toEqual(
    [
      "docker:index/network:Network slipway-test-web",
      "pulumi:providers:docker slipway-test",
      `${host} slipway-test`,
      `${host}$docker:index/container:Container slipway-test-registry`,
      `${host}$docker:index/network:Network slipway-test`,
      `${host}$docker:index/network:Network slipway-test-registry`,
      `${host}$docker:index/service:Service slipway-test-helper`,
      `${host}$docker:index/service:Service slipway-test-proxy`,
      `${host}$docker:index/serviceConfig:ServiceConfig slipway-test-routes-web`,
      `${host}$docker:index/volume:Volume slipway-test-helper`,
      `${host}$docker:index/volume:Volume slipway-test-registry`,
      `${host}$slipway:index:GoImage slipway-test-helper`,
      "slipway:index:GoImage$pulumi-nodejs:dynamic/slipway:RegistryPush slipway-test-helper",
      `${service} web`,
      `${service}$docker:index/secret:Secret slipway-test-web-etc-web-token`,
      `${service}$docker:index/service:Service slipway-test-web`,
      `${service}$docker:index/serviceConfig:ServiceConfig slipway-test-web-etc-web-note`,
    ].sort(),
  );
});

test("placement, encryption and the routing mesh follow the settings of swarm", async () => {
  const { resources } = await deploy(
    "swarm",
    { web: { ...web, nodeSelector: { disk: "ssd" } } },
    { constraints: ["node.role==worker"], spread: ["node.labels.zone"], maxPerNode: 2, encrypted: true, publish: "mesh", proxies: 3 },
  );
  const of = (name: string, type: string) => resources.find((r) => r.name === name && r.type.endsWith(`:${type}`))!.inputs;
  expect(of("slipway-test-web", "Service")["taskSpec"].placement).toEqual({
    constraints: ["node.labels.disk==ssd", "node.role==worker"],
    prefs: ["spread=node.labels.zone"],
    maxReplicas: 2,
  });
  // By name, Pulumi's provider would replace the service in every update.
  expect(of("slipway-test-web", "Service")["taskSpec"].networksAdvanceds).toEqual([{ id: "slipway-test-web-id", aliases: ["web"] }]);
  expect(of("slipway-test-web", "Network")).toMatchObject({ driver: "overlay", internal: true, options: { encrypted: "true" } });
  const { mode, endpointSpec, updateConfig } = of("slipway-test-proxy", "Service");
  expect({ mode, endpointSpec, order: updateConfig.order }).toEqual({
    mode: { replicated: { replicas: 3 } },
    endpointSpec: {
      mode: "vip",
      ports: [
        { targetPort: 8000, publishedPort: 8080, publishMode: "ingress" },
        { targetPort: 8443, publishedPort: 8443, publishMode: "ingress" },
      ],
    },
    order: "start-first",
  });
});

test("on swarm the only server of a route is the service's DNS name, without kept connections", async () => {
  const { resources } = await deploy("swarm", { web: { ...web, port: 9000, tls: {} }, worker: { image } }, { ports: { https: 9443 } });
  const configs = resources.filter(({ type }) => type.endsWith(":ServiceConfig"));
  expect(configs.map(({ name }) => name)).toEqual(["slipway-test-routes-web"]);
  const { http } = JSON.parse(Buffer.from(configs[0]!.inputs["data"], "base64").toString());
  expect({ ...http, routers: Object.keys(http.routers) }).toEqual({
    routers: ["web-0", "web-0-tls"],
    middlewares: {
      "web-retry": { retry: { attempts: 11, initialInterval: "100ms" } },
      "web-redirect": { redirectScheme: { scheme: "https", port: "9443", permanent: true } },
    },
    services: { web: { loadBalancer: { servers: [{ url: "http://web:9000" }], serversTransport: "web" } } },
    serversTransports: { web: { maxIdleConnsPerHost: -1 } },
  });
});

test("names of configs and secrets are at most 56 characters and unique", () => {
  const long = objectName("slipway-production-a-service-with-a-name", "/etc/app/settings.yaml");
  expect(long).toMatch(/^slipway-production-a-service-with-a-name-etc-ap-[0-9a-f]{8}$/);
  expect(long.length).toBe(56);
  expect(objectName("slipway-production-a-service-with-a-name", "/etc/app/settings.yml")).not.toBe(long);
});

test("routes match as in an Ingress: whole path elements, one label for a wildcard, and retries of failed connections", () => {
  const routing = {
    name: "web",
    routes: [
      { host: "web.localhost", path: "/" },
      { host: "*.example.org", path: "/api/" },
    ],
    tls: true,
    redirect: true,
    httpsPort: 8443,
    connectRetries: 10,
    readiness: { path: "/readyz", port: 8080, periodSeconds: 2, timeoutSeconds: 1 },
    isOneName: false,
    port: 8080,
    forwarded: [],
  };
  const star = "HostRegexp(`^[^.]+\\.example\\.org$`) && (Path(`/api`) || PathPrefix(`/api/`))";
  expect(JSON.parse(routingFile(routing, ["a", "b"]))).toEqual({
    http: {
      routers: {
        "web-0": { rule: "Host(`web.localhost`)", service: "web", entryPoints: ["web"], middlewares: ["web-redirect"] },
        "web-0-tls": { rule: "Host(`web.localhost`)", service: "web", entryPoints: ["websecure"], middlewares: ["web-retry"], tls: {} },
        "web-1": { rule: star, service: "web", entryPoints: ["web"], middlewares: ["web-redirect"] },
        "web-1-tls": { rule: star, service: "web", entryPoints: ["websecure"], middlewares: ["web-retry"], tls: {} },
      },
      middlewares: {
        "web-retry": { retry: { attempts: 11, initialInterval: "100ms" } },
        "web-redirect": { redirectScheme: { scheme: "https", port: "8443", permanent: true } },
      },
      services: {
        web: {
          loadBalancer: {
            servers: [{ url: "http://a:8080" }, { url: "http://b:8080" }],
            healthCheck: { path: "/readyz", port: 8080, interval: "2s", timeout: "1s" },
          },
        },
      },
    },
  });
});

const dns = {
  ...web,
  publish: {
    packets: { port: 53, targetPort: 5353, protocol: "UDP" },
    lines: { port: 53, targetPort: 5353 },
  },
};

test("on docker, the proxy publishes ports and forwards them to all replicas", async () => {
  const { resources } = await deploy("docker", { dns: { ...dns, host: undefined } }, { address: "192.0.2.1" });
  const { command, ports } = resources.find(({ name, type }) => name === "slipway-test-proxy" && type.endsWith(":Container"))!.inputs;
  expect(command.filter((text: string) => /-53\./.test(text))).toEqual([
    "--entrypoints.tcp-53.address=:10000/tcp",
    "--entrypoints.udp-53.address=:10001/udp",
  ]);
  expect(ports.slice(2)).toEqual([
    { ip: "192.0.2.1", external: 53, internal: 10000, protocol: "tcp" },
    { ip: "192.0.2.1", external: 53, internal: 10001, protocol: "udp" },
  ]);
  const route = resources.find(({ type }) => type.endsWith(":ProxyRoute"))!.inputs;
  expect(route["network"]).toBe("slipway-test-dns");
  const servers = ["slipway-test-dns-1-1234567", "slipway-test-dns-2-1234567"].map((name) => ({ address: `${name}:5353` }));
  expect(JSON.parse(route["content"] as string)).toEqual({
    tcp: {
      routers: { "dns-tcp-53": { rule: "HostSNI(`*`)", entryPoints: ["tcp-53"], service: "dns-tcp-53" } },
      services: { "dns-tcp-53": { loadBalancer: { servers, serversTransport: "dns" } } },
      serversTransports: { dns: { terminationDelay: "-1s" } },
    },
    udp: {
      routers: { "dns-udp-53": { entryPoints: ["udp-53"], service: "dns-udp-53" } },
      services: { "dns-udp-53": { loadBalancer: { servers } } },
    },
  });
  const handover = resources.find(({ type }) => type.endsWith(":Handover"))!.inputs;
  expect(JSON.parse(handover["forwarded"] as string)).toEqual({ "dns-udp-53": 5353, "dns-tcp-53": 5353 });
});

test.each([
  ["host", "host"],
  ["mesh", "ingress"],
])("on swarm, the proxy publishes ports as swarm.publish: %s says", async (publish, publishMode) => {
  const { resources } = await deploy("swarm", { dns }, { publish });
  const proxy = resources.find(({ name, type }) => name === "slipway-test-proxy" && type.endsWith(":Service"))!.inputs;
  expect(proxy["endpointSpec"].ports.slice(2)).toEqual([
    { targetPort: 10000, publishedPort: 53, publishMode, protocol: "tcp" },
    { targetPort: 10001, publishedPort: 53, publishMode, protocol: "udp" },
  ]);
  const config = resources.find(({ type, name }) => type.endsWith(":ServiceConfig") && name.includes("routes-dns"))!.inputs;
  const { tcp, http } = JSON.parse(Buffer.from(config["data"] as string, "base64").toString());
  expect(tcp.services["dns-tcp-53"].loadBalancer.servers).toEqual([{ address: "dns:5353" }]);
  expect(http.services.dns.loadBalancer.servers).toEqual([{ url: "http://dns:8080" }]);
});

test("addresses of published ports name the machine that clients connect to", async () => {
  const addressesOn = async (platform: "docker" | "swarm", settings: object) => {
    const run = async () => {
      pulumi.runtime.setAllConfig({
        "slipway:platform": platform,
        "slipway:services": JSON.stringify({ dns }),
        [`slipway:${platform}`]: JSON.stringify(settings),
      });
      const configuration = await loadConfiguration(loadPlatform);
      const { createPlatform } = await loadPlatform(platform);
      const { addresses } = (await createPlatform(configuration)).deploy("dns", configuration.services["dns"]!, image);
      return (await settle(pulumi.output(addresses))).value;
    };
    return (await record(run, { outputs: dockerOutputs })).result;
  };
  const registry = { repository: "registry.example/team" };
  const at = (host: string) => ({ packets: `udp://${host}:53`, lines: `tcp://${host}:53` });
  expect(await addressesOn("docker", {})).toEqual(at("127.0.0.1"));
  expect(await addressesOn("docker", { address: "192.0.2.1" })).toEqual(at("192.0.2.1"));
  expect(await addressesOn("docker", { host: "ssh://deploy@server.example", registry })).toEqual(at("server.example"));
  expect(await addressesOn("swarm", {})).toEqual(at("127.0.0.1"));
  expect(await addressesOn("swarm", { host: "ssh://deploy@server.example", registry })).toEqual(at("server.example"));
});

test("an external Swarm network is referenced by its ID, or by its name if the Docker daemon is unreachable", async () => {
  const networksOf = async (dockerHost: string) => {
    const { DOCKER_HOST } = process.env;
    process.env["DOCKER_HOST"] = dockerHost;
    try {
      const settings = { networks: { office: { external: true, services: ["web"] } } };
      const { resources } = await deploy("swarm", { web }, settings);
      const service = resources.find(({ type, name }) => type.endsWith(":Service") && name === "slipway-test-web")!;
      return service.inputs["taskSpec"].networksAdvanceds.map(({ id }: { id: string }) => id).slice(1);
    } finally {
      if (DOCKER_HOST === undefined) delete process.env["DOCKER_HOST"];
      else process.env["DOCKER_HOST"] = DOCKER_HOST;
    }
  };
  const folder = mkdtempSync(join(tmpdir(), "slipway-docker-"));
  const daemon = createServer((_request, response) => response.end(JSON.stringify({ Id: "n0f1ce" })));
  try {
    await new Promise<void>((listening) => daemon.listen(join(folder, "docker.sock"), listening));
    expect(await networksOf(`unix://${folder}/docker.sock`)).toEqual(["n0f1ce"]);
    expect(await networksOf("unix:///nowhere")).toEqual(["office"]);
  } finally {
    daemon.closeAllConnections();
    daemon.close();
    rmSync(folder, { recursive: true });
  }
});
