import { spawn } from "node:child_process";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { pollUntil } from "../../lib/poll.ts";

/** A controller of a cluster that runs on this machine. */
export interface Controller extends AsyncDisposable {
  /** What it has logged so far. */
  log(): string;
}

/**
 * Starts a controller, and waits until it is ready.
 *
 * @param probe Address of its probes, such as `127.0.0.1:8081`.
 */
export async function startController(
  name: string,
  path: string,
  flags: string[],
  { env, probe }: { env: NodeJS.ProcessEnv; probe: string },
): Promise<Controller> {
  // It ends with standard input, even if this process is killed.
  const script = 'exec 3<&0; "$@" & program=$!; { cat <&3; kill -9 $program; } & wait $program';
  const child = spawn("sh", ["-c", script, "sh", path, ...flags], { env });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (log += text));
  const ended = new Promise((resolve) => child.on("close", resolve));
  const controller = {
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
  const isReady = () => {
    if (child.exitCode !== null) throw new Error(`${name} ended:\n${log}`);
    return fetch(`http://${probe}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  try {
    await pollUntil(isReady, { timeoutSeconds: 60, onTimeout: () => new Error(`${name} is not ready:\n${log}`) });
    return controller;
  } catch (error) {
    await controller[Symbol.asyncDispose]();
    throw error;
  }
}

/** Creates the kinds in the YAML files of a folder, and waits until the Kubernetes API has them. */
export async function installKinds(kubernetes: KubernetesCluster, folder: string): Promise<void> {
  for await (const file of glob("*.yaml", { cwd: folder }))
    await installKind(kubernetes, parse(await readFile(join(folder, file), "utf8")));
}

async function installKind(kubernetes: KubernetesCluster, definition: Manifest): Promise<void> {
  const { spec } = await kubernetes.apply(definition, false);
  const [{ name }] = spec.versions;
  const exists = () =>
    kubernetes.list(`${spec.group}/${name}`, spec.names.kind).then(
      () => true,
      () => false,
    );
  await pollUntil(exists, { timeoutSeconds: 60 });
}
