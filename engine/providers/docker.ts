import { pack } from "tar-stream";
import type Docker from "dockerode";
import { dockerEngine } from "../../components/internal/docker-engine.ts";
import { UserError } from "../../components/internal/user-error.ts";
import type { ResourceState } from "../checkpoint.ts";
import { differences } from "../values.ts";
import { containerOptions } from "./docker-container.ts";
import type { Change, Context, Properties, Provider } from "./provider.ts";

let connected: Docker | undefined;
const engine = () => (connected ??= dockerEngine());

/** One kind of Docker object: how it is found, made and removed. */
interface Kind {
  inspect(id: string): Promise<Properties>;
  create(inputs: Properties, context: Context): Promise<{ id: string; outputs: Properties }>;
  delete?(id: string, inputs: Properties): Promise<void>;
  /** Properties that the program may set; any other is refused. */
  properties: string[];
}

const kinds: Record<string, Kind> = {
  "docker:index/network:Network": {
    properties: ["name", "labels", "driver", "internal", "options"],
    inspect: (id) => engine().getNetwork(id).inspect(),
    async create(inputs, context) {
      await claim(inputs.name, "network", context, (name) => engine().getNetwork(name));
      const { id } = await engine().createNetwork({ Name: inputs.name, CheckDuplicate: true, Driver: inputs.driver ?? "bridge", Internal: inputs.internal, Labels: labels(inputs), Options: inputs.options });
      return { id, outputs: inputs };
    },
    delete: (id) => engine().getNetwork(id).remove(),
  },
  "docker:index/volume:Volume": {
    properties: ["name", "labels", "driver", "driverOpts"],
    inspect: (id) => engine().getVolume(id).inspect(),
    async create(inputs, context) {
      // A volume that an interrupted run made is kept: there is nothing in it that the stack did not put there.
      if (!context.interrupted) await claim(inputs.name, "volume", context, (name) => engine().getVolume(name));
      await engine().createVolume({ Name: inputs.name, Labels: labels(inputs), Driver: inputs.driver, DriverOpts: inputs.driverOpts });
      return { id: inputs.name, outputs: inputs };
    },
    delete: (id) => engine().getVolume(id).remove(),
  },
  "docker:index/container:Container": {
    properties: [], // docker-container.ts names them
    inspect: (id) => engine().getContainer(id).inspect(),
    async create(inputs, context) {
      await claim(inputs.name, "container", context, (name) => engine().getContainer(name));
      const container = await engine().createContainer(containerOptions(context.name, inputs));
      for (const { file, content } of inputs.uploads ?? []) {
        const archive = pack();
        archive.entry({ name: String(file).slice(1), mode: 0o644, mtime: new Date(0) }, String(content));
        archive.finalize();
        await container.putArchive(archive as unknown as NodeJS.ReadableStream, { path: "/" });
      }
      await start(container, inputs, context);
      return { id: container.id, outputs: inputs };
    },
    delete: (id) => engine().getContainer(id).remove({ force: true, v: true }),
  },
  "docker:index/remoteImage:RemoteImage": {
    properties: ["name", "keepLocally"],
    inspect: (id) => engine().getImage(id).inspect(),
    async create(inputs, context) {
      if (!(await missing(engine().getImage(inputs.name).inspect()))) return imageOutputs(inputs);
      context.progress(`pulling ${inputs.name}`);
      await finished(await engine().pull(inputs.name)).catch((error) => {
        throw new UserError(`${inputs.name}: cannot be pulled (${error.message}). \`make setup\` finds an image, or builds one where none can be pulled.`);
      });
      return imageOutputs(inputs);
    },
    // keepLocally is all the program uses: the image stays.
  },
  "docker:index/image:Image": {
    properties: ["imageName", "build", "buildOnPreview", "registry", "skipPush"],
    inspect: (name) => Promise.resolve({ name }), // the provider reconciles nothing; neither do we
    async create(inputs, context) {
      const { context: folder, args, platform } = inputs.build;
      context.progress(`building ${inputs.imageName}`);
      const stream = await engine().buildImage({ context: folder, src: ["."] }, { t: inputs.imageName, buildargs: args, platform });
      await finished(stream);
      context.progress(`pushing ${inputs.imageName}`);
      const { server, username, password } = inputs.registry ?? {};
      const authconfig = { serveraddress: server, username, password };
      const events = await finished((await engine().getImage(inputs.imageName).push({ authconfig })) as NodeJS.ReadableStream);
      const digest = events.find((event) => event.aux?.Digest)?.aux.Digest;
      if (!digest) throw new UserError(`${inputs.imageName}: the engine pushed it and named no digest`);
      return { id: inputs.imageName, outputs: { ...inputs, repoDigest: `${inputs.imageName.replace(/:[^:/]+$/, "")}@${digest}` } };
    },
  },
};

/** Docker objects, by the types of @pulumi/docker. */
export const dockerProvider: Provider = {
  async read(state) {
    const live = await kind(state.type)
      .inspect(String(state.id))
      .catch((error) => (error.statusCode === 404 ? undefined : Promise.reject(error)));
    return live && { ...state.outputs, live };
  },

  async diff(state, { live }, inputs): Promise<Change> {
    const changed = differences(state.inputs, inputs).map((d) => d.path);
    const inPlace = state.type === "docker:index/image:Image";
    if (changed.length > 0) return { kind: inPlace ? "update" : "replace", reasons: changed };
    if (state.type.endsWith(":Container") && !live.State.Running) return { kind: "update", reasons: ["it is not running"] };
    return { kind: "same" };
  },

  create(type, inputs, context) {
    const { properties } = kind(type);
    const unsupported = Object.keys(inputs).filter((key) => properties.length > 0 && !properties.includes(key));
    if (unsupported.length > 0) throw new UserError(`${context.name}: the embedded engine does not know ${unsupported.join(", ")} of ${type}. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).`);
    return kind(type).create(inputs, context);
  },

  async update(state, inputs, context) {
    if (state.type === "docker:index/image:Image") return (await kind(state.type).create(inputs, context)).outputs;
    await start(engine().getContainer(String(state.id)), inputs, context);
    return inputs;
  },

  async foretell(state, type, inputs) {
    if (type !== "docker:index/remoteImage:RemoteImage") return inputs;
    return state ? state.outputs : imageOutputs(inputs).then((i) => i.outputs, () => inputs);
  },

  async delete(state) {
    await missing(kind(state.type).delete?.(String(state.id), state.inputs) ?? Promise.resolve());
  },
};

/** Types whose objects use those of others by name, so that they go first. */
export function uses(user: ResourceState, used: ResourceState): boolean {
  return user.type.endsWith(":Container") && used.type.startsWith("docker:index/") && user.dependencies.includes(used.urn);
}

function kind(type: string): Kind {
  const known = kinds[type];
  if (!known) throw new UserError(`The embedded engine does not know resources of type ${type}. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).`);
  return known;
}

async function imageOutputs(inputs: Properties): Promise<{ id: string; outputs: Properties }> {
  const { Id } = await engine().getImage(inputs.name).inspect();
  return { id: Id, outputs: { ...inputs, imageId: Id } };
}

/** Sees that a name is free; what an interrupted run left under it is removed. */
async function claim(name: string, what: string, context: Context, get: (name: string) => { inspect(): Promise<unknown>; remove(o?: object): Promise<unknown> }): Promise<void> {
  if (await missing(get(name).inspect())) return;
  if (!context.interrupted) {
    throw new UserError(`There is a Docker ${what} "${name}" already, which this checkout did not make. Take the stack down where it was made (make down), or remove it: docker ${what} rm ${what === "container" ? "--force " : ""}${name}`);
  }
  await get(name).remove({ force: true, v: true });
}

async function start(container: Docker.Container, inputs: Properties, context: Context): Promise<void> {
  await container.start().catch((error) => {
    if (error.statusCode === 304) return; // runs already
    throw new UserError(`${inputs.name}: ${error.json?.message ?? error.message}`);
  });
  if (!inputs.wait) return;
  const until = Date.now() + (inputs.waitTimeout ?? 60) * 1000;
  for (;;) {
    const { State } = await container.inspect();
    if (State.Health?.Status === "healthy") return;
    if (!State.Running && !State.Restarting) throw new UserError(`${inputs.name}: ended with exit code ${State.ExitCode}:\n${await lastLines(container)}`);
    if (Date.now() > until) throw new UserError(`${inputs.name}: not healthy after ${inputs.waitTimeout} s. Its last lines:\n${await lastLines(container)}`);
    if (context.signal.aborted) throw new UserError(`${inputs.name}: no longer waited for, because of the failure above`);
    context.progress("waiting until it is healthy");
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

async function lastLines(container: Docker.Container): Promise<string> {
  const logs = await container.logs({ stdout: true, stderr: true, tail: 10 });
  // Frames of a stream without a terminal begin with eight bytes of header.
  return logs.toString("utf8").replace(/^[\x00-\x02]\0{3}.{4}/gms, "").trimEnd().replace(/^/gm, "  | ");
}

function labels(inputs: Properties): Record<string, string> {
  return Object.fromEntries((inputs.labels ?? []).map((l: Properties) => [l.label, l.value]));
}

function missing(inspected: Promise<unknown>): Promise<boolean> {
  return inspected.then(
    () => false,
    (error) => (error.statusCode === 404 ? true : Promise.reject(error)),
  );
}

function finished(stream: NodeJS.ReadableStream): Promise<Properties[]> {
  return new Promise((done, failed) => engine().modem.followProgress(stream, (error, events) => (error ? failed(error) : done(events))));
}
