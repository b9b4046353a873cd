import { join } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { labelList } from "../lib/docker-labels.ts";
import { defaultImages } from "./images.ts";
import { prepareKubeconfig, readKubeconfig } from "./internal/kubeconfig-file.ts";
import { createLocalRegistry, registryPort } from "./internal/local-registry.ts";
import { longRunning } from "./internal/long-running.ts";
import { defaultPorts, loopback, standardPorts } from "./ports.ts";
import type { Protocol } from "./web-service-enums.ts";

export interface LocalClusterPorts {
  /** The Kubernetes API. @default 6550 */
  api?: number;
  /** HTTP of all Ingresses. @default 8080 */
  http?: number;
  /** HTTPS of all Ingresses. @default 8443 */
  https?: number;
  /** The registry. @default 5001 */
  registry?: number;
}

/** A port on 127.0.0.1 for a node port of a Service. */
export interface LocalClusterNodePort {
  /** Port on 127.0.0.1. */
  port: number;
  /** Port of the node, from 30000 to 32767. */
  nodePort: number;
  /** @default "TCP" */
  protocol?: Protocol;
}

export interface LocalClusterArgs {
  /** Absolute path of the folder for the administrator's kubeconfig. It is created with mode 700. */
  folder: string;
  /** Image of the Kubernetes node: k3s, or one with its interface. @default "rancher/k3s:v1.36.3-k3s1" */
  nodeImage?: pulumi.Input<string>;
  /** Image of the registry: CNCF Distribution, or one with its interface. @default "registry:3" */
  registryImage?: pulumi.Input<string>;
  /** Ports on 127.0.0.1. */
  ports?: LocalClusterPorts;
  /** Node ports of Services that this machine reaches. A change replaces the node's container; the cluster's objects and volumes stay. @default - none. */
  nodePorts?: LocalClusterNodePort[];
  /** Labels of every Docker object. @default - none. */
  labels?: Record<string, pulumi.Input<string>>;
}

/**
 * A Kubernetes node and a container registry in Docker on this machine. The cluster pulls images by the name that they were
 * pushed to, `127.0.0.1:<registry port>/…`. Tools find the registry in the ConfigMap of KEP-1755.
 *
 * The Docker objects are named after the component: the network `<name>`, the containers `<name>-node` and `<name>-registry`,
 * and the volumes `<name>-node`, `<name>-registry`, `<name>-kubelet` and `<name>-logs`.
 *
 * @example
 * const cluster = new LocalCluster("dev", { folder: resolve(".slipway/dev") });
 * const provider = new k8s.Provider("dev", { kubeconfig: cluster.kubeconfig, clusterIdentifier: "dev" });
 */
export class LocalCluster extends pulumi.ComponentResource {
  /** The administrator's kubeconfig; a secret. */
  declare readonly kubeconfig: pulumi.Output<string>;
  /** File with the kubeconfig, with mode 600. */
  declare readonly kubeconfigFile: string;
  /** Prefix of the image repositories, such as `127.0.0.1:5001`. */
  declare readonly registry: string;
  /** The registry's container, for images to depend on. */
  declare readonly registryContainer: docker.Container;
  /** The volume with the cluster's objects. Deleting it deletes them, so it can be their `deletedWith`. */
  declare readonly nodeVolume: docker.Volume;

  constructor(name: string, args: LocalClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:LocalCluster", name, {}, opts);
    const ports = { ...defaultPorts, ...args.ports };
    const labels = labelList(args.labels);
    const inCluster = `${name}-registry:${registryPort}`;
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
        // The name of the Node object. A replaced container must be the same Node.
        hostname: name,
        image: args.nodeImage ?? defaultImages.node,
        command: ["server", `--https-listen-port=${ports.api}`],
        envs: ["K3S_KUBECONFIG_OUTPUT=/output/kubeconfig.yaml", "K3S_KUBECONFIG_MODE=600", "KUBECONFIG=/output/kubeconfig.yaml"],
        privileged: true,
        tmpfs: { "/run": "", "/var/run": "", "/var/lib/cni": "" },
        ports: [
          // The same port in the container, because the kubeconfig contains it.
          { ip: loopback, external: ports.api, internal: ports.api },
          { ip: loopback, external: ports.http, internal: standardPorts.http },
          { ip: loopback, external: ports.https, internal: standardPorts.https },
          ...(args.nodePorts ?? []).map(({ port, nodePort, protocol = "TCP" }) => ({
            ip: loopback,
            external: port,
            internal: nodePort,
            protocol: protocol.toLowerCase(),
          })),
        ],
        volumes: [
          // Every volume that the image declares is named, because Docker does not remove anonymous ones.
          { volumeName: this.nodeVolume.name, containerPath: "/var/lib/rancher/k3s" },
          { volumeName: volume("kubelet").name, containerPath: "/var/lib/kubelet" },
          { volumeName: volume("logs").name, containerPath: "/var/log" },
          { hostPath: args.folder, containerPath: "/output" },
        ],
        uploads: [
          { file: "/etc/rancher/k3s/registries.yaml", content: registriesYaml(this.registry, `http://${inCluster}`) },
          {
            file: "/var/lib/rancher/k3s/server/manifests/local-registry-hosting.yaml",
            content: localRegistryHosting(this.registry, inCluster),
          },
        ],
        healthcheck: { tests: ["CMD-SHELL", readiness], interval: "2s", timeout: "10s", startPeriod: "1m0s", retries: 30 },
        wait: true,
        waitTimeout: 180,
      },
      { parent: this },
    );

    // The kubeconfig names the container, so that a replaced container changes the Kubernetes provider: a provider that was
    // configured while the cluster was missing never connects.
    const head = pulumi.interpolate`# Kubernetes in the container ${node.id}\n`;
    this.kubeconfig = pulumi.secret(pulumi.interpolate`${head}${node.id.apply(() => readKubeconfig(this.kubeconfigFile, `${name}-node`))}`);
    this.registerOutputs({ kubeconfig: this.kubeconfig, kubeconfigFile: this.kubeconfigFile, registry: this.registry });
  }
}

/** Health check of the node. It queries the API only until the node is ready for the first time: a query costs a tenth of a CPU. */
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
