import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesSettings } from "../../config/schema/kubernetes.ts";
import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";
import { KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { kubeconfigOf } from "../../platforms/kubernetes/target.ts";
import { ifHidden } from "../../platforms/kubernetes-shared/forbidden.ts";
import type { Engine } from "../engines.ts";
import { afterJob, type FailureCard } from "./failure-card.ts";
import { failureCard } from "./kubernetes-failure.ts";
import { keptImages, recordHealthy, releaseOf } from "./kubernetes-history.ts";
import type { Workloads } from "./workloads.ts";

/** The Deployments and StatefulSets of a stack. The cluster itself records their versions. */
export async function kubernetesWorkloads(stack: Stack, engine: Engine): Promise<Workloads | undefined> {
  const cluster = await clusterOf(stack, engine);
  if (!cluster) return undefined;
  const all = () => workloadsIn(stack, cluster);
  return {
    async recordVersions() {
      await Promise.all((await all()).map((workload) => recordHealthy(workload, cluster)));
    },
    async failureCards(rollback) {
      const cards: FailureCard[] = [];
      for (const workload of await all()) {
        const card = await failureCard(workload, cluster, async () => rollback(await releaseOf(workload, cluster)));
        if (card) cards.push(card);
      }
      for (const job of await jobsIn(stack, cluster)) {
        const card = await failureCard(job, cluster, async () => afterJob(stack.name));
        if (card) cards.push(card);
      }
      return cards;
    },
    releases: async () => Promise.all((await all()).map((workload) => releaseOf(workload, cluster))),
    async keptImages() {
      const kept = (await all()).map(async (w) => [String(w.metadata?.name), await keptImages(w, cluster)] as const);
      return Object.fromEntries(await Promise.all(kept));
    },
    forget: async () => {},
  };
}

/** The namespace of a stack's objects. */
export function namespaceOf(stack: Stack): string {
  const { namespace } = settingsIn(stack, "kubernetes") as Partial<KubernetesSettings>;
  return (platformOf(stack) === "kubernetes" ? namespace : undefined) ?? `${stack.project}-${stack.name}`;
}

/** From the file that a local cluster writes, which exists even if the first update failed, or from the stack's output. */
export async function clusterOf(stack: Stack, engine: Engine): Promise<KubernetesCluster | undefined> {
  if (platformOf(stack) === "kubernetes") {
    const { context, kubeconfig } = settingsIn(stack, "kubernetes") as Partial<KubernetesSettings>;
    return context === undefined ? undefined : new KubernetesCluster(kubeconfigOf({ kubeconfig }), context);
  }
  const file = join(stack.folder, "kubeconfig.yaml");
  // Empty until the node has started.
  const written = existsSync(file) ? readFileSync(file, "utf8") : "";
  const fromOutputs = () =>
    engine.outputs(true).then(
      (outputs) => outputs["kubeconfig"],
      () => undefined,
    );
  const kubeconfig = written || (await fromOutputs());
  return typeof kubeconfig === "string" ? new KubernetesCluster(kubeconfig) : undefined;
}

/** Selects the objects of a stack. In a namespace that was given, other projects may have objects, too. */
export function labelsOf(stack: Stack): string {
  const ours = "app.kubernetes.io/managed-by=pulumi";
  return platformOf(stack) === "kubernetes" ? `${ours},app.kubernetes.io/part-of=${stack.project}` : ours;
}

/** The Jobs that the stack runs, without those of CronJobs. */
async function jobsIn(stack: Stack, cluster: KubernetesCluster): Promise<Manifest[]> {
  const jobs = await cluster.select("batch/v1", "Job", namespaceOf(stack), labelsOf(stack)).catch(ifHidden([]));
  return jobs.filter(({ metadata }) => !metadata?.ownerReferences?.length).map((job) => ({ ...job, kind: "Job" }));
}

async function workloadsIn(stack: Stack, cluster: KubernetesCluster): Promise<Manifest[]> {
  const kinds = ["Deployment", "StatefulSet"];
  const lists = await Promise.all(
    kinds.map((kind) => cluster.select("apps/v1", kind, namespaceOf(stack), labelsOf(stack)).catch(ifHidden([]))),
  );
  // Items of a list do not carry their kind.
  return lists.flatMap((workloads, i) => workloads.map((w) => ({ ...w, kind: kinds[i] })));
}
