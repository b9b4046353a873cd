import type { ReviewEnvironment } from "../../config/review-environment.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";

/** A review environment, as its namespace describes it. */
export interface Environment extends ReviewEnvironment {
  namespace: Manifest;
  /** ISO 8601, by the cluster's clock. */
  created: string;
  /** When `slipway review reap` may delete it: ISO 8601, by the cluster's clock. Undefined if the namespace does not say it. */
  expires: string | undefined;
  /** Whether its deletion has begun. */
  isClosed: boolean;
  /** Whether an up has succeeded. */
  isReady: boolean;
  /** URLs by service, after the last up that succeeded. */
  urls: Record<string, string>;
  /** The commit that was deployed last. */
  commit: string | undefined;
}

const prefix = "dev.slipway";
const label = { project: `${prefix}/project`, template: `${prefix}/review`, id: `${prefix}/review-id` };
export const annotation = {
  expires: `${prefix}/expires`,
  closed: `${prefix}/closed`,
  urls: `${prefix}/urls`,
  commit: `${prefix}/commit`,
};

/** Labels of the namespace of an environment. */
export function environmentLabels(project: string, { template, id }: ReviewEnvironment): Record<string, string> {
  return { "app.kubernetes.io/managed-by": "slipway", [label.project]: project, [label.template]: template, [label.id]: id };
}

/** Reads an environment from its namespace. Undefined if the namespace is no review environment of the project. */
export function environmentIn(namespace: Manifest, project: string): Environment | undefined {
  const { labels = {}, annotations = {}, creationTimestamp } = namespace.metadata ?? {};
  const { [label.template]: template, [label.id]: id } = labels;
  if (labels[label.project] !== project || template === undefined || id === undefined) return undefined;
  const urls = annotations[annotation.urls];
  return {
    template,
    id,
    namespace,
    created: String(creationTimestamp),
    expires: annotations[annotation.expires],
    isClosed: annotations[annotation.closed] !== undefined || namespace.metadata?.deletionTimestamp !== undefined,
    isReady: urls !== undefined,
    urls: urls === undefined ? {} : (JSON.parse(urls) as Record<string, string>),
    commit: annotations[annotation.commit],
  };
}

/** All environments of a project's template, the oldest first. Asks the cluster once. */
export async function environmentsOf(cluster: KubernetesCluster, project: string, template: string): Promise<Environment[]> {
  const namespaces = await cluster.select("v1", "Namespace", undefined, `${label.project}=${project},${label.template}=${template}`);
  const environments = namespaces.flatMap((namespace) => environmentIn(namespace, project) ?? []);
  const order = ({ created, id }: Environment) => `${created} ${id}`;
  return environments.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** Whether the time of an environment is over. One without a readable time is: nobody would ever remove it. */
export function hasExpired({ expires }: Environment, cluster: KubernetesCluster): boolean {
  const time = Date.parse(expires ?? "");
  return Number.isNaN(time) || time <= cluster.now();
}
