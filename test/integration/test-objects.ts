import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";
import { stackLabel } from "../../lib/docker-labels.ts";
import { pollUntil } from "../../lib/poll.ts";
import { registryImageName } from "../../setup/registry-image.ts";

const docker = dockerClient();

/** A label of the Docker objects that a test creates itself, next to its stack. */
const testLabel = "dev.slipway.test";
export const testLabels = { [testLabel]: "true" };

/** The stacks of tests. Each test deletes everything with the label of its stack, so a developer's stack must not have such a name. */
const testStack = /^(greetings\/)?(integration|compose-shop)([-/]|$)/;

/** A registry next to a test's stack, such as that of a company. It is available when the promise resolves. */
export async function startRegistry(
  name: string,
  port: number,
  { env = [], binds = [], image, ip = "127.0.0.1" }: { env?: string[]; binds?: string[]; image?: string; ip?: string } = {},
): Promise<AsyncDisposable & { address: string }> {
  const address = `${ip}:${port}`;
  const container = await docker.createContainer({
    name,
    Image: image ?? (await registryImageName()),
    Env: env,
    Labels: testLabels,
    ExposedPorts: { "5000/tcp": {} },
    HostConfig: { Binds: binds, PortBindings: { "5000/tcp": [{ HostIp: ip, HostPort: String(port) }] } },
  });
  await container.start();
  const answers = () =>
    fetch(`http://${address}/v2/`).then(
      () => true,
      () => false,
    );
  await pollUntil(answers, { timeoutSeconds: 60 });
  return { address, [Symbol.asyncDispose]: () => container.remove({ force: true, v: true }) };
}

const checkouts = join(tmpdir(), "slipway-checkouts");

/**
 * Creates a folder for a checkout. Its path is the same in each run and each suite of a lane, because the compile cache of Node and the programs
 * that Go has linked are found by path: without them, the first commands in a checkout take twice as long.
 */
export function newCheckoutFolder(lane: number): string {
  mkdirSync(checkouts, { recursive: true });
  for (let n = 1; ; n++) {
    const folder = join(checkouts, `${lane}-${n}`);
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** Removes what an interrupted run of the tests has left, because names, ports and folders are the same in each run. */
export async function removeInterruptedTests(): Promise<void> {
  rmSync(checkouts, { recursive: true, force: true });
  const labels = await objectsWith({ label: [stackLabel] });
  const stacks = labels.flatMap(({ labels }) => labels[stackLabel] ?? []).filter((stack) => testStack.test(stack));
  for (const stack of new Set(stacks)) await removeObjects(`${stackLabel}=${stack}`);
  await removeObjects(testLabel);
}

/** Removes all Docker objects with a label, or with a label and its value (`key=value`). */
export async function removeObjects(label: string): Promise<void> {
  for (const { name, remove } of await objectsWith({ label: [label] })) {
    let problem: DockerError | undefined;
    const removed = () =>
      remove().then(
        () => true,
        (error: DockerError) => {
          problem = error;
          return error.statusCode === 404; // the containers of a service are removed with it
        },
      );
    // A network or volume is in use until the tasks of a removed service have ended.
    await pollUntil(removed, { timeoutSeconds: 60, onTimeout: () => new Error(`${name}: ${problem?.message}`) });
  }
}

/** The Docker objects with a label, such as `container /slipway-local-node`, sorted. */
export async function namesOfObjects(label: string): Promise<string[]> {
  return (await objectsWith({ label: [label] })).map(({ name }) => name).sort();
}

interface DockerObject {
  name: string;
  labels: Record<string, string>;
  remove: () => Promise<unknown>;
}

/** In the order in which they can be removed. */
async function objectsWith(filters: { label: string[] }): Promise<DockerObject[]> {
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  const { Volumes: volumes } = await docker.listVolumes({ filters: JSON.stringify(filters) });
  return [
    ...(await swarmObjectsWith(filters)),
    ...containers.map(({ Id, Names, Labels }) => ({
      name: `container ${Names[0]}`,
      labels: Labels,
      remove: () => docker.getContainer(Id).remove({ force: true, v: true }),
    })),
    ...networks.map(({ Id, Name, Labels }) => ({
      name: `network ${Name}`,
      labels: Labels ?? {},
      remove: () => docker.getNetwork(Id).remove(),
    })),
    ...volumes.map(({ Name, Labels }) => ({ name: `volume ${Name}`, labels: Labels ?? {}, remove: () => docker.getVolume(Name).remove() })),
  ];
}

async function swarmObjectsWith(filters: { label: string[] }): Promise<DockerObject[]> {
  if (!(await docker.info()).Swarm.ControlAvailable) return [];
  const object = (kind: string, spec: { Name?: string; Labels?: Record<string, string> } | undefined, remove: () => Promise<unknown>) => ({
    name: `${kind} ${spec?.Name}`,
    labels: spec?.Labels ?? {},
    remove,
  });
  const services = await docker.listServices({ filters });
  const secrets = await docker.listSecrets({ filters });
  const configs = await docker.listConfigs({ filters });
  return [
    ...services.map((s) => object("service", s.Spec, () => docker.getService(s.ID).remove())),
    ...secrets.map((s) => object("secret", s.Spec, () => docker.getSecret(s.ID).remove())),
    ...configs.map((c) => object("config", c.Spec, () => docker.getConfig(c.ID).remove())),
  ];
}
