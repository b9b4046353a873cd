import type Docker from "dockerode";
import { UserError } from "../../components/internal/user-error.ts";
import type { Properties } from "./provider.ts";

/** How each property of docker.Container is said to the Docker API (https://docs.docker.com/reference/api/engine/). */
const translations: Record<string, (value: any, inputs: Properties) => Docker.ContainerCreateOptions> = {
  name: (name) => ({ name }),
  image: (Image) => ({ Image }),
  hostname: (Hostname) => ({ Hostname }),
  command: (Cmd) => ({ Cmd }),
  entrypoints: (Entrypoint) => ({ Entrypoint }),
  user: (User) => ({ User }),
  workingDir: (WorkingDir) => ({ WorkingDir }),
  envs: (Env) => ({ Env }),
  labels: (labels: Properties[]) => ({ Labels: Object.fromEntries(labels.map((l) => [l.label, l.value])) }),
  privileged: (Privileged) => ({ HostConfig: { Privileged } }),
  readOnly: (ReadonlyRootfs) => ({ HostConfig: { ReadonlyRootfs } }),
  tmpfs: (Tmpfs) => ({ HostConfig: { Tmpfs } }),
  restart: (Name) => ({ HostConfig: { RestartPolicy: { Name } } }),
  logDriver: (Type, { logOpts }) => ({ HostConfig: { LogConfig: { Type, Config: logOpts ?? {} } } }),
  logOpts: () => ({}), // with logDriver
  ports: (ports: Properties[]) => ({
    ExposedPorts: Object.fromEntries(ports.map((p) => [`${p.internal}/${p.protocol ?? "tcp"}`, {}])),
    HostConfig: { PortBindings: Object.fromEntries(ports.map((p) => [`${p.internal}/${p.protocol ?? "tcp"}`, [{ HostIp: p.ip, HostPort: String(p.external) }]])) },
  }),
  volumes: (volumes: Properties[]) => ({
    HostConfig: { Binds: volumes.map((v) => `${v.volumeName ?? v.hostPath}:${v.containerPath}${v.readOnly ? ":ro" : ""}`) },
  }),
  networksAdvanced: (networks: Properties[]) => ({
    HostConfig: { NetworkMode: networks[0]?.name },
    NetworkingConfig: { EndpointsConfig: Object.fromEntries(networks.map((n) => [n.name, { Aliases: n.aliases }])) },
  }),
  healthcheck: (h) => ({
    Healthcheck: { Test: h.tests, Interval: nanoseconds(h.interval), Timeout: nanoseconds(h.timeout), StartPeriod: nanoseconds(h.startPeriod), Retries: h.retries },
  }),
  uploads: () => ({}), // copied before the start
  wait: () => ({}), // waited for after it
  waitTimeout: () => ({}),
};

/** Translates the inputs of a docker.Container for the API; properties that it does not know are refused. */
export function containerOptions(resource: string, inputs: Properties): Docker.ContainerCreateOptions {
  const unsupported = Object.keys(inputs).filter((key) => !(key in translations));
  if (unsupported.length > 0) {
    throw new UserError(`${resource}: the embedded engine does not know ${unsupported.join(", ")} of docker.Container. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).`);
  }
  const options: Docker.ContainerCreateOptions = { HostConfig: {} };
  for (const [key, value] of Object.entries(inputs)) {
    const { HostConfig, ...rest } = translations[key]!(value, inputs);
    Object.assign(options, rest);
    Object.assign(options.HostConfig!, HostConfig);
  }
  return options;
}

/** `1m30s` in nanoseconds. */
function nanoseconds(duration: string | undefined): number | undefined {
  const factors: Record<string, number> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
  return duration === undefined ? undefined : [...duration.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce((sum, [, n, unit]) => sum + Number(n) * factors[String(unit)]!, 0);
}
