import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerClient } from "../../lib/docker-client.ts";
import { pollUntil } from "../../lib/poll.ts";
import { nodeImageName } from "../../setup/node-image.ts";
import { docker } from "./checkout.ts";

/** A node of a swarm: a container with a Debian root, which runs this machine's Docker daemon. */
export interface Node {
  name: string;
  /** Endpoint of its daemon as a remote Docker host. */
  host: string;
  /** Endpoint of its daemon as a local Docker host. */
  socket: string;
  address: string;
  docker: ReturnType<typeof dockerClient>;
}

const prefix = "slipway-integration-nodes";
const runtime = "/usr/local/sbin/runc-without-sys-resource";

/** Whether this machine can run Docker daemons in containers: with Debian's packages, in the root of the built node image. */
export async function canRunNodes(): Promise<boolean> {
  const image = docker.getImage(await nodeImageName()).inspect();
  return (
    existsSync("/usr/sbin/dockerd") &&
    existsSync("/etc/debian_version") &&
    (await image.then(
      () => true,
      () => false,
    ))
  );
}

/** A swarm of several nodes, and a registry that each of them reaches at the same address as this machine. */
export class Nodes implements AsyncDisposable {
  readonly nodes: Node[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), "slipway-nodes-"));

  /** `port` of the first node is also published on this machine. */
  async start(count: number, port: number, registryImage: string, registryPort: number): Promise<void> {
    await removeNodes(); // what a killed run has left
    await docker.createNetwork({ Name: prefix });
    const registry = await docker.createContainer({
      name: `${prefix}-registry`,
      Image: registryImage,
      HostConfig: { NetworkMode: prefix, PortBindings: { "5000/tcp": [{ HostIp: "127.0.0.1", HostPort: String(registryPort) }] } },
      ExposedPorts: { "5000/tcp": {} },
    });
    await registry.start();
    const registryAddress = await addressOf(registry);
    for (let i = 1; i <= count; i++) this.nodes.push(await this.startNode(`${prefix}-${i}`, i === 1 ? port : undefined));
    const [manager, ...workers] = this.nodes;
    for (const node of this.nodes) await forward(node.name, registryPort, registryAddress);
    await manager!.docker.swarmInit({ ListenAddr: "0.0.0.0:2377", AdvertiseAddr: manager!.address });
    const { JoinTokens } = await manager!.docker.swarmInspect();
    for (const worker of workers)
      await worker.docker.swarmJoin({
        ListenAddr: "0.0.0.0:2377",
        AdvertiseAddr: worker.address,
        RemoteAddrs: [`${manager!.address}:2377`],
        JoinToken: JoinTokens?.Worker,
      });
  }

  private async startNode(name: string, port: number | undefined): Promise<Node> {
    const runtimes = existsSync(runtime) ? [`--add-runtime=without-sys-resource=${runtime}`, "--default-runtime=without-sys-resource"] : [];
    const container = await docker.createContainer({
      name,
      Hostname: name,
      Image: await nodeImageName(),
      Entrypoint: ["/usr/sbin/dockerd"],
      Cmd: ["--host=tcp://0.0.0.0:2375", "--host=unix:///run-docker/docker.sock", ...runtimes],
      Volumes: { "/var/lib/docker": {} },
      ExposedPorts: port === undefined ? {} : { [`${port}/tcp`]: {} },
      HostConfig: {
        Privileged: true,
        NetworkMode: prefix,
        Tmpfs: { "/run": "", "/var/run": "" },
        Binds: ["/usr:/usr:ro", `${join(this.folder, name)}:/run-docker`],
        PortBindings: port === undefined ? {} : { [`${port}/tcp`]: [{ HostIp: "127.0.0.1", HostPort: String(port) }] },
      },
    });
    await container.start();
    const address = await addressOf(container);
    const host = `tcp://${address}:2375`;
    const node: Node = { name, host, socket: `unix://${join(this.folder, name)}/docker.sock`, address, docker: dockerClient(host) };
    const answers = () =>
      node.docker.ping().then(
        () => true,
        () => false,
      );
    await pollUntil(answers, { timeoutSeconds: 30 }).catch(async (error: Error) => {
      const logs = (await container.logs({ stderr: true, tail: 20 })).toString("utf8");
      throw new Error(`${name} does not answer: ${error.message}\n${logs}`);
    });
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeNodes();
    rmSync(this.folder, { recursive: true });
  }
}

async function removeNodes(): Promise<void> {
  for (const { Id, Names } of await docker.listContainers({ all: true }))
    if (Names.some((name) => name.startsWith(`/${prefix}-`))) await docker.getContainer(Id).remove({ force: true, v: true });
  for (const { Id } of await docker.listNetworks({ filters: { name: [`^${prefix}$`] } })) await docker.getNetwork(Id).remove();
}

async function addressOf(container: ReturnType<typeof docker.getContainer>): Promise<string> {
  return String((await container.inspect()).NetworkSettings.Networks[prefix]?.IPAddress);
}

/** Forwards a port on a node's loopback to the registry. docker-proxy reports on file descriptor 3 that it listens. */
async function forward(name: string, port: number, to: string): Promise<void> {
  const command = `exec docker-proxy -proto tcp -host-ip 127.0.0.1 -host-port ${port} -container-ip ${to} -container-port 5000 3>/dev/null`;
  const exec = await docker.getContainer(name).exec({ Cmd: ["sh", "-c", command] });
  (await exec.start({ Detach: true })).destroy();
}
