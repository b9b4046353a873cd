import type Docker from "dockerode";
import { patience } from "../../lib/patience.ts";
import { pollUntil } from "../../lib/poll.ts";
import { UserError } from "../../lib/user-error.ts";
import { authFor, failed, healthcheckOf, nanoseconds } from "./container.ts";
import { toObject, type Kind, type Properties, type Work } from "./kind.ts";
import { converge } from "./convergence.ts";
import { liveService } from "./service-drift.ts";

/** docker.Service, a Swarm service, https://www.pulumi.com/registry/packages/docker/api-docs/service/. */
export const service: Kind = {
  properties: "name labels auth mode endpointSpec taskSpec updateConfig rollbackConfig convergeConfig",
  find: (docker, id) => docker.getService(id),
  async create(docker, inputs, work) {
    const { id } = await docker.createService(authOf(inputs, work), specOf(inputs)).then(idOf, failed(inputs.name));
    if (keepsRunning(inputs)) await converge(docker, id, inputs, true, work);
    return { id };
  },
  updatable: ["labels", "auth", "mode", "endpointSpec", "taskSpec", "updateConfig", "rollbackConfig", "convergeConfig"],
  async update(docker, id, inputs, work) {
    const found = docker.getService(id);
    const { Version } = await found.inspect();
    const request = { _query: { version: Version.Index }, _body: specOf(inputs) };
    // The types of dockerode lack the form with credentials.
    const updated = found.update(authOf(inputs, work), request as never) as unknown as Promise<unknown>;
    await updated.catch(failed(inputs.name));
    if (keepsRunning(inputs)) await converge(docker, id, inputs, false, work);
    return inputs;
  },
  live: liveService,
  async remove(docker, id, { name }) {
    await docker.getService(id).remove();
    // Its networks and volumes stay in use until its containers are deleted. Those on other nodes are not visible here.
    const filters = { label: [`com.docker.swarm.service.name=${name}`] };
    const timeout = new Error();
    await pollUntil(async () => (await docker.listContainers({ all: true, filters })).length === 0, {
      timeoutSeconds: patience("tasks"),
      onTimeout: () => timeout,
    }).catch((error) => {
      if (error !== timeout) throw error;
    });
  },
};

/** The tasks of a job end. */
function keepsRunning({ taskSpec }: Properties): boolean {
  return (taskSpec.restartPolicy?.condition ?? "any") === "any";
}

function authOf({ auth, taskSpec }: Properties, work: Work): never {
  const given = auth && { username: auth.username, password: auth.password, serveraddress: auth.serverAddress };
  return (given ?? authFor(taskSpec.containerSpec.image, work)) as never;
}

function specOf(inputs: Properties): Docker.CreateServiceOptions {
  const { name, labels, mode, endpointSpec, taskSpec, updateConfig, rollbackConfig } = inputs;
  const spec = {
    Name: name,
    Labels: toObject(labels),
    Mode: mode?.global ? { Global: {} } : { Replicated: { Replicas: mode?.replicated?.replicas ?? 1 } },
    EndpointSpec: {
      Mode: endpointSpec?.mode,
      Ports: (endpointSpec?.ports ?? []).map((p: Properties) => ({
        Protocol: p.protocol ?? "tcp",
        TargetPort: p.targetPort,
        PublishedPort: p.publishedPort,
        PublishMode: p.publishMode ?? "ingress",
      })),
    },
    TaskTemplate: taskTemplate(taskSpec),
    UpdateConfig: updateOf(updateConfig),
    RollbackConfig: updateOf(rollbackConfig),
  };
  return spec as unknown as Docker.CreateServiceOptions;
}

function updateOf(config: Properties | undefined): object | undefined {
  return (
    config && {
      Parallelism: config.parallelism,
      Delay: nanoseconds(config.delay),
      FailureAction: config.failureAction,
      Monitor: nanoseconds(config.monitor),
      MaxFailureRatio: config.maxFailureRatio === undefined ? undefined : Number(config.maxFailureRatio),
      Order: config.order,
    }
  );
}

function taskTemplate({ containerSpec: c, networksAdvanceds = [], resources, placement, restartPolicy, logDriver }: Properties): object {
  const resourcesOf = (given: Properties | undefined) => given && { MemoryBytes: given.memoryBytes, NanoCPUs: given.nanoCpus };
  const preference = (text: string) => ({ Spread: { SpreadDescriptor: text.replace(/^spread=/, "") } });
  return {
    ContainerSpec: {
      Image: c.image,
      Command: c.commands,
      Args: c.args,
      Dir: c.dir,
      Hostname: c.hostname,
      Env: Object.entries(c.env ?? {}).map(([key, value]) => `${key}=${String(value)}`),
      Labels: toObject(c.labels),
      User: c.user,
      ReadOnly: c.readOnly,
      CapabilityDrop: c.capDrops,
      CapabilityAdd: c.capAdds,
      StopGracePeriod: nanoseconds(c.stopGracePeriod),
      Healthcheck: healthcheckOf(c.healthcheck),
      Mounts: (c.mounts ?? []).map((m: Properties) => ({
        Type: m.type,
        Source: m.source,
        Target: m.target,
        ReadOnly: m.readOnly,
        TmpfsOptions: m.tmpfsOptions && { SizeBytes: m.tmpfsOptions.sizeBytes, Mode: m.tmpfsOptions.mode },
        VolumeOptions: m.volumeOptions && {
          Labels: toObject(m.volumeOptions.labels),
          NoCopy: m.volumeOptions.noCopy,
          DriverConfig: m.volumeOptions.driverName && { Name: m.volumeOptions.driverName, Options: m.volumeOptions.driverOptions },
        },
      })),
      Secrets: (c.secrets ?? []).map((s: Properties) => ({ SecretID: s.secretId, SecretName: s.secretName, File: fileOf(s) })),
      Configs: (c.configs ?? []).map((s: Properties) => ({ ConfigID: s.configId, ConfigName: s.configName, File: fileOf(s) })),
    },
    Networks: networksAdvanceds.map((n: Properties) => ({ Target: n.name ?? n.id, Aliases: n.aliases })),
    Resources: resources && { Limits: resourcesOf(resources.limits), Reservations: resourcesOf(resources.reservation) },
    Placement: placement && {
      Constraints: placement.constraints,
      Preferences: placement.prefs?.map(preference),
      MaxReplicas: placement.maxReplicas,
    },
    RestartPolicy: restartPolicy && {
      Condition: restartPolicy.condition,
      Delay: nanoseconds(restartPolicy.delay),
      MaxAttempts: restartPolicy.maxAttempts,
      Window: nanoseconds(restartPolicy.window),
    },
    LogDriver: logDriver && { Name: logDriver.name, Options: logDriver.options },
  };
}

function fileOf({ fileName, fileUid = "0", fileGid = "0", fileMode = 0o444 }: Properties): object {
  return { Name: fileName, UID: fileUid, GID: fileGid, Mode: fileMode };
}

/** docker.Secret. Its data is in base64. */
export const secret: Kind = {
  properties: "name data labels",
  autoNamed: true,
  find: (docker, id) => docker.getSecret(id),
  create: (docker, { name, data, labels }) =>
    docker.createSecret({ Name: name, Data: data, Labels: toObject(labels) }).then(idOf, failed(name)),
};

/** docker.ServiceConfig, for data that is not secret. Its data is in base64. */
export const serviceConfig: Kind = {
  properties: "name data labels",
  autoNamed: true,
  find: (docker, id) => docker.getConfig(id),
  create: (docker, { name, data, labels }) =>
    docker.createConfig({ Name: name, Data: data, Labels: toObject(labels) }).then(idOf, failed(name)),
};

/** Docker returns `ID`; the types of dockerode have `id`. */
function idOf(created: object): { id: string } {
  const { ID, id } = created as { ID?: string; id?: string };
  const found = ID ?? id;
  if (found === undefined) throw new UserError("Docker returned no id for the new object.");
  return { id: found };
}
