import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { dockerClient } from "../../lib/docker-client.ts";
import { linesOf } from "../../lib/docker-logs.ts";
import { KubernetesCluster } from "../../lib/kubernetes-client.ts";
import { pollUntil } from "../../lib/poll.ts";
import { nodeImageName } from "../../setup/node-image.ts";
import { testLabels } from "./test-objects.ts";
import { selfSigned } from "./tls.ts";

/** A Kubernetes API on 127.0.0.1 without controllers or nodes: objects stay as they are written. */
export interface ApiServer extends AsyncDisposable {
  cluster: KubernetesCluster;
  /** For subresources, which `cluster` does not have. */
  core: CoreV1Api;
  /** A folder with `kubeconfig.yaml`, and with `tls.crt` and `tls.key` for webhooks on localhost. */
  folder: string;
  /** The content of `tls.crt`, which is self-signed. */
  certificate: string;
}

/**
 * Starts etcd and kube-apiserver of the node image. They share the network of the host, because webhooks are processes there.
 *
 * @param port The first of three ports.
 */
export async function startApiServer(name: string, port: number): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-api-server-"));
  const { certificate, key } = selfSigned("localhost");
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  write("tls.crt", certificate);
  write("tls.key", key);
  const token = crypto.randomUUID();
  write("tokens.csv", `${token},test,test,system:masters\n`);
  const kubeconfig = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [{ name: "test", cluster: { server: `https://localhost:${port}`, "certificate-authority-data": btoa(certificate) } }],
    users: [{ name: "test", user: { token } }],
  });
  write("kubeconfig.yaml", kubeconfig);
  const client = `http://127.0.0.1:${port + 1}`;
  const etcd = [`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`, `--listen-peer-urls=http://127.0.0.1:${port + 2}`];
  const apiServer = [
    ...["--bind-address=127.0.0.1", `--secure-port=${port}`, `--etcd-servers=${client}`, "--token-auth-file=/test/tokens.csv"],
    ...["--tls-cert-file=/test/tls.crt", "--tls-private-key-file=/test/tls.key", "--endpoint-reconciler-type=none"],
    ...["--service-account-issuer=https://localhost", "--service-cluster-ip-range=10.96.0.0/16"],
    ...["--service-account-key-file=/test/tls.crt", "--service-account-signing-key-file=/test/tls.key"],
  ];
  const docker = dockerClient();
  const container = await docker.createContainer({
    name,
    Image: await nodeImageName(),
    Labels: testLabels,
    Entrypoint: [
      "sh",
      "-c",
      `etcd --data-dir=/tmp/etcd --unsafe-no-fsync --log-level=error ${etcd.join(" ")} & exec kube-apiserver "$@"`,
      "sh",
    ],
    Cmd: apiServer,
    HostConfig: { NetworkMode: "host", Binds: [`${folder}:/test:ro`] },
  });
  const dispose = async () => {
    await container.remove({ force: true, v: true });
    rmSync(folder, { recursive: true });
  };
  try {
    await container.start();
    const cluster = new KubernetesCluster(kubeconfig);
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } };
    const isReady = () =>
      cluster.find(namespace).then(
        (found) => found !== undefined,
        () => false,
      );
    const log = async () => linesOf(await container.logs({ stdout: true, stderr: true, tail: 20 })).join("\n");
    await pollUntil(isReady, { timeoutSeconds: 60, onTimeout: async () => new Error(`${name} does not answer:\n${await log()}`) });
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    return { cluster, core: config.makeApiClient(CoreV1Api), folder, certificate, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
