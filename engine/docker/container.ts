import parseDuration from "parse-duration";
import { pack } from "tar-stream";
import type Docker from "dockerode";
import { hasImage, pullImage, registryOf, type DockerError } from "../../lib/docker-client.ts";
import { UserError } from "../../lib/user-error.ts";
import { linesOf } from "./convergence.ts";
import { toObject, type Kind, type Properties, type Work } from "./kind.ts";

/** docker.Container, https://www.pulumi.com/registry/packages/docker/api-docs/container/. */
export const container: Kind = {
  properties:
    "name image hostname entrypoints command envs labels privileged tmpfs restart logDriver logOpts ports volumes networksAdvanced uploads healthcheck wait waitTimeout " +
    "user readOnly capabilities securityOpts memory memoryReservation memorySwap cpus cpuShares destroyGraceSeconds stopTimeout",
  autoNamed: true,
  find: (docker, id) => docker.getContainer(id),
  async create(docker, inputs, work) {
    work.progress(`the image ${inputs.image}`);
    if (!(await hasImage(docker, inputs.image))) await pullImage(docker, inputs.image, { authconfig: authFor(inputs.image, work) });
    const made = await docker.createContainer(containerOptions(inputs)).catch(told(inputs.name));
    // The first network is there from the start; the engine takes one at once.
    for (const { name, aliases } of (inputs.networksAdvanced ?? []).slice(1))
      await docker
        .getNetwork(name)
        .connect({ Container: made.id, EndpointConfig: { Aliases: aliases } })
        .catch(told(inputs.name));
    if (inputs.uploads?.length > 0) await made.putArchive(archive(inputs.uploads), { path: "/" }).catch(told(inputs.name));
    await made.start().catch(told(inputs.name));
    if (inputs.wait) await untilHealthy(made, inputs, work);
    return made;
  },
  drift: ({ State }) => (State.Running ? undefined : "it does not run"),
  async remove(docker, id, { destroyGraceSeconds }) {
    const found = docker.getContainer(id);
    // The engine answers 304 where it does not run already.
    if (destroyGraceSeconds)
      await found.stop({ t: destroyGraceSeconds }).catch((e: DockerError) => e.statusCode === 304 || Promise.reject(e));
    await found.remove({ force: true, v: true });
  },
};

/** The credentials that a provider has for the registry of an image. */
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
    Object.fromEntries(ports.map((p: Properties) => [`${p.internal}/tcp`, value(p)]));
  const [first] = networksAdvanced;
  const binds = volumes.filter((v: Properties) => v.volumeName ?? v.hostPath);
  return {
    name: inputs.name,
    Image: inputs.image,
    Hostname: inputs.hostname,
    User: inputs.user,
    Entrypoint: inputs.entrypoints,
    Cmd: inputs.command,
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

/** The provider has memory in MiB. */
function mebibytes(count: number | undefined): number | undefined {
  return count === undefined || count < 0 ? count : count * 2 ** 20;
}

function archive(uploads: Properties[]): NodeJS.ReadableStream {
  const files = pack();
  for (const { file, content } of uploads) files.entry({ name: file.slice(1), mode: 0o644 }, content);
  files.finalize();
  return files as unknown as NodeJS.ReadableStream;
}

/** The engine's own words, with what they are about. */
export function told(name: string): (error: DockerError) => never {
  return (error) => {
    if (error.statusCode === undefined) throw error;
    throw new UserError(`${name}: ${error.json?.message ?? error.message}`);
  };
}

async function untilHealthy(made: Docker.Container, { name, waitTimeout }: Properties, { progress, signal }: Work): Promise<void> {
  const until = Date.now() + waitTimeout * 1000;
  for (;;) {
    const { State, RestartCount } = await made.inspect();
    if (State.Health?.Status === "healthy") return;
    if (signal.aborted) throw new UserError("it is no longer waited for");
    const trouble =
      !State.Running || RestartCount > 0
        ? `ended with exit code ${State.ExitCode}${RestartCount > 0 ? `, and was started anew ${RestartCount === 1 ? "once" : `${RestartCount} times`}` : ""}`
        : Date.now() > until && `is not healthy after ${waitTimeout} s`;
    if (trouble) {
      const lines = linesOf(await made.logs({ stdout: true, stderr: true, tail: 10 })).join("\n");
      const said = State.Health?.Log?.at(-1)?.Output?.trim();
      throw new UserError(`${name} ${trouble}${said ? ` (${said})` : ""}; its last lines:\n${lines || "(none)"}`);
    }
    progress("it to be healthy");
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
