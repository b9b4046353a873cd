import type { Flavour, KubernetesSettings } from "../../config/schema/kubernetes.ts";
import type { Manifest } from "../../lib/kubernetes-client.ts";
import { ifHidden } from "../kubernetes-shared/forbidden.ts";
import { flavourOf } from "./flavour.ts";
import { findIngressControllers, withFlavour, type IngressControllers } from "./ingress-controllers.ts";
import { reach, type ReachedCluster } from "./target.ts";

/** What a program must know of a cluster before it deploys to it. */
export interface SeenCluster extends ReachedCluster {
  flavour: Flavour;
  /** Whether the flavour is not from the settings. */
  isDetected: boolean;
  /** Names of the API groups; undefined if the deployer may not see them. */
  groups: string[] | undefined;
  /** Undefined if the deployer may not read them. */
  nodes: Manifest[] | undefined;
  controllers: IngressControllers;
  /** DaemonSets of all namespaces; undefined if the deployer may not read them. */
  daemonSets: Manifest[] | undefined;
}

/** One for each settings object, so that the program does not ask again for what its preflight has just seen. */
const seen = new WeakMap<KubernetesSettings, Promise<SeenCluster | string>>();

/**
 * Connects to the cluster of the settings and finds out what it is.
 *
 * @returns what is wrong with the settings or the connection, if anything is.
 */
export function look(settings: KubernetesSettings): Promise<SeenCluster | string> {
  const looking = lookNow(settings);
  seen.set(settings, looking);
  return looking;
}

/** What the last `look` found. */
export function lastLook(settings: KubernetesSettings): Promise<SeenCluster | string> {
  return seen.get(settings) ?? look(settings);
}

async function lookNow(settings: KubernetesSettings): Promise<SeenCluster | string> {
  const reached = await reach(settings);
  if (typeof reached === "string") return reached;
  const { cluster } = reached;
  const [version, apis, nodes, controllers, daemonSets] = await Promise.all([
    cluster.ask<{ gitVersion: string }>("/version"),
    cluster.ask<{ groups: { name: string }[] }>("/apis"),
    cluster.list<Manifest>("v1", "Node").then(({ items }) => items, ifHidden(undefined)),
    findIngressControllers(cluster),
    cluster.list<Manifest>("apps/v1", "DaemonSet").then(({ items }) => items, ifHidden(undefined)),
  ]);
  const groups = apis?.groups.map(({ name }) => name);
  const detected = flavourOf({ server: cluster.server, version: version?.gitVersion, groups, nodes });
  const flavour = settings.flavour ?? detected;
  const isDetected = settings.flavour === undefined;
  return { ...reached, flavour, isDetected, groups, nodes, controllers: withFlavour(controllers, flavour), daemonSets };
}
