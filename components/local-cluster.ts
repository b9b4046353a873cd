import { join } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { createLocalRegistry, longRunning, registryImage } from "./internal/local-registry.ts";
import { prepareKubeconfig, readKubeconfig } from "./internal/kubeconfig-file.ts";

export interface LocalClusterPorts {
  /** The Kubernetes API. @default 6550 */
  api?: number;
  /** What Ingresses serve over HTTP. @default 8080 */
  http?: number;
  /** What Ingresses serve over HTTPS. @default 8443 */
  https?: number;
  /** The registry. @default 5001 */
  registry?: number;
}

export interface LocalClusterArgs {
  /** Folder on this machine that the administrator's kubeconfig is written to; made for its owner alone. Absolute. */
  folder: string;
  /** Image of the Kubernetes node: k3s, or one with its interface. @default "rancher/k3s:v1.36.3-k3s1" */
  nodeImage?: pulumi.Input<string>;
  /** Image of the registry: CNCF Distribution, or one with its interface. @default "registry:3" */
  registryImage?: pulumi.Input<string>;
  /** Ports on 127.0.0.1. */
  ports?: LocalClusterPorts;
  /** Labels of every Docker object. @default - none. */
  labels?: Record<string, pulumi.Input<string>>;
}

export const localClusterDefaults = {
  nodeImage: "rancher/k3s:v1.36.3-k3s1",
  registryImage,
  ports: { api: 6550, http: 8080, https: 8443, registry: 5001 },
} as const;

/**
 * A Kubernetes node and a container registry in Docker on this machine. Images pushed to `127.0.0.1:<registry port>` are
 * pulled in the cluster by that same name, and tools find the registry by the ConfigMap that KEP-1755 asks for.
 *
 * Docker objects are named after the component: network `<name>`, containers `<name>-node` and `<name>-registry`,
 * volumes of the same names and `<name>-kubelet`, `<name>-logs`.
 *
 * @example
 * const cluster = new LocalCluster("dev", { folder: resolve(".slipway/dev") });
 * const provider = new k8s.Provider("dev", { kubeconfig: cluster.kubeconfig, clusterIdentifier: "dev" });
 */
export class LocalCluster extends pulumi.ComponentResource {
  /** The administrator's kubeconfig; a secret. */
  declare readonly kubeconfig: pulumi.Output<string>;
  /** The file that holds it, with mode 600. */
  declare readonly kubeconfigFile: string;
  /** What repositories in the registry start with, such as `127.0.0.1:5001`. */
  declare readonly registry: string;
  /** The container of the registry, for what is pushed to depend on. */
  declare readonly registryContainer: docker.Container;
  /** The volume that the cluster's objects live in: they are gone with it, and need no deletion of their own. */
  declare readonly nodeVolume: docker.Volume;

  constructor(name: string, args: LocalClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:LocalCluster", name, {}, opts);
    const ports = { ...localClusterDefaults.ports, ...args.ports };
    const labels = Object.entries(args.labels ?? {}).map(([label, value]) => ({ label, value }));
    const registryName = `${name}-registry`;
    this.registry = `127.0.0.1:${ports.registry}`;
    this.kubeconfigFile = join(args.folder, "kubeconfig.yaml");

    const network = new docker.Network(name, { name, labels }, { parent: this });
    const volume = (suffix: string) => new docker.Volume(`${name}-${suffix}`, { name: `${name}-${suffix}`, labels }, { parent: this });

    this.registryContainer = createLocalRegistry(
      name,
      { image: args.registryImage, port: ports.registry, network: network.name, labels },
      { parent: this },
    );

    if (!pulumi.runtime.isDryRun()) prepareKubeconfig(this.kubeconfigFile);
    this.nodeVolume = volume("node");
    const node = new docker.Container(
      `${name}-node`,
      {
        ...longRunning(labels),
        networksAdvanced: [{ name: network.name }],
        name: `${name}-node`,
        // The Node's name; a container made anew is to be the same Node.
        hostname: name,
        image: args.nodeImage ?? localClusterDefaults.nodeImage,
        command: ["server", `--https-listen-port=${ports.api}`],
        envs: ["K3S_KUBECONFIG_OUTPUT=/output/kubeconfig.yaml", "K3S_KUBECONFIG_MODE=600", "KUBECONFIG=/output/kubeconfig.yaml"],
        privileged: true,
        tmpfs: { "/run": "", "/var/run": "", "/var/lib/cni": "" },
        ports: [
          // The same number inside, for it stands in the kubeconfig.
          { ip: "127.0.0.1", external: ports.api, internal: ports.api },
          { ip: "127.0.0.1", external: ports.http, internal: 80 },
          { ip: "127.0.0.1", external: ports.https, internal: 443 },
        ],
        volumes: [
          // Every volume that the image declares, for Docker leaves nameless ones behind.
          { volumeName: this.nodeVolume.name, containerPath: "/var/lib/rancher/k3s" },
          { volumeName: volume("kubelet").name, containerPath: "/var/lib/kubelet" },
          { volumeName: volume("logs").name, containerPath: "/var/log" },
          { hostPath: args.folder, containerPath: "/output" },
        ],
        uploads: [
          { file: "/etc/rancher/k3s/registries.yaml", content: registriesYaml(this.registry, `http://${registryName}:5000`) },
          {
            file: "/var/lib/rancher/k3s/server/manifests/local-registry-hosting.yaml",
            content: localRegistryHosting(this.registry, `${registryName}:5000`),
          },
        ],
        healthcheck: { tests: ["CMD-SHELL", readiness], interval: "2s", timeout: "10s", startPeriod: "1m0s", retries: 30 },
        wait: true,
        waitTimeout: 180,
      },
      { parent: this },
    );

    // Named in it, so that a container made anew is a change of the provider: one that was set up while the cluster was
    // gone stays without it.
    const head = pulumi.interpolate`# Kubernetes in the container ${node.id}\n`;
    this.kubeconfig = pulumi.secret(pulumi.interpolate`${head}${node.id.apply(() => readKubeconfig(this.kubeconfigFile, `${name}-node`))}`);
    this.registerOutputs({ kubeconfig: this.kubeconfig, kubeconfigFile: this.kubeconfigFile, registry: this.registry });
  }
}

/** The node is ready: asked for until it first is; from then on a look at a file, for asking costs a tenth of a processor. */
const readiness = "test -e /run/node-ready || { kubectl wait --for=condition=Ready node --all --timeout=1s && touch /run/node-ready; }";

/** https://docs.k3s.io/installation/private-registry */
function registriesYaml(registry: string, endpoint: string): string {
  return `mirrors:\n  "${registry}":\n    endpoint:\n      - "${endpoint}"\n`;
}

/** https://github.com/kubernetes/enhancements/tree/master/keps/sig-cluster-lifecycle/generic/1755-communicating-a-local-registry */
function localRegistryHosting(registry: string, inCluster: string): string {
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: local-registry-hosting
  namespace: kube-public
data:
  localRegistryHosting.v1: |
    host: "${registry}"
    hostFromContainerRuntime: "${registry}"
    hostFromClusterNetwork: "${inCluster}"
    help: "https://kind.sigs.k8s.io/docs/user/local-registry/"
`;
}
