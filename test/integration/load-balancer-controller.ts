import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { Manifest } from "../../lib/kubernetes-client.ts";
import { toolProgram, toolSource } from "../../scripts/tool-programs.ts";
import type { ApiServer } from "./api-server.ts";
import type { AwsSimulator } from "./aws-simulator.ts";
import { nlbClass } from "./auto-mode-names.ts";
import { installKinds, startController, type Controller } from "./controller.ts";

/**
 * Installs the open-source AWS Load Balancer Controller, with its kinds and webhooks. It runs on this machine.
 *
 * @param port The first of two ports.
 */
export async function startLoadBalancerController(
  { cluster: kubernetes, folder, certificate }: ApiServer,
  aws: AwsSimulator,
  args: { cluster: string; region: string; vpcId: string; port: number },
): Promise<Controller> {
  const { path } = await toolProgram("aws-load-balancer-controller");
  const sources = join(await toolSource("aws-load-balancer-controller"), "config");
  await installKinds(kubernetes, join(sources, "crd/bases"));
  const probe = `127.0.0.1:${args.port + 1}`;
  const flags = [
    ...[`--kubeconfig=${folder}/kubeconfig.yaml`, `--cluster-name=${args.cluster}`, "--enable-leader-election=false"],
    ...[`--aws-region=${args.region}`, `--aws-vpc-id=${args.vpcId}`, `--load-balancer-class=${nlbClass}`],
    ...[`--webhook-bind-port=${args.port}`, `--webhook-cert-dir=${folder}`, "--webhook-cert-file=tls.crt", "--webhook-key-file=tls.key"],
    ...[`--health-probe-bind-addr=${probe}`, "--metrics-bind-addr=0"],
    // Of the account, only the network and its load balancers are simulated.
    ...["--feature-gates=LBCapacityReservation=false", "--enable-shield=false", "--enable-waf=false", "--enable-wafv2=false"],
  ];
  const controller = await startController("the load balancer controller", path, flags, { env: aws.env, probe });
  try {
    for (const webhooks of await webhooksOf(join(sources, "webhook"), `https://localhost:${args.port}`, certificate))
      await kubernetes.apply(webhooks, false);
    return controller;
  } catch (error) {
    await controller[Symbol.asyncDispose]();
    throw error;
  }
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
