import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { failureCard } from "./failure-card.ts";
import { keptImages, release, rememberComingUp } from "./kubernetes-history.ts";
import type { Stack } from "../../config/stack-file.ts";
import type { Engine } from "../engines.ts";
import type { Workloads } from "./workloads.ts";

/** The Deployments and StatefulSets of a stack, of which the cluster itself remembers the versions. */
export async function kubernetesWorkloads(stack: Stack, engine: Engine): Promise<Workloads | undefined> {
  const cluster = await clusterOf(stack, engine);
  if (!cluster) return undefined;
  const all = () => objectsOf(stack, cluster);
  return {
    async remember() {
      await Promise.all((await all()).map((workload) => rememberComingUp(workload, cluster)));
    },
    async cards(wayBack) {
      const cards: string[] = [];
      for (const workload of await all()) {
        const card = await failureCard(workload, cluster, async () => wayBack(await release(workload, cluster)));
        if (card) cards.push(card);
      }
      return cards;
    },
    releases: async () => Promise.all((await all()).map((workload) => release(workload, cluster))),
    async keptImages() {
      const kept = (await all()).map(async (w) => [String(w.metadata?.name), await keptImages(w, cluster)] as const);
      return Object.fromEntries(await Promise.all(kept));
    },
    forget: async () => {},
  };
}

/** By the file that a local cluster leaves, which is there also where the first update failed, or by the stack's output. */
async function clusterOf(stack: Stack, engine: Engine): Promise<KubernetesCluster | undefined> {
  const file = join(stack.folder, "kubeconfig.yaml");
  const kubeconfig = existsSync(file)
    ? readFileSync(file, "utf8")
    : await engine.outputs(true).then(
        (outputs) => outputs["kubeconfig"],
        () => undefined,
      );
  return typeof kubeconfig === "string" ? new KubernetesCluster(kubeconfig) : undefined;
}

async function objectsOf({ project, name }: Stack, cluster: KubernetesCluster): Promise<Manifest[]> {
  const ours = "app.kubernetes.io/managed-by=pulumi";
  const kinds = await Promise.all(["Deployment", "StatefulSet"].map((kind) => cluster.select("apps/v1", kind, `${project}-${name}`, ours)));
  // A list leaves out what kind its items are.
  return kinds.flatMap((workloads, i) => workloads.map((w) => ({ ...w, kind: ["Deployment", "StatefulSet"][i] })));
}
