import type { Manifest } from "../../lib/kubernetes-client.ts";
import type { ApiServer } from "./api-server.ts";
import { eventually } from "./checkout.ts";
import type { EksNetwork } from "./eks-network.ts";

/**
 * Writes what a kubelet and the controllers of Kubernetes would: a node, pods of a Deployment whose containers are ready, and their addresses
 * in the Services.
 *
 * @param gates Number of readiness gates that the pods get.
 */
export async function writePods(
  { cluster, core }: ApiServer,
  { node }: EksNetwork,
  { deployment, services, gates }: { deployment: Manifest; services: Manifest[]; gates: number },
): Promise<void> {
  const { namespace } = deployment.metadata!;
  const nodeName = "node";
  const written = await cluster.apply(
    { apiVersion: "v1", kind: "Node", metadata: { name: nodeName }, spec: { providerID: node.providerId } },
    false,
  );
  const conditions = [{ type: "Ready", status: "True" }];
  await core.replaceNodeStatus({ name: nodeName, body: { ...written, status: { conditions } } });

  const { metadata, spec } = deployment["spec"].template;
  const endpoints: object[] = [];
  for (const [i, address] of node.podAddresses.entries()) {
    const name = `${deployment.metadata!.name}-${i}`;
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name, namespace }, spec: { ...spec, nodeName } };
    // The webhook learns a moment later of target groups.
    await eventually(
      () => cluster.apply(pod, true),
      ({ spec }) => spec.readinessGates?.length === gates,
    );
    const created = await cluster.apply(pod, false);
    const status = {
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [
        { type: "ContainersReady", status: "True" },
        { type: "Ready", status: "False" },
      ],
    };
    await core.replaceNamespacedPodStatus({ name, namespace: namespace!, body: { ...created, status } });
    const targetRef = { kind: "Pod", name, namespace, uid: created.metadata!.uid };
    endpoints.push({ addresses: [address], conditions: { ready: false }, nodeName, targetRef });
  }
  const containerPorts: { name: string; containerPort: number }[] = spec.containers[0].ports;
  for (const service of services) {
    const ports = service["spec"].ports.map(({ name, protocol }: { name: string; protocol: string }) => ({
      name,
      protocol,
      port: containerPorts.find((port) => port.name === name)!.containerPort,
    }));
    const { name } = service.metadata!;
    await cluster.apply(
      {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        addressType: "IPv4",
        metadata: { name, namespace, labels: { "kubernetes.io/service-name": String(name) } },
        endpoints,
        ports,
      },
      false,
    );
  }
}
