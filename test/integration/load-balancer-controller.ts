import { spawn } from "node:child_process";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { pollUntil } from "../../lib/poll.ts";
import { toolProgram, toolSource } from "../../scripts/tool-programs.ts";
import type { ApiServer } from "./api-server.ts";
import type { AwsSimulator } from "./aws-simulator.ts";
import { nlbClass } from "./auto-mode-names.ts";

export interface LoadBalancerController extends AsyncDisposable {
  /** What it has logged so far. */
  log(): string;
}

/**
 * Installs the open-source AWS Load Balancer Controller, with its kinds and webhooks. It runs on this machine.
 *
 * @param port The first of two ports.
 */
export async function startLoadBalancerController(
  { cluster: kubernetes, folder, certificate }: ApiServer,
  aws: AwsSimulator,
  args: { cluster: string; region: string; vpcId: string; port: number },
): Promise<LoadBalancerController> {
  const { path } = await toolProgram("aws-load-balancer-controller");
  const sources = join(await toolSource("aws-load-balancer-controller"), "config");
  for await (const file of glob("crd/bases/*.yaml", { cwd: sources })) await installKind(kubernetes, await readYaml(join(sources, file)));
  const probe = `127.0.0.1:${args.port + 1}`;
  const flags = [
    ...[`--kubeconfig=${folder}/kubeconfig.yaml`, `--cluster-name=${args.cluster}`, "--enable-leader-election=false"],
    ...[`--aws-region=${args.region}`, `--aws-vpc-id=${args.vpcId}`, `--load-balancer-class=${nlbClass}`],
    ...[`--webhook-bind-port=${args.port}`, `--webhook-cert-dir=${folder}`, "--webhook-cert-file=tls.crt", "--webhook-key-file=tls.key"],
    ...[`--health-probe-bind-addr=${probe}`, "--metrics-bind-addr=0"],
    // Of the account, only the network and its load balancers are simulated.
    ...["--feature-gates=LBCapacityReservation=false", "--enable-shield=false", "--enable-waf=false", "--enable-wafv2=false"],
  ];
  // It ends with standard input, even if this process is killed.
  const script = 'exec 3<&0; "$@" & program=$!; { cat <&3; kill -9 $program; } & wait $program';
  const child = spawn("sh", ["-c", script, "sh", path, ...flags], { env: aws.env });
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
  try {
    const isReady = () => {
      if (child.exitCode !== null) throw new Error(`the controller ended:\n${log}`);
      return fetch(`http://${probe}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await pollUntil(isReady, { timeoutSeconds: 60, onTimeout: () => new Error(`the controller is not ready:\n${log}`) });
    for (const webhooks of await webhooksOf(join(sources, "webhook"), `https://localhost:${args.port}`, certificate))
      await kubernetes.apply(webhooks, false);
    return controller;
  } catch (error) {
    await controller[Symbol.asyncDispose]();
    throw error;
  }
}

/** Creates a kind and waits until the Kubernetes API has it. */
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

/** The webhooks of the controller's Kustomize folder, with an address outside the cluster. */
async function webhooksOf(folder: string, address: string, certificate: string): Promise<Manifest[]> {
  const patches = await Promise.all(
    (await Array.fromAsync(glob("*_patch.yaml", { cwd: folder }))).map((file) => readYaml(join(folder, file))),
  );
  const selectors = patches.flatMap(({ webhooks }) => webhooks);
  const configurations = parseAllDocuments(await readFile(join(folder, "manifests.yaml"), "utf8")).map((one): Manifest => one.toJS());
  return configurations.map(({ webhooks, ...configuration }) => ({
    ...configuration,
    webhooks: webhooks.map((webhook: Manifest) => ({
      ...webhook,
      ...selectors.find(({ name }) => name === webhook["name"]),
      admissionReviewVersions: ["v1"],
      clientConfig: { url: address + webhook["clientConfig"].service.path, caBundle: btoa(certificate) },
    })),
  }));
}

async function readYaml(path: string): Promise<Manifest> {
  return parse(await readFile(path, "utf8"));
}
