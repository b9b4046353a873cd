import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import slipway from "../../../program.ts";
import { record, settle, tree } from "../harness.ts";

const source = resolve("app");
const checkout = process.cwd();
let folder: string;
let docker: Server;

/** In a temporary folder, and with a Docker API without containers, which is all that the program reads from Docker. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  process.chdir(folder);
  docker = createServer((_request, response) => response.end("[]"));
  await new Promise<void>((listening) => docker.listen(join(folder, "docker.sock"), listening));
  process.env["DOCKER_HOST"] = `unix://${folder}/docker.sock`;
});
afterAll(() => {
  docker.close();
  delete process.env["DOCKER_HOST"];
  process.chdir(checkout);
  rmSync(folder, { recursive: true });
});

const ports = { api: 26551, http: 28081, https: 28444, registry: 25003 };

function run(services: object) {
  const program = async () => {
    pulumi.runtime.setAllConfig({
      "slipway:services": JSON.stringify(services),
      "slipway:local": JSON.stringify({ cluster: "own", ports }),
    });
    return slipway();
  };
  const outputs = {
    "docker:index/container:Container": ({ name }: { name: string }) => {
      if (name.endsWith("-node")) writeFileSync(join(folder, ".slipway/test/kubeconfig.yaml"), "apiVersion: v1\n");
      return {};
    },
    "pulumi-nodejs:dynamic/slipway:RegistryPush": ({ inputs }: { inputs: Record<string, string> }) => ({
      ref: `${inputs["repository"]}@${inputs["digest"]}`,
    }),
  };
  mkdirSync(join(folder, ".slipway"), { recursive: true });
  return record(program, { outputs });
}

const cluster = "slipway:index:LocalCluster$docker:index";
const service = "slipway:index:WebService$kubernetes";
const push = "slipway:index:GoImage$pulumi-nodejs:dynamic/slipway:RegistryPush";

test("a local stack has exactly these resources", async () => {
  const { urns } = await run({ web: { source, host: "web.localhost" }, worker: { source } });
  expect(tree(urns)).toEqual(
    [
      "kubernetes:core/v1:Namespace services",
      "pulumi:providers:kubernetes slipway-test",
      `${push} web`,
      `${push} worker`,
      "slipway:index:GoImage web",
      "slipway:index:GoImage worker",
      "slipway:index:LocalCluster slipway-test",
      `${cluster}/container:Container slipway-test-node`,
      `${cluster}/container:Container slipway-test-registry`,
      `${cluster}/network:Network slipway-test`,
      `${cluster}/volume:Volume slipway-test-kubelet`,
      `${cluster}/volume:Volume slipway-test-logs`,
      `${cluster}/volume:Volume slipway-test-node`,
      `${cluster}/volume:Volume slipway-test-registry`,
      "slipway:index:WebService web",
      "slipway:index:WebService worker",
      `${service}:apps/v1:Deployment web`,
      `${service}:apps/v1:Deployment worker`,
      `${service}:core/v1:Service web`,
      `${service}:core/v1:Service worker`,
      `${service}:core/v1:ServiceAccount web`,
      `${service}:core/v1:ServiceAccount worker`,
      `${service}:networking.k8s.io/v1:Ingress web`,
      `${service}:networking.k8s.io/v1:NetworkPolicy web`,
      `${service}:networking.k8s.io/v1:NetworkPolicy worker`,
      `${service}:policy/v1:PodDisruptionBudget web`,
      `${service}:policy/v1:PodDisruptionBudget worker`,
      `${service}:traefik.io/v1alpha1:Middleware web-retry`,
    ].sort(),
  );
});

test("published ports are node ports of the cluster, which this machine reaches on 127.0.0.1", async () => {
  const publish = { packets: { port: 29053, targetPort: 53, protocol: "UDP" }, lines: { port: 29053, targetPort: 53 } };
  // Its node port would be that of the other service.
  const other = { port: 29053 + 2768 };
  const { resources, result } = await run({ dns: { source, publish }, other: { source, publish: { other } } });
  const published = (name: string) => resources.find((one) => one.name === `${name}-published`)!.inputs;
  const { type, ports } = published("dns")["spec"];
  expect(type).toBe("NodePort");
  expect(ports).toEqual([
    { name: "packets", port: 29053, targetPort: 53, protocol: "UDP", nodePort: 31374 },
    { name: "lines", port: 29053, targetPort: 53, protocol: "TCP", nodePort: 31373 },
  ]);
  expect(published("other")["spec"].ports[0].nodePort).toBe(31375);
  const node = resources.find(({ name, type }) => name === "slipway-test-node" && type.endsWith(":Container"))!.inputs;
  expect(node["ports"].slice(3)).toEqual([
    { ip: "127.0.0.1", external: 29053, internal: 31373, protocol: "tcp" },
    { ip: "127.0.0.1", external: 29053, internal: 31374, protocol: "udp" },
    { ip: "127.0.0.1", external: other.port, internal: 31375, protocol: "tcp" },
  ]);
  const { addresses } = result as Record<string, pulumi.Input<unknown>>;
  expect((await settle(pulumi.output(addresses))).value).toEqual({
    dns: { packets: "udp://127.0.0.1:29053", lines: "tcp://127.0.0.1:29053" },
    other: { other: `tcp://127.0.0.1:${other.port}` },
  });
});

test("the provider identifies the cluster by the name of the stack, so that a new kubeconfig does not replace all objects", async () => {
  const { resources } = await run({ web: { source } });
  expect(resources.find((r) => r.type === "pulumi:providers:kubernetes")!.inputs).toMatchObject({
    clusterIdentifier: "slipway-test",
    enableConfigMapMutable: "true",
    enableSecretMutable: "true",
  });
});

test("the pushed digest is the one that runs, and the outputs contain it", async () => {
  const idle = `registry.example/idle@sha256:${"0".repeat(64)}`;
  const { resources, result } = await run({ web: { source, host: "web.localhost" }, idle: { image: idle } });
  const { digest } = resources.find((r) => r.type.endsWith(":RegistryPush"))!.inputs;
  const deployments = resources.filter((r) => r.type.endsWith(":Deployment"));
  const images = Object.fromEntries(deployments.map((r) => [r.name, r.inputs.spec.template.spec.containers[0].image]));
  expect(images).toEqual({ web: `127.0.0.1:25003/web@${digest}`, idle });
  const { urls, images: refs, kubeconfigFile, registry, kubeconfig } = result as Record<string, pulumi.Input<unknown>>;
  expect((await settle(pulumi.output({ urls, images: refs, kubeconfigFile, registry }))).value).toEqual({
    urls: { web: "http://web.localhost:28081/" },
    images,
    kubeconfigFile: join(folder, ".slipway/test/kubeconfig.yaml"),
    registry: "127.0.0.1:25003",
  });
  expect((await settle(kubeconfig as pulumi.Output<string>)).secret).toBe(true);
});

test("code that does not compile stops the program before it registers a resource", async () => {
  const broken = join(folder, "broken");
  mkdirSync(broken);
  writeFileSync(join(broken, "go.mod"), "module example.org/broken\n\ngo 1.21\n");
  writeFileSync(join(broken, "main.go"), "package main\n\nfunc main() { undefined() }\n");
  await expect(run({ web: { source }, broken: { source: broken } })).rejects.toThrow("./main.go:3:15: undefined: undefined");
  const monitor = (pulumi.runtime as unknown as { getMonitor(): { getRegisteredResources(): Map<string, unknown> } }).getMonitor();
  expect([...monitor.getRegisteredResources().keys()]).toEqual([]);
});

test("a local stack does not load the AWS SDK", () => {
  const loaded = `Object.keys(process.getBuiltinModule("node:module")._cache)`;
  const program = `
    await import("${checkout}/index.ts");
    await import("${checkout}/platforms/local/local.ts");
    console.log(JSON.stringify(${loaded}.filter((file) => file.includes("/@pulumi/")).map((file) => file.split("/@pulumi/")[1].split("/")[0])));`;
  const out = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  expect([...new Set(JSON.parse(out) as string[])].sort()).toEqual(["docker", "kubernetes", "pulumi"]);
});
