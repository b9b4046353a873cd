import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubernetesCluster } from "../../lib/kubernetes-client.ts";
import { fluxNamespace } from "../../review/render/flux.ts";
import { toolProgram, toolSource } from "../../scripts/tool-programs.ts";
import { installKinds, startController, type Controller } from "./controller.ts";

/** Flux's controllers for sources and Kustomizations, on this machine. */
export interface Flux extends AsyncDisposable {
  /** What both have logged so far. */
  log(): string;
}

/**
 * Installs Flux in a cluster: its kinds, and the two controllers that deploy files. They run on this machine, with the rights of the kubeconfig.
 *
 * @param port The first of three ports.
 */
export async function startFlux(cluster: KubernetesCluster, kubeconfig: string, port: number): Promise<Flux> {
  const running = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "slipway-flux-"));
  running.defer(() => rmSync(folder, { recursive: true }));
  try {
    writeFileSync(join(folder, "kubeconfig.yaml"), kubeconfig);
    for (const name of ["source-controller", "kustomize-controller"] as const)
      await installKinds(cluster, join(await toolSource(name), "config/crd/bases"));
    await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: fluxNamespace } }, false);
    const env = { ...process.env, KUBECONFIG: join(folder, "kubeconfig.yaml"), RUNTIME_NAMESPACE: fluxNamespace, TMPDIR: folder };
    const [artifacts, ...probes] = [port, port + 1, port + 2].map((one) => `127.0.0.1:${one}`);
    const common = (probe: string) => ["--metrics-addr=0", `--health-addr=${probe}`, "--watch-all-namespaces=true", "--log-level=info"];
    const start = async (name: "source-controller" | "kustomize-controller", probe: string, flags: string[]): Promise<Controller> =>
      running.use(await startController(name, (await toolProgram(name)).path, [...common(probe), ...flags], { env, probe }));
    const source = await start("source-controller", probes[0]!, [
      `--storage-path=${folder}`,
      `--storage-addr=${artifacts}`,
      `--storage-adv-addr=${artifacts}`,
    ]);
    // By default, what waits for something else is tried again after 30 s.
    const kustomize = await start("kustomize-controller", probes[1]!, ["--requeue-dependency=1s"]);
    return { log: () => source.log() + kustomize.log(), [Symbol.asyncDispose]: () => running.disposeAsync() };
  } catch (error) {
    await running.disposeAsync();
    throw error;
  }
}
