import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { prepareKubeconfig, readKubeconfig } from "../../../components/internal/kubeconfig-file.ts";
import { LocalCluster, type LocalClusterArgs } from "../../../components/local-cluster.ts";
import { record, settle, tree, type Outputs } from "../harness.ts";

let folder: string;
beforeEach(() => (folder = join(mkdtempSync(join(tmpdir(), "slipway-")), "cluster")));
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

/** Writes the kubeconfig, as the node does. */
const node: Outputs = {
  "docker:index/container:Container": ({ name }) => {
    if (name.endsWith("-node")) writeFileSync(join(folder, "kubeconfig.yaml"), "apiVersion: v1\n");
    return {};
  },
};

const build = (args: Partial<LocalClusterArgs> = {}) => record(() => new LocalCluster("dev", { folder, ...args }), { outputs: node });

test("a LocalCluster has one network, four volumes and two containers as children", async () => {
  const { urns } = await build();
  const child = "slipway:index:LocalCluster$docker:index";
  expect(tree(urns)).toEqual([
    "slipway:index:LocalCluster dev",
    `${child}/container:Container dev-node`,
    `${child}/container:Container dev-registry`,
    `${child}/network:Network dev`,
    `${child}/volume:Volume dev-kubelet`,
    `${child}/volume:Volume dev-logs`,
    `${child}/volume:Volume dev-node`,
    `${child}/volume:Volume dev-registry`,
  ]);
});

test("every Docker object has the name of its resource, and the labels", async () => {
  const { resources } = await build({ labels: { "dev.slipway.stack": "test" } });
  for (const { name, inputs } of resources.filter((r) => r.type.startsWith("docker:"))) {
    expect([name, inputs.name, inputs.labels]).toEqual([name, name, [{ label: "dev.slipway.stack", value: "test" }]]);
  }
});

test("the ports in the arguments are published on loopback only", async () => {
  const { resources } = await build({ ports: { api: 1, http: 2, https: 3, registry: 4 } });
  const ports = resources.flatMap((r) => r.inputs.ports ?? []);
  expect(ports).toEqual(
    expect.arrayContaining([
      { ip: "127.0.0.1", external: 4, internal: 5000 },
      { ip: "127.0.0.1", external: 1, internal: 1 },
      { ip: "127.0.0.1", external: 2, internal: 80 },
      { ip: "127.0.0.1", external: 3, internal: 443 },
    ]),
  );
  expect(ports).toHaveLength(4);
});

test("the node has exactly these settings", async () => {
  const { resources } = await build({ labels: { team: "shop" }, nodeImage: "node:own", registryImage: "registry:own" });
  const of = (name: string) => resources.find((r) => r.name === name && r.type.endsWith(":Container"))!.inputs;
  expect(of("dev-registry").image).toBe("registry:own");
  const { uploads, ...inputs } = of("dev-node");
  expect(uploads.map(({ file }: { file: string }) => file)).toEqual([
    "/etc/rancher/k3s/registries.yaml",
    "/var/lib/rancher/k3s/server/manifests/local-registry-hosting.yaml",
  ]);
  expect(inputs).toEqual({
    name: "dev-node",
    hostname: "dev",
    image: "node:own",
    command: ["server", "--https-listen-port=6550"],
    envs: ["K3S_KUBECONFIG_OUTPUT=/output/kubeconfig.yaml", "K3S_KUBECONFIG_MODE=600", "KUBECONFIG=/output/kubeconfig.yaml"],
    privileged: true,
    tmpfs: { "/run": "", "/var/run": "", "/var/lib/cni": "" },
    labels: [{ label: "team", value: "shop" }],
    restart: "always",
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
    networksAdvanced: [{ name: "dev" }],
    ports: [
      { ip: "127.0.0.1", external: 6550, internal: 6550 },
      { ip: "127.0.0.1", external: 8080, internal: 80 },
      { ip: "127.0.0.1", external: 8443, internal: 443 },
    ],
    volumes: [
      { volumeName: "dev-node", containerPath: "/var/lib/rancher/k3s" },
      { volumeName: "dev-kubelet", containerPath: "/var/lib/kubelet" },
      { volumeName: "dev-logs", containerPath: "/var/log" },
      { hostPath: folder, containerPath: "/output" },
    ],
    healthcheck: {
      tests: [
        "CMD-SHELL",
        "test -e /run/node-ready || { kubectl wait --for=condition=Ready node --all --timeout=1s && touch /run/node-ready; }",
      ],
      interval: "2s",
      timeout: "10s",
      startPeriod: "1m0s",
      retries: 30,
    },
    wait: true,
    waitTimeout: 180,
  });
});

test("the node pulls images by the name that they were pushed with, and the ConfigMap of KEP-1755 names the registry", async () => {
  const { resources } = await build({ ports: { registry: 5005 } });
  const uploads = resources.find((r) => r.name === "dev-node" && r.inputs.uploads)?.inputs.uploads;
  expect(uploads[0]).toEqual({
    file: "/etc/rancher/k3s/registries.yaml",
    content: 'mirrors:\n  "127.0.0.1:5005":\n    endpoint:\n      - "http://dev-registry:5000"\n',
  });
  expect(uploads[1].file).toBe("/var/lib/rancher/k3s/server/manifests/local-registry-hosting.yaml");
  expect(uploads[1].content).toContain('host: "127.0.0.1:5005"');
  expect(uploads[1].content).toContain('hostFromClusterNetwork: "dev-registry:5000"');
});

test("the kubeconfig is a secret, its file is readable only by its owner, and it names the container", async () => {
  const { result } = await build();
  expect(await settle(result.kubeconfig)).toEqual({ value: "# Kubernetes in the container dev-node-id\napiVersion: v1\n", secret: true });
  expect(result.kubeconfigFile).toBe(join(folder, "kubeconfig.yaml"));
  expect(statSync(result.kubeconfigFile).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test("a missing kubeconfig is reported with the command that restores it", () => {
  const file = join(folder, "kubeconfig.yaml");
  const message = `${file}: the cluster's kubeconfig is missing. Remove the container, and the next \`up\` writes the file again: docker rm --force dev-node`;
  expect(() => readKubeconfig(file, "dev-node")).toThrow(message);
  prepareKubeconfig(file); // like a run that was interrupted before the node wrote the file
  expect(() => readKubeconfig(file, "dev-node")).toThrow(message);
});

test("only the owner can read the kubeconfig, also while it is still empty", () => {
  const file = join(folder, "kubeconfig.yaml");
  prepareKubeconfig(file);
  expect([statSync(folder).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
});

test("a preview creates no folder", async () => {
  await record(() => new LocalCluster("dev", { folder }), { preview: true });
  expect(() => statSync(folder)).toThrow("ENOENT");
});

test("labels may be outputs", async () => {
  const { resources } = await build({ labels: { a: pulumi.output("b") } });
  expect(resources.find((r) => r.type.endsWith(":Network"))?.inputs.labels).toEqual([{ label: "a", value: "b" }]);
});
