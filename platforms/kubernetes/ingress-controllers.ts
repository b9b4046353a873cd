import type { PeerArgs } from "../../components/service-args.ts";
import type { ServiceSettings } from "../../config/schema/service.ts";
import { hasIngress } from "../../config/schema/service.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { ifHidden } from "../kubernetes-shared/forbidden.ts";

/** The label that installations of ingress controllers have on their pods, by the controller that an IngressClass names. */
const podLabelOf: Record<string, string> = {
  "traefik.io/ingress-controller": "traefik",
  "k8s.io/ingress-nginx": "ingress-nginx",
  "nginx.org/ingress-controller": "nginx-ingress",
  "haproxy.org/ingress-controller/haproxy": "kubernetes-ingress",
  "projectcontour.io/ingress-controller": "contour",
};

interface IngressClass {
  name: string;
  controller: string;
  isDefault: boolean;
}

/** What a cluster has of the ingress controllers. */
export interface IngressControllers {
  classes: IngressClass[];
  /** Pods that forward requests, by controller. */
  pods: Record<string, PeerArgs>;
}

/** Looks for the ingress classes, and for the namespaces of their controllers. Empty if the deployer may not see them. */
export async function findIngressControllers(cluster: KubernetesCluster): Promise<IngressControllers> {
  const items = await cluster.list<Manifest>("networking.k8s.io/v1", "IngressClass").then(({ items }) => items, ifHidden([]));
  const classes = items.map(({ metadata, ["spec"]: spec }): IngressClass => {
    const isDefault = metadata?.annotations?.["ingressclass.kubernetes.io/is-default-class"] === "true";
    return { name: String(metadata?.name), controller: String(spec["controller"]), isDefault };
  });
  const known = [...new Set(classes.map(({ controller }) => controller))].filter((controller) => podLabelOf[controller] !== undefined);
  const pods = await Promise.all(known.map(async (controller) => [controller, await podsOf(controller, cluster)] as const));
  return { classes, pods: Object.fromEntries(pods.flatMap(([controller, found]) => (found ? [[controller, found]] : []))) };
}

async function podsOf(controller: string, cluster: KubernetesCluster): Promise<PeerArgs | undefined> {
  const podLabels = { "app.kubernetes.io/name": podLabelOf[controller]! };
  const [[label, value]] = Object.entries(podLabels) as [[string, string]];
  const pods = await cluster.select("v1", "Pod", undefined, `${label}=${value}`).catch(ifHidden([]));
  const namespace = pods[0]?.metadata?.namespace;
  return namespace === undefined ? undefined : { namespace, podLabels };
}

/** A service with the ingress class and the pods of its controller that the cluster has, unless its settings say otherwise. */
export function withIngressController(service: ServiceSettings, { classes, pods }: IngressControllers): ServiceSettings {
  if (!hasIngress(service)) return service;
  const chosen = classes.find(({ name, isDefault }) =>
    service.ingressClassName === undefined ? isDefault : service.ingressClassName === name,
  );
  if (chosen === undefined) return service;
  const found = pods[chosen.controller];
  const { network = {} } = service;
  const isGiven = network.ingressController !== undefined || network.ingressCidrs !== undefined || network.isolated === false;
  return {
    ...service,
    ingressClassName: chosen.name,
    ...(found && !isGiven && { network: { ...network, ingressController: found } }),
  };
}
