import parseDuration from "parse-duration";
import { pack } from "tar-stream";
import type Docker from "dockerode";
import { buildImage, dockerEngine, hasImage, type DockerError, pullImage, pushImage } from "../../components/internal/docker-engine.ts";
import { UserError } from "../../components/internal/user-error.ts";
import { differences, type Properties } from "../values.ts";
import type { Context, Provider } from "./provider.ts";

const docker: Docker = dockerEngine();

/** How a kind of object is found by name or id, and made. */
interface Kind {
  /** What the program may set; anything else is refused. */
  properties: string;
  get(id: string): { inspect(): Promise<Properties>; remove?(options: object): Promise<unknown> };
  create(inputs: Properties, context: Context): Promise<{ id: string; outputs?: Properties }>;
}

const kinds: Record<string, Kind> = {
  network: {
    properties: "name labels",
    get: (id) => docker.getNetwork(id),
    create: ({ name, labels }) => docker.createNetwork({ Name: name, Labels: toObject(labels) }),
  },
  volume: {
    properties: "name labels",
    get: (id) => docker.getVolume(id),
    async create({ name, labels }) {
      await docker.createVolume({ Name: name, Labels: toObject(labels) });
      return { id: name };
    },
  },
  container: {
    properties:
      "name image hostname command envs labels privileged tmpfs restart logDriver logOpts ports volumes networksAdvanced uploads healthcheck wait waitTimeout",
    get: (id) => docker.getContainer(id),
    async create(inputs, context) {
      context.progress(`the image ${inputs.image}`);
      if (!(await hasImage(docker, inputs.image))) await pullImage(docker, inputs.image);
      const container = await docker.createContainer(containerOptions(inputs));
      for (const { file, content } of inputs.uploads ?? []) {
        const archive = pack();
        archive.entry({ name: file.slice(1), mode: 0o644 }, content);
        archive.finalize();
        await container.putArchive(archive as unknown as NodeJS.ReadableStream, { path: "/" });
      }
      await container.start().catch((error) => {
        throw new UserError(`${inputs.name}: ${error.json?.message ?? error.message}`);
      });
      if (inputs.wait) await untilHealthy(container, inputs, context);
      return container;
    },
  },
  image: {
    properties: "imageName build buildOnPreview registry skipPush",
    get: (name) => ({ inspect: async () => ({ name }) }), // the provider of Pulumi looks after nothing either
    async create({ imageName, build, registry, skipPush }, { progress }) {
      if (skipPush) throw new UserError("the embedded engine always pushes; that needs the Pulumi CLI (SLIPWAY_ENGINE=pulumi)");
      progress(`the build of ${imageName}`);
      await buildImage(docker, build.context, { tag: imageName, platform: build.platform, args: build.args });
      progress(`the push of ${imageName}`);
      const authconfig = { username: registry?.username, password: registry?.password, serveraddress: registry?.server };
      const digest = await pushImage(docker, imageName, authconfig);
      return { id: imageName, outputs: { repoDigest: `${imageName.replace(/:[^:/]+$/, "")}@${digest}` } };
    },
  },
};

/** Docker objects, by the types of @pulumi/docker. */
export const dockerProvider: Provider = {
  async diff({ type, id, inputs: before }, inputs) {
    if (await isMissing(kindOf(type).get(String(id)))) return { kind: "gone" };
    const because = differences(before, inputs).map((d) => d.path);
    if (because.length > 0) return { kind: nameOf(type) === "image" ? "update" : "replace", because };
    const { State } = await kindOf(type).get(String(id)).inspect();
    return State && !State.Running ? { kind: "replace", because: ["it does not run"] } : { kind: "same" };
  },

  async create(type, inputs, context) {
    const kind = kindOf(type);
    const unsupported = Object.keys(inputs).filter((key) => !kind.properties.split(" ").includes(key));
    if (unsupported.length > 0) throw new UserError(`the embedded engine does not know ${unsupported.join(", ")} of ${type}`);
    if (context.preview) return { id: "", outputs: inputs };
    if (nameOf(type) !== "image" && !(await isMissing(kind.get(inputs.name)))) {
      const remove = `docker ${nameOf(type)} rm ${nameOf(type) === "container" ? "--force " : ""}${inputs.name}`;
      const elsewhere = "it exists already, and this checkout did not make it. Take it down where it was made (make down), or: ";
      if (!context.interrupted) throw new UserError(elsewhere + remove);
      if (nameOf(type) !== "volume") await kind.get(inputs.name).remove?.({ force: true, v: true }); // what a volume holds is kept
    }
    context.creating();
    const { id, outputs } = await kind.create(inputs, context);
    return { id, outputs: { ...inputs, ...outputs } };
  },

  async update({ type }, inputs, context) {
    return (await this.create(type, inputs, context)).outputs;
  },

  async delete({ type, id }) {
    await kindOf(type).get(String(id)).remove?.({ force: true, v: true }).catch(unlessMissing);
  },
};

/** `docker:index/network:Network` → `network` */
function nameOf(type: string): string {
  return String(/\/(\w+):/.exec(type)?.[1]);
}

function kindOf(type: string): Kind {
  const kind = kinds[nameOf(type)];
  if (!kind) throw new UserError(`the embedded engine does not know resources of type ${type}`);
  return kind;
}

function containerOptions(inputs: Properties): Docker.ContainerCreateOptions {
  const { healthcheck: check, ports = [], volumes = [], networksAdvanced = [] } = inputs;
  const perPort = (value: (port: Properties) => unknown) =>
    Object.fromEntries(ports.map((p: Properties) => [`${p.internal}/tcp`, value(p)]));
  const nanoseconds = (duration: string) => parseDuration(duration, "ns") ?? undefined;
  return {
    name: inputs.name,
    Image: inputs.image,
    Hostname: inputs.hostname,
    Cmd: inputs.command,
    Env: inputs.envs,
    Labels: toObject(inputs.labels),
    ExposedPorts: perPort(() => ({})),
    Healthcheck: check && {
      Test: check.tests,
      Interval: nanoseconds(check.interval),
      Timeout: nanoseconds(check.timeout),
      StartPeriod: nanoseconds(check.startPeriod),
      Retries: check.retries,
    },
    HostConfig: {
      Privileged: inputs.privileged,
      Tmpfs: inputs.tmpfs,
      RestartPolicy: { Name: inputs.restart },
      LogConfig: { Type: inputs.logDriver, Config: inputs.logOpts },
      PortBindings: perPort((p) => [{ HostIp: p.ip, HostPort: String(p.external) }]),
      Binds: volumes.map((v: Properties) => `${v.volumeName ?? v.hostPath}:${v.containerPath}`),
      NetworkMode: networksAdvanced[0]?.name,
    },
  };
}

async function untilHealthy(container: Docker.Container, { waitTimeout }: Properties, { progress, signal }: Context): Promise<void> {
  const until = Date.now() + waitTimeout * 1000;
  for (;;) {
    const { State } = await container.inspect();
    if (State.Health?.Status === "healthy") return;
    if (signal.aborted) throw new UserError("it is no longer waited for");
    const trouble = State.Running
      ? Date.now() > until && `is not healthy after ${waitTimeout} s`
      : `ended with exit code ${State.ExitCode}`;
    if (trouble) {
      const logs = (await container.logs({ stdout: true, stderr: true, tail: 10 })).toString("utf8");
      throw new UserError(`it ${trouble}; its last lines:\n${logs.replace(/[^\P{C}\n\t]/gu, "").trimEnd()}`);
    }
    progress("it to be healthy");
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

function toObject(labels: Properties[] = []): Record<string, string> {
  return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}

function isMissing(object: { inspect(): Promise<unknown> }): Promise<boolean> {
  return object.inspect().then(() => false, unlessMissing);
}

function unlessMissing(error: DockerError): true {
  if (error.statusCode === 404) return true;
  throw error;
}
