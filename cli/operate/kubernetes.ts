import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { ifHidden } from "../../platforms/kubernetes-shared/forbidden.ts";
import type { Operations } from "./operate.ts";

const apiVersion = "apps/v1";

/** As `kubectl rollout restart` and `kubectl scale` do it. */
export function kubernetesOperations(cluster: KubernetesCluster, namespace: string, labels: string): Operations {
  const workloads = async (): Promise<Manifest[]> => {
    const kinds = ["Deployment", "StatefulSet"];
    const lists = await Promise.all(kinds.map((kind) => cluster.select(apiVersion, kind, namespace, labels).catch(ifHidden([]))));
    return lists.flatMap((found, i) => found.map((one) => ({ ...one, kind: kinds[i]! })));
  };
  const change = async (service: string, spec: object) => {
    const { kind } = (await workloads()).find(({ metadata }) => metadata?.name === service)!;
    await cluster.merge({ apiVersion, kind: kind!, metadata: { name: service, namespace }, spec });
    return `${kind} ${namespace}/${service}`;
  };
  return {
    services: async () => (await workloads()).map(({ metadata }) => String(metadata?.name)).sort(),
    async restart(service) {
      // The annotation of kubectl (https://github.com/kubernetes/kubectl, pkg/polymorphichelpers/objectrestarter.go): each new value is a new version of the pods.
      const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
      return `${await change(service, { template: { metadata: { annotations } } })} replaces its pods`;
    },
    async scale(service, replicas) {
      return `${await change(service, { replicas })} has ${replicas} ${replicas === 1 ? "replica" : "replicas"} now; services.${service}.replicas in the stack file is unchanged`;
    },
  };
}
