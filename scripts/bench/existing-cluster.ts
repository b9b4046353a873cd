// Benchmarks of the platform kubernetes and of review environments, part of `npm run bench`. On its own: setup/with-node.sh node scripts/bench/existing-cluster.ts
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { readStack } from "../../config/stack-file.ts";
import { step } from "../../lib/progress.ts";
import { setUp } from "../../setup/setup.ts";
import { Checkout, eventually, get, ports } from "../../test/integration/checkout.ts";
import { printRows, secondsOf, type PlatformRow } from "./docker-platforms.ts";
import { greet, promotionSeconds, promotionTitle, succeed } from "./promotion.ts";

const host = "existing.localhost";
const services = { web: { source: "app", host, replicas: 3, ingressClassName: "traefik" } };

/** Measures a stack on the cluster of another stack, with its state in that cluster. */
export async function existingClusterRows(runs: number): Promise<PlatformRow[]> {
  await setUp(readStack("local"));
  await using cluster = new Checkout("bench-cluster");
  cluster.configure({ neighbour: { source: "app", host: "neighbour.localhost", replicas: 1 } });
  await succeed(cluster, "up");
  await using checkout = new Checkout("bench-kubernetes", "kubernetes");
  const kubeconfig = readFileSync(join(cluster.folder, ".slipway", cluster.stack, "kubeconfig.yaml"), "utf8");
  writeFileSync(join(checkout.folder, "cluster.yaml"), kubeconfig);
  const { "current-context": context } = parse(kubeconfig) as { "current-context": string };
  const registry = `127.0.0.1:${ports.registry}/bench`;
  const settings = { context, kubeconfig: "cluster.yaml", registry, ports: { http: ports.http } };
  checkout.configure(services, settings);
  await succeed(checkout, "up"); // fills the caches
  const [unchanged, previews, answers]: [number[], number[], number[]] = [[], [], []];
  for (let i = 1; i <= runs; i++)
    await step(
      `kubernetes, ${i} of ${runs}`,
      async () => {
        unchanged.push(await secondsOf(() => succeed(checkout, "up")));
        previews.push(await secondsOf(() => succeed(checkout, "preview")));
        answers.push(await editToAnswer(checkout, `Hello ${process.pid}.${i}`));
      },
      { always: true },
    );
  await using template = new Checkout("bench-review", "kubernetes");
  writeFileSync(join(template.folder, "cluster.yaml"), kubeconfig);
  const reviewed = { web: { source: "app", host: "review.localhost", ingressClassName: "traefik" } };
  template.configure(reviewed, settings, { "slipway:review": {} });
  const [created, deleted]: [number[], number[]] = [[], []];
  for (let i = 1; i <= runs; i++)
    await step(
      `review environment, ${i} of ${runs}`,
      async () => {
        created.push(await secondsOf(() => succeed(template, "review up", ["--id", String(i)])));
        deleted.push(await secondsOf(() => succeed(template, "review down", ["--id", String(i)])));
      },
      { always: true },
    );
  const drift = await driftSeconds(kubeconfig, context, runs);
  const promotions = await promotionSeconds(kubeconfig, context, runs);
  return [
    { title: promotionTitle, seconds: promotions, target: "≤ 5 s" },
    { title: "Review environment: `slipway review up` of a new one → HTTP 200", seconds: created, target: "≤ 10 s" },
    { title: "Review environment: `slipway review down`", seconds: deleted, target: "≤ 5 s" },
    { title: "Platform kubernetes: `slipway drift` of 100 objects", seconds: drift, target: "≤ 3 s" },
    { title: "Platform kubernetes: unchanged `slipway up`", seconds: unchanged, target: "≤ 1.5 s" },
    { title: "Platform kubernetes: `slipway preview`", seconds: previews, target: "≤ 1.5 s" },
    { title: "Platform kubernetes: one-line edit to new response through the Ingress (3 replicas)", seconds: answers, target: "≤ 4 s" },
  ];
}

/** Seconds of the comparison of 50 ConfigMaps and 50 Deployments, which have no pods, with the state in the cluster. */
async function driftSeconds(kubeconfig: string, context: string, runs: number): Promise<number[]> {
  await using checkout = new Checkout("bench-drift", "kubernetes");
  writeFileSync(join(checkout.folder, "cluster.yaml"), kubeconfig);
  checkout.configure({}, { context, kubeconfig: "cluster.yaml", registry: "127.0.0.1:1/none" });
  writeFileSync(join(checkout.folder, "index.ts"), hundredObjects(context));
  await succeed(checkout, "up");
  const seconds: number[] = [];
  for (let i = 0; i < runs; i++) seconds.push(await secondsOf(() => succeed(checkout, "drift")));
  return seconds;
}

export function hundredObjects(context: string): string {
  return `
    import * as k8s from "@pulumi/kubernetes";
    export default async () => {
      const provider = new k8s.Provider("cluster", { kubeconfig: "cluster.yaml", context: ${JSON.stringify(context)} });
      const namespace = "default";
      for (let i = 0; i < 50; i++) {
        const name = "bench-drift-" + i;
        const labels = { app: name };
        const containers = [{ name: "web", image: "127.0.0.1:1/none:1", env: [{ name: "A", value: "b" }] }];
        new k8s.core.v1.ConfigMap(name, { metadata: { name, namespace }, data: { value: name } }, { provider });
        const spec = { replicas: 0, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } };
        new k8s.apps.v1.Deployment(name, { metadata: { name, namespace }, spec }, { provider });
      }
    };`;
}

/** Seconds from an edit to the first response of the new version. The rollout then ends without being measured. */
async function editToAnswer(checkout: Checkout, text: string): Promise<number> {
  greet(checkout, text);
  const began = performance.now();
  const rollout = succeed(checkout, "up");
  await eventually(
    () => get(host),
    ({ body }) => body === `${text}\n`,
  );
  const seconds = (performance.now() - began) / 1000;
  await rollout;
  return seconds;
}

if (import.meta.main) printRows(await existingClusterRows(Number(process.argv[2] ?? 5)));
