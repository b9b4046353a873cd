import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";
import { UserError } from "../../lib/user-error.ts";
import { kinds } from "./kinds.ts";
import type { Kind } from "./kind.ts";
import { NotConverged } from "./convergence.ts";
import { differences, type Properties } from "../../lib/values.ts";
import { needsCLI, NotReady, type Context, type Drift, type Provider } from "../provider.ts";

/** Docker objects, with the resource types of @pulumi/docker. */
export const dockerProvider: Provider = {
  async diff({ type, id, inputs: before, outputs }, inputs, context) {
    const kind = kindOf(type);
    const found = await kind.find(connect(context), String(id)).inspect().catch(unlessMissing);
    if (!found) return { kind: "gone" };
    const because = differences(before, inputs).map((d) => d.path);
    if (because.length === 0) {
      const drift = driftOf(kind, found, { ...outputs, ...inputs });
      if (drift.kind === "same") return drift;
      if (drift.kind === "changed" && kind.restore) return { kind: "update", because: drift.paths };
      because.push(...(drift.kind === "changed" ? drift.paths : [drift.problem]));
    }
    const inPlace = because.every((path) => kind.updatable?.includes(String(/^\w+/.exec(path)?.[0])));
    return inPlace ? { kind: "update", because } : { kind: "replace", because, deleteFirst: inputs.name !== undefined };
  },

  async create(type, inputs, context) {
    const kind = kindOf(type);
    const unsupported = Object.keys(inputs).filter((key) => !kind.properties.split(" ").includes(key));
    if (unsupported.length > 0) throw needsCLI(`does not support ${unsupported.join(", ")} of ${type}`);
    if (context.preview) return { id: "", outputs: inputs };
    const docker = connect(context);
    if (context.interrupted) await removeIncomplete(kind, nameOf(type), docker, context.interrupted);
    const name = inputs.name ?? (kind.autoNamed ? `${context.name}-${randomBytes(4).toString("hex").slice(0, 7)}` : undefined);
    if (name !== undefined && (await kind.find(docker, name).inspect().catch(unlessMissing))) {
      const remove = `docker ${nameOf(type)} rm ${nameOf(type) === "container" ? "--force " : ""}${name}`;
      const problem = "already exists, and this checkout did not create it. Run slipway down where it was created, or: ";
      if (!context.interrupted) throw new UserError(problem + remove);
    }
    const named = name === undefined ? inputs : { ...inputs, name };
    await context.creating(name);
    const { id, outputs } = await kind.create(docker, named, work(context)).catch(notReady(named));
    return { id, outputs: { ...named, ...outputs } };
  },

  async update({ type, id, outputs }, inputs, context) {
    if (context.preview) return { ...outputs, ...inputs };
    const kind = kindOf(type);
    if (kind.restore) {
      await kind.restore(connect(context), String(id), { ...outputs, ...inputs });
      return outputs;
    }
    const updated = kind.update!(connect(context), String(id), inputs, work(context));
    return { ...outputs, ...(await updated.catch(notReady({ ...outputs, ...inputs }))) };
  },

  async delete({ type, id, inputs }, context) {
    const kind = kindOf(type);
    const remove = () => kind.find(connect(context), String(id)).remove?.({});
    await (kind.remove ? kind.remove(connect(context), String(id), inputs, work(context)) : remove())?.catch(unlessMissing);
  },

  async drift({ type, id, inputs, outputs }, context) {
    const kind = kindOf(type);
    const found = await kind.find(connect(context), String(id)).inspect().catch(unlessMissing);
    return found ? driftOf(kind, found, { ...outputs, ...inputs }) : { kind: "gone", problem: "does not exist" };
  },
};

function driftOf(kind: Kind, found: Properties, restored: Properties): Drift {
  const problem = kind.problem?.(found, restored);
  if (problem !== undefined) return { kind: "gone", problem };
  const live = kind.live?.(found, restored) ?? restored;
  const paths = differences(live, restored).map(({ path }) => path);
  return paths.length === 0 ? { kind: "same" } : { kind: "changed", live, restored, paths };
}

/** A service that did not converge exists all the same. */
function notReady(outputs: Properties): (error: Error) => never {
  return (error) => {
    throw error instanceof NotConverged ? new NotReady(error.message, error.id, outputs) : error;
  };
}

/** Removes what an interrupted run created of an object. A volume is kept, because it may have data. */
async function removeIncomplete(kind: Kind, name: string, docker: Docker, id: string): Promise<void> {
  if (name !== "volume") await kind.find(docker, id).remove?.({ force: true, v: true }).catch(unlessMissing);
}

const clients = new Map<string, Docker>();

function connect({ settings: { host = "" } }: Context): Docker {
  if (!clients.has(host)) clients.set(host, dockerClient(host || undefined));
  return clients.get(host)!;
}

function work({ progress, signal, settings: { registryAuth } }: Context) {
  return { progress, signal, registryAuth };
}

/** `docker:index/network:Network` → `network` */
function nameOf(type: string): string {
  return String(/\/(\w+):/.exec(type)?.[1]);
}

function kindOf(type: string): Kind {
  const kind = kinds[nameOf(type)];
  if (!kind) throw needsCLI(`does not support resources of type ${type}`);
  return kind;
}

function unlessMissing(error: DockerError): undefined {
  if (error.statusCode !== 404) throw error;
}
