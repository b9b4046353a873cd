import { isDeepStrictEqual } from "node:util";
import { toObject, type Properties } from "./kind.ts";

/** The inputs of a Swarm service with what `docker service update` and `docker service scale` have changed. */
export function liveService({ Spec }: Properties, inputs: Properties): Properties {
  const { mode, labels, taskSpec } = inputs;
  const container = taskSpec.containerSpec as Properties;
  const found = Spec.TaskTemplate.ContainerSpec as Properties;
  const env = Object.fromEntries(((found["Env"] ?? []) as string[]).map((text) => [text.split("=")[0], text.replace(/^[^=]*=?/, "")]));
  const replicas = Spec.Mode.Replicated?.Replicas as number | undefined;
  return {
    ...inputs,
    ...(mode?.replicated?.replicas !== undefined && {
      mode: { ...mode, replicated: replicas === undefined ? undefined : { ...mode.replicated, replicas } },
    }),
    labels: unlessSame(labels, toObject(labels), Spec.Labels, () => inOrderOf(labels, (Spec.Labels ?? {}) as Properties)),
    taskSpec: {
      ...taskSpec,
      containerSpec: {
        ...container,
        image: found["Image"],
        env: unlessSame(container["env"], asTexts(container["env"]), env, () => env),
        args: unlessSame(container["args"], container["args"], found["Args"], () => found["Args"]),
        commands: unlessSame(container["commands"], container["commands"], found["Command"], () => found["Command"]),
        user: unlessSame(container["user"], container["user"], found["User"], () => found["User"]),
      },
      resources: liveResources(taskSpec.resources, Spec.TaskTemplate.Resources),
    },
  };
}

/** Labels at the places that they have in the inputs, then those that others have added. */
function inOrderOf(given: Properties[] = [], found: Properties): (Properties | undefined)[] {
  const own = given.map(({ label }) => (label in found ? { label, value: String(found[label]) } : undefined));
  const added = Object.keys(found).filter((label) => !given.some((one) => one["label"] === label));
  return [...own, ...added.map((label) => ({ label, value: String(found[label]) }))];
}

function liveResources(given: Properties | undefined, found: Properties = {}): Properties | undefined {
  if (given === undefined) return undefined;
  const live = (part: Properties | undefined, of: Properties = {}) =>
    part && {
      ...part,
      ...(part["memoryBytes"] !== undefined && { memoryBytes: of["MemoryBytes"] }),
      ...(part["nanoCpus"] !== undefined && { nanoCpus: of["NanoCPUs"] }),
    };
  return { ...given, limits: live(given["limits"], found["Limits"]), reservation: live(given["reservation"], found["Reservations"]) };
}

function asTexts(values: Properties = {}): Properties {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}

/** The input itself if the live value is the same: Docker leaves out what is empty. */
function unlessSame<T>(input: T, expected: unknown, found: unknown, live: () => T): T {
  const isEmpty = (value: unknown) => value === undefined || value === null || value === "" || Object.keys(value).length === 0;
  return isDeepStrictEqual(expected, found) || (isEmpty(expected) && isEmpty(found)) ? input : live();
}
