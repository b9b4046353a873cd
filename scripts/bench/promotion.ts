// Benchmark of promotions, part of existing-cluster.ts. On its own: setup/with-node.sh node scripts/bench/promotion.ts
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { readStack } from "../../config/stack-file.ts";
import { step } from "../../lib/progress.ts";
import { setUp } from "../../setup/setup.ts";
import { Checkout, ports } from "../../test/integration/checkout.ts";
import { printRows, secondsOf } from "./docker-platforms.ts";

export const promotionTitle = "Platform kubernetes: `slipway promote` of five services, without the deployment";

/**
 * Seconds of the promotion of five services, all with a new image, to a stack that runs the earlier ones. Both stacks push to one registry, so that
 * the transfer is a request for each blob. Measured are the histories, the copies, the preview and the gate.
 */
export async function promotionSeconds(kubeconfig: string, context: string, runs: number): Promise<number[]> {
  await using source = new Checkout("bench-staging", "kubernetes");
  const target = new Checkout("bench-prod", "kubernetes", source.folder);
  writeFileSync(join(source.folder, "cluster.yaml"), kubeconfig);
  for (const checkout of [source, target]) {
    const names = ["a", "b", "c", "d", "e"];
    const service = (name: string) => ({
      source: "app",
      host: `${name}.${checkout.stack}.localhost`,
      replicas: 1,
      ingressClassName: "traefik",
    });
    const registry = `127.0.0.1:${ports.registry}/${checkout.stack}`;
    const settings = { context, kubeconfig: "cluster.yaml", registry, ports: { http: ports.http } };
    checkout.configure(Object.fromEntries(names.map((name) => [name, service(name)])), settings);
  }
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => void (await target.run("down")));
  const promote = async () => {
    const { code, out } = await source.only(["promote", "--from", source.stack, "--to", target.stack]);
    if (code !== 0 || out.match(/→ 127\.0\.0\.1/g)?.length !== 5) throw new Error(out);
  };
  const seconds: number[] = [];
  for (let i = 0; i <= runs; i++) {
    greet(source, `Hello ${process.pid}.${i}`);
    await succeed(source, "up");
    const taken = await step(`promotion, ${i} of ${runs}`, () => secondsOf(promote), { always: true });
    // The first one is to a stack that does not exist.
    if (i > 0) seconds.push(taken);
    await succeed(target, "up");
  }
  return seconds;
}

/** Changes the response of a checkout's app. */
export function greet(checkout: Checkout, text: string): void {
  const file = join(checkout.folder, "app/settings.go");
  writeFileSync(file, readFileSync(file, "utf8").replace(/greeting: ".*?"/, `greeting: "${text}"`));
}

/** Runs a command that must succeed. */
export async function succeed(checkout: Checkout, command: string, options: string[] = []): Promise<void> {
  const { code, out } = await checkout.run(command, {}, options);
  if (code !== 0) throw new Error(out);
}

if (import.meta.main) {
  await setUp(readStack("local"));
  await using cluster = new Checkout("bench-cluster");
  cluster.configure({ neighbour: { source: "app", host: "neighbour.localhost", replicas: 1 } });
  await succeed(cluster, "up");
  const kubeconfig = readFileSync(join(cluster.folder, ".slipway", cluster.stack, "kubeconfig.yaml"), "utf8");
  const { "current-context": context } = parse(kubeconfig) as { "current-context": string };
  const seconds = await promotionSeconds(kubeconfig, context, Number(process.argv[2] ?? 5));
  printRows([{ title: promotionTitle, seconds, target: "≤ 5 s" }]);
}
