import type { PeerArgs } from "../../components/service-args.ts";
import { Flavour } from "../../config/schema/kubernetes.ts";
import type { ServiceSettings } from "../../config/schema/service.ts";
import { hasIngress } from "../../config/schema/service.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { ifHidden } from "../kubernetes-shared/forbidden.ts";

const nameLabel = "app.kubernetes.io/name";

/**
 * Labels that installations of ingress controllers have on their pods, by the controller that an IngressClass names. RKE2 prefixes the names
 * of its charts: https://docs.rke2.io/networking/networking_services. The pods of MicroK8s have no name label:
 * https://github.com/canonical/microk8s-core-addons/blob/main/addons/ingress/ingress.yaml.
 */
const podLabelsOf: Record<string, [label: string, values: string[]][]> = {
  "traefik.io/ingress-controller": [[nameLabel, ["traefik", "rke2-traefik"]]],
  "k8s.io/ingress-nginx": [
    [nameLabel, ["ingress-nginx", "rke2-ingress-nginx"]],
    ["name", ["nginx-ingress-microk8s"]],
  ],
  "nginx.org/ingress-controller": [[nameLabel, ["nginx-ingress"]]],
  "haproxy.org/ingress-controller/haproxy": [[nameLabel, ["kubernetes-ingress"]]],
  "projectcontour.io/ingress-controller": [[nameLabel, ["contour"]]],
};

interface IngressClass {
  name: string;
  controller: string;
  isDefault: boolean;
}

/** What a cluster has of the ingress controllers. */
export interface IngressControllers {
  classes: IngressClass[];
  /** Whether the deployer may not see the classes. @default false */
  isHidden?: boolean;
  /** Pods that forward requests, by controller. */
  pods: Record<string, PeerArgs>;
}

/** Looks for the ingress classes, and for the namespaces of their controllers. Empty if the deployer may not see them. */
export async function findIngressControllers(cluster: KubernetesCluster): Promise<IngressControllers> {
  const items = await cluster.list<Manifest>("networking.k8s.io/v1", "IngressClass").then(({ items }) => items, ifHidden(undefined));
  const classes = (items ?? []).map(({ metadata, ["spec"]: spec }): IngressClass => {
    const isDefault = metadata?.annotations?.["ingressclass.kubernetes.io/is-default-class"] === "true";
    return { name: String(metadata?.name), controller: String(spec["controller"]), isDefault };
  });
  const known = [...new Set(classes.map(({ controller }) => controller))].filter((controller) => podLabelsOf[controller] !== undefined);
  const pods = await Promise.all(known.map(async (controller) => [controller, await podsOf(controller, cluster)] as const));
  return {
    classes,
    isHidden: items === undefined,
    pods: Object.fromEntries(pods.flatMap(([controller, peer]) => (peer ? [[controller, peer]] : []))),
  };
}

/** Classes that GKE has without an IngressClass object, https://cloud.google.com/kubernetes-engine/docs/concepts/ingress. */
export function builtInClasses(flavour: Flavour): string[] {
  return flavour === Flavour.Gke ? ["gce", "gce-internal"] : [];
}

/** The class of services without one, if the cluster marks none as the default. */
const usualClassOf: Partial<Record<Flavour, string>> = {
  // https://github.com/openshift/enhancements/blob/master/enhancements/ingress/transition-ingress-from-beta-to-stable.md
  [Flavour.OpenShift]: "openshift-default",
  [Flavour.Gke]: "gce",
};

/** The ingress controllers with what clusters of a flavour have besides. */
export function withFlavour(controllers: IngressControllers, flavour: Flavour): IngressControllers {
  const usual = usualClassOf[flavour];
  const { classes, isHidden } = controllers;
  const names = [...builtInClasses(flavour), ...(isHidden && usual !== undefined ? [usual] : [])];
  const more = [...new Set(names)].filter((name) => classes.every((other) => other.name !== name));
  const all = [...classes, ...more.map((name) => ({ name, controller: "", isDefault: false }))];
  const hasDefault = all.some(({ isDefault }) => isDefault);
  return { ...controllers, classes: hasDefault ? all : all.map((one) => ({ ...one, isDefault: one.name === usual })) };
}

async function podsOf(controller: string, cluster: KubernetesCluster): Promise<PeerArgs | undefined> {
  const searches = podLabelsOf[controller]!.map(async ([label, values]) => {
    const selector = values.length === 1 ? `${label}=${values[0]}` : `${label} in (${values.join(",")})`;
    const [pod] = await cluster.select("v1", "Pod", undefined, selector).catch(ifHidden([]));
    const namespace = pod?.metadata?.namespace;
    return namespace === undefined ? [] : [{ namespace, podLabels: { [label]: String(pod!.metadata?.labels?.[label]) } }];
  });
  return (await Promise.all(searches)).flat()[0];
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
