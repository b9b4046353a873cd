import parseDuration from "parse-duration";
import { pack } from "tar-stream";
import type Docker from "dockerode";
import { hasImage, pullImage, registryOf, type DockerError } from "../../lib/docker-client.ts";
import { pollUntil } from "../../lib/poll.ts";
import { UserError } from "../../lib/user-error.ts";
import { toObject, type Kind, type Properties, type Work } from "./kind.ts";
import { lastRun } from "./last-run.ts";
import { liveContainer, restoreContainer } from "./container-drift.ts";

/** docker.Container, https://www.pulumi.com/registry/packages/docker/api-docs/container/. */
export const container: Kind = {
  properties:
    "name image hostname entrypoints command envs labels privileged tmpfs restart logDriver logOpts ports volumes networksAdvanced uploads healthcheck wait waitTimeout " +
    "user readOnly capabilities securityOpts memory memoryReservation memorySwap cpus cpuShares destroyGraceSeconds stopTimeout start mustRun workingDir",
  autoNamed: true,
  find: (docker, id) => docker.getContainer(id),
  async create(docker, inputs, work) {
    work.progress(`image ${inputs.image}`);
    if (!(await hasImage(docker, inputs.image))) await pullImage(docker, inputs.image, { authconfig: authFor(inputs.image, work) });
    // Otherwise dockerode also puts the body into the URL, which proxies may log: its variables may be secret.
    const request = { _query: { name: inputs.name }, _body: containerOptions(inputs) };
    const created = await docker.createContainer(request as never).catch(failed(inputs.name));
    // A container is created with its first network. Old versions of Docker accept only one.
    for (const { name, aliases } of (inputs.networksAdvanced ?? []).slice(1))
      await docker
        .getNetwork(name)
        .connect({ Container: created.id, EndpointConfig: { Aliases: aliases } })
        .catch(failed(inputs.name));
    if (inputs.uploads?.length > 0) await created.putArchive(archive(inputs.uploads), { path: "/" }).catch(failed(inputs.name));
    if (inputs.start !== false) await created.start().catch(failed(inputs.name));
    if (inputs.wait) await awaitHealthy(docker, created, inputs, work);
    return created;
  },
  problem: ({ State }, { mustRun }) => (State.Running || mustRun === false ? undefined : "the container is not running"),
  live: liveContainer,
  restore: restoreContainer,
  async remove(docker, id, { destroyGraceSeconds }) {
    const found = docker.getContainer(id);
    // Docker returns 304 if the container is not running.
    if (destroyGraceSeconds)
      await found.stop({ t: destroyGraceSeconds }).catch((e: DockerError) => e.statusCode === 304 || Promise.reject(e));
    await found.remove({ force: true, v: true });
  },
};

/** The provider's credentials for the registry of an image. */
export function authFor(image: string, { registryAuth = [] }: Work): Properties | undefined {
  const auth = registryAuth.find(({ address }) => address === registryOf(image));
  return auth && { username: auth.username, password: auth.password, serveraddress: auth.address };
}

export function nanoseconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : (parseDuration(duration, "ns") ?? undefined);
}

export function healthcheckOf(check: Properties | undefined): Docker.HealthConfig | undefined {
  return (
    check && {
      Test: check.tests,
      Interval: nanoseconds(check.interval),
      Timeout: nanoseconds(check.timeout),
      StartPeriod: nanoseconds(check.startPeriod),
      Retries: check.retries,
    }
  );
}

function containerOptions(inputs: Properties): Docker.ContainerCreateOptions {
  const { ports = [], volumes = [], networksAdvanced = [] } = inputs;
  const perPort = (value: (port: Properties) => unknown) =>
    Object.fromEntries(ports.map((p: Properties) => [`${p.internal}/${p.protocol ?? "tcp"}`, value(p)]));
  const [first] = networksAdvanced;
  const binds = volumes.filter((v: Properties) => v.volumeName ?? v.hostPath);
  return {
    Image: inputs.image,
    Hostname: inputs.hostname,
    User: inputs.user,
    Entrypoint: inputs.entrypoints,
    Cmd: inputs.command,
    WorkingDir: inputs.workingDir,
    Env: inputs.envs,
    Labels: toObject(inputs.labels),
    ExposedPorts: perPort(() => ({})),
    Volumes: Object.fromEntries(volumes.filter((v: Properties) => !binds.includes(v)).map((v: Properties) => [v.containerPath, {}])),
    Healthcheck: healthcheckOf(inputs.healthcheck),
    StopTimeout: inputs.stopTimeout,
    HostConfig: {
      Privileged: inputs.privileged,
      ReadonlyRootfs: inputs.readOnly,
      CapDrop: inputs.capabilities?.drops,
      CapAdd: inputs.capabilities?.adds,
      SecurityOpt: inputs.securityOpts,
      Tmpfs: inputs.tmpfs,
      RestartPolicy: { Name: inputs.restart },
      LogConfig: { Type: inputs.logDriver, Config: inputs.logOpts },
      Memory: mebibytes(inputs.memory),
      MemoryReservation: mebibytes(inputs.memoryReservation),
      MemorySwap: mebibytes(inputs.memorySwap),
      NanoCpus: inputs.cpus === undefined ? undefined : Math.round(Number(inputs.cpus) * 1e9),
      CpuShares: inputs.cpuShares,
      PortBindings: perPort((p) => [{ HostIp: p.ip, HostPort: String(p.external) }]),
      Binds: binds.map((v: Properties) => `${v.volumeName ?? v.hostPath}:${v.containerPath}${v.readOnly ? ":ro" : ""}`),
      NetworkMode: first?.name,
    },
    NetworkingConfig: first && { EndpointsConfig: { [first.name]: { Aliases: first.aliases } } },
  };
}

/** Bytes. In @pulumi/docker memory is in MiB. */
function mebibytes(count: number | undefined): number | undefined {
  return count === undefined || count < 0 ? count : count * 2 ** 20;
}

function archive(uploads: Properties[]): NodeJS.ReadableStream {
  const files = pack();
  for (const { file, content } of uploads) files.entry({ name: file.slice(1), mode: 0o644 }, content);
  files.finalize();
  return files as unknown as NodeJS.ReadableStream;
}

/** Puts the name of the object before Docker's message. */
export function failed(name: string): (error: DockerError) => never {
  return (error) => {
    if (error.statusCode === undefined) throw error;
    throw new UserError(`${name}: ${error.json?.message ?? error.message}`);
  };
}

/** @throws UserError with the last log lines, if the container exits or does not become healthy in time. */
async function awaitHealthy(
  docker: Docker,
  created: Docker.Container,
  { name, waitTimeout = 60 }: Properties,
  { progress, signal }: Work,
): Promise<void> {
  const failure = async (container: Docker.ContainerInspectInfo, what?: string) => {
    const { exit, log } = await lastRun(docker, container, 10);
    const output = container.State.Health?.Log?.at(-1)?.Output?.trim();
    return new UserError(`${name} ${what ?? exit}${output ? ` (${output})` : ""}. Last log lines:\n${log.join("\n") || "(none)"}`);
  };
  const isHealthy = async () => {
    const container = await created.inspect();
    const { State, RestartCount } = container;
    if (State.Health?.Status === "healthy") return true;
    if (!signal.aborted && (!State.Running || RestartCount > 0)) throw await failure(container);
    progress("the container to become healthy");
    return false;
  };
  const onTimeout = async () => failure(await created.inspect(), `is not healthy after ${waitTimeout} s`);
  await pollUntil(isHealthy, { timeoutSeconds: waitTimeout, onTimeout, signal });
}
