import { existsSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import parseDuration from "parse-duration";
import type { ComposeProject, ComposeService } from "./project.ts";
import { defaultDockerfile } from "../../components/image-builder.ts";
import { serviceDefaults } from "../../components/web-service-defaults.ts";

/** A service in a stack file; see config/schema/service.ts. */
export type Service = Record<string, unknown>;

/** A key of the Compose file that is missing or different in the stack file. */
export interface Note {
  /** Path of the key in the Compose file. */
  path: string;
  /** What happened to the key, and what to do. Without a full stop at its end. */
  message: string;
}

export interface Converted {
  services: Record<string, Service>;
  notes: Note[];
}

/**
 * Converts the services of a Compose file to services of a stack file.
 *
 * @param folder Project folder: sources are relative to it.
 * @param stack Name of the stack, for commands in the notes.
 */
export function convertCompose(project: ComposeProject, { folder, stack }: { folder: string; stack: string }): Converted {
  const notes: Note[] = [];
  const services: Record<string, Service> = {};
  for (const [name, compose] of Object.entries(project.services ?? {})) {
    const note = (key: string, message: string) => notes.push({ path: `services.${name}.${key}`, message });
    services[name] = convertService(name, compose, { project, folder, stack, note });
  }
  return { services, notes };
}

interface Context {
  project: ComposeProject;
  folder: string;
  stack: string;
  note: (key: string, message: string) => void;
}

function convertService(name: string, compose: ComposeService, context: Context): Service {
  for (const key of Object.keys(compose)) checkKey(key, compose, context);
  return {
    ...convertImage(compose, context),
    ...(compose.entrypoint?.length && { command: compose.entrypoint }),
    ...(compose.command?.length && { args: compose.command }),
    ...convertUser(compose, context),
    ...convertPorts(name, compose, context),
    ...convertScale(compose),
    ...convertCalls(compose, context),
    ...convertEnvironment(name, compose, context),
    ...convertFiles(name, compose, context),
    ...convertVolumes(compose, context),
    ...convertHealth(compose, context),
    ...convertShutdown(compose),
  };
}

/** Keys that are converted below. */
const convertedKeys = [
  "image build command entrypoint environment env_file ports expose depends_on links healthcheck volumes tmpfs secrets configs",
  "deploy user stop_grace_period restart networks scale platform",
]
  .join(" ")
  .split(" ");

/** Keys that need no conversion: Slipway always does what they ask for, or compose-go has already processed them. */
const impliedKeys = ["read_only", "cap_drop", "init", "extends", "profiles", "name"];

const checkWithout = "check that the service works without it";
const unsupported = `is ignored, because Slipway has no equivalent; ${checkWithout}`;

/** Notes on keys that Slipway does not support. */
const unsupportedKeys: Record<string, string> = {
  cap_add: `is ignored, because containers run without capabilities; ${checkWithout}`,
  container_name: "is ignored, because pods are named after the service; use the service name instead",
  cpus: "is ignored; set resources.cpuLimit instead",
  devices: `is ignored, because containers cannot use devices of the host; ${checkWithout}`,
  dns: "is ignored, because the platform resolves names; configure DNS servers there",
  extra_hosts: "is ignored, because the platform resolves names; add the names to your DNS",
  hostname: "is ignored, because services reach each other by service name; use the service name instead",
  ipc: `is ignored, because containers share no namespaces with the host; ${checkWithout}`,
  labels: "is ignored, because Slipway sets the labels; for annotations of the Ingress, set ingressAnnotations",
  logging: "is ignored, because the platform collects the logs; write them to standard output",
  mem_limit: "is ignored; set resources.memoryLimit instead",
  network_mode: "is ignored, because the platform sets up the network; list the services that this one needs in calls",
  pid: `is ignored, because containers share no namespaces with the host; ${checkWithout}`,
  privileged: `is ignored, because containers run without privileges; ${checkWithout}`,
  pull_policy: "is ignored, because images are deployed by digest; change the digest to deploy another image",
  security_opt: `is ignored, because pods have the restricted security profile; ${checkWithout}`,
  stdin_open: `is ignored, because containers have no terminal; ${checkWithout}`,
  sysctls: "is ignored, because containers run without privileges; set kernel parameters on the host",
  tty: `is ignored, because containers have no terminal; ${checkWithout}`,
  ulimits: "is ignored, because containers have the limits of their host; set the limits there",
  working_dir: "is ignored; set WORKDIR in the image instead",
};

/** Notes what is lost with a key. */
function checkKey(key: string, compose: ComposeService, { note }: Context): void {
  if (compose[key] === null || convertedKeys.includes(key) || impliedKeys.includes(key) || key.startsWith("x-")) {
    const { restart } = compose;
    if (key === "restart" && restart !== "always" && restart !== "unless-stopped")
      note(key, `is ignored, because pods are always restarted (got "${restart}"); run one-off tasks outside the stack`);
    if (key === "networks" && Object.keys((compose[key] as object | null) ?? {}).some((network) => network !== "default"))
      note(key, "is ignored, because a service only reaches the services listed in its calls; complete that list");
    return;
  }
  note(key, unsupportedKeys[key] ?? unsupported);
}

function convertImage({ image, build, platform }: ComposeService, { folder, note }: Context): Service {
  if (!build) {
    if (platform !== undefined) note("platform", `is ignored, because the image determines it; use an image for ${platform}`);
    return { image };
  }
  const { context, dockerfile: file = defaultDockerfile, target, args = {}, ...others } = build;
  const source = relative(folder, context) || ".";
  // compose-go leaves the path as it is written, relative to the context.
  const path = relative(context, resolve(context, file));
  if (path.startsWith("..")) note("build.dockerfile", `must be below ${source} (got "${file}"); move the file there`);
  for (const key of Object.keys(others))
    note(`build.${key}`, "is ignored, because Slipway has no equivalent; check that the image builds without it");
  const isGo = !existsSync(join(context, path)) && existsSync(join(context, "go.mod"));
  if (!isGo && existsSync(join(context, "go.mod")))
    note("build", "is imported with builder: dockerfile; remove that line to build the Go module without Docker");
  const platforms = platform === undefined ? {} : { platforms: [platform] };
  if (isGo) {
    const without = "is ignored, because there is no Dockerfile: the Go module is built without one";
    if (target !== undefined) note("build.target", without);
    if (Object.keys(args).length > 0) note("build.args", without);
    return { source, ...platforms };
  }
  const dockerfile = {
    ...(path !== defaultDockerfile && { file: path }),
    ...(target !== undefined && { target }),
    ...convertBuildArgs(args, note),
  };
  return { source, builder: "dockerfile", ...(Object.keys(dockerfile).length > 0 && { dockerfile }), ...platforms };
}

/** compose-go leaves out arguments without a value. */
function convertBuildArgs(args: Record<string, string | null>, note: Context["note"]): { args?: Record<string, string> } {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(args))
    if (secretName.test(name))
      note(
        `build.args.${name}`,
        "is not imported, because it may be secret, and whoever can pull the image can read it; pass it at run time",
      );
    else kept[name] = String(value);
  return Object.keys(kept).length > 0 ? { args: kept } : {};
}

function convertUser({ user }: ComposeService, { note }: Context): Service {
  if (user === undefined) return {};
  const [id = "", group = id] = user.split(":");
  if (!/^[1-9]\d*$/.test(id)) {
    note("user", `is ignored, because it must be a number other than 0 (got "${user}"); set user to the number of the image's user`);
    return {};
  }
  if (group !== id)
    note("user", `is imported with group ${id}, the same as the user (got ${group}); give that group access to the image's files`);
  return { user: Number(id) };
}

/** Ports of well-known protocols other than HTTP: a published one does not get a host. */
const notHttp = new Set([1433, 1521, 3306, 4222, 5432, 5672, 6379, 9042, 9092, 11211, 27017]);

/** Default ports of well-known images, which Compose files need not name, by the last part of the image's name. */
const usualPorts: Record<string, number> = {
  elasticsearch: 9200,
  kafka: 9092,
  mariadb: 3306,
  memcached: 11211,
  minio: 9000,
  mongo: 27017,
  mysql: 3306,
  nats: 4222,
  postgres: 5432,
  rabbitmq: 5672,
  redis: 6379,
  valkey: 6379,
};

function convertPorts(name: string, { ports = [], expose = [], image = "" }: ComposeService, { note }: Context): Service {
  const tcp = ports.filter(({ protocol = "tcp" }, i) => {
    if (protocol !== "tcp") note(`ports[${i}]`, `is ignored, because only TCP is supported (got ${protocol}); ${checkWithout}`);
    return protocol === "tcp";
  });
  const exposed = expose.map((port) => Number(port.split("/")[0])).filter((port) => Number.isInteger(port));
  const usual = usualPorts[/([^/]+?)(:[^/]*)?(@.*)?$/.exec(image)?.[1] ?? ""];
  const targets = [...new Set([...tcp.map(({ target }) => target), ...exposed, ...(usual === undefined ? [] : [usual])])];
  const [port, ...further] = targets;
  if (port === undefined) {
    note("ports", `is missing, so the default port ${serviceDefaults.port} applies; set port to the one that the program listens on`);
    return {};
  }
  const published = tcp.find(({ target, published }) => target === port && published !== undefined);
  const host = published && !notHttp.has(port) ? `${name}.localhost` : undefined;
  for (const [i, { target, published: at }] of ports.entries())
    if (at !== undefined && tcp.includes(ports[i]!))
      note(
        `ports[${i}]`,
        target === port && host !== undefined
          ? `${at} is not published, because HTTP is routed by host; use ${host}, or set another host`
          : `${at} is not published, because only HTTP is exposed; services with ${name} in their calls reach it at ${name}:${target}`,
      );
  return {
    port,
    ...(further.length > 0 && { ports: Object.fromEntries(further.map((target) => [`port-${target}`, target])) }),
    ...(host !== undefined && { host }),
  };
}

function convertScale({ deploy = {}, scale }: ComposeService): Service {
  const { replicas = scale ?? 1, resources: { limits = {}, reservations = {} } = {} } = deploy;
  const cpu = (cpus?: number) => (cpus === undefined ? undefined : `${Math.round(cpus * 1000)}m`);
  const memory = (bytes?: string) => (bytes === undefined ? undefined : `${Math.ceil(Number(bytes) / 2 ** 20)}Mi`);
  const resources = defined({
    cpu: cpu(reservations.cpus),
    cpuLimit: cpu(limits.cpus),
    // A memory limit needs a memory request.
    memory: memory(reservations.memory ?? limits.memory),
    memoryLimit: memory(limits.memory),
  });
  return { replicas, ...(Object.keys(resources).length > 0 && { resources }) };
}

const unsupportedDeployKeys: Record<string, string> = {
  placement: "is ignored; set nodeSelector instead",
  update_config: "is ignored; set rollout instead",
};

/** Whether a value is null or empty, which compose-go writes for keys that are not in the file. */
function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

function convertCalls({ depends_on: dependsOn = {}, links = [], deploy = {} }: ComposeService, { note }: Context): Service {
  for (const [other, { condition }] of Object.entries(dependsOn))
    if (condition === "service_completed_successfully")
      note(`depends_on.${other}`, `does not wait until ${other} has completed; run one-off tasks before you deploy`);
  for (const [key, value] of Object.entries(deploy))
    if (!["replicas", "resources"].includes(key) && !isEmpty(value)) note(`deploy.${key}`, unsupportedDeployKeys[key] ?? unsupported);
  const calls = [...new Set([...Object.keys(dependsOn), ...links.map((link) => String(link.split(":")[0]))])];
  return calls.length > 0 ? { calls } : {};
}

/** Names of environment variables whose values must not be in a stack file. */
const secretName = /PASSW(OR)?D|SECRET|TOKEN|(^|_)(API_?)?KEY$|CREDENTIAL|DSN$|DATABASE_URL$/i;

function convertEnvironment(name: string, { environment = {} }: ComposeService, { stack, note }: Context): Service {
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(environment)) {
    if (secretName.test(key) && !key.endsWith("_FILE"))
      note(
        `environment.${key}`,
        `is not imported, because it may be secret; set it with ${setSecret(stack, `services.${name}.secretEnv.${key}`)}`,
      );
    else if (value === null) note(`environment.${key}`, `is not imported, because it has no value; set env.${key}`);
    else if (key !== "PORT") env[key] = value;
  }
  return Object.keys(env).length > 0 ? { env } : {};
}

function setSecret(stack: string, path: string): string {
  return `pulumi config set --stack ${stack} --secret --path '${path}'`;
}

/** A ConfigMap holds at most 1 MiB. */
const maxBytes = 512 * 1024;

function convertFiles(name: string, { configs = [], secrets = [], volumes = [] }: ComposeService, context: Context): Service {
  const { project, folder, stack, note } = context;
  const files: Record<string, string> = {};
  const take = (at: string, path: string, target: string) => {
    const file = relative(folder, path);
    if (!existsSync(path)) note(at, `is not imported, because ${file} does not exist; set its content in files`);
    else if (!statSync(path).isFile())
      note(at, `is not imported, because ${file} is not a file; add its content to the image or to a volume`);
    else if (statSync(path).size > maxBytes || readFileSync(path).includes(0))
      note(at, `is not imported, because ${file} is not a text file of at most 512 KiB; add it to the image`);
    else files[target] = readFileSync(path, "utf8");
  };
  for (const [i, { source, target = `/${source}` }] of configs.entries()) {
    const { file, content, external } = project.configs?.[source] ?? {};
    if (content !== undefined) files[target] = content;
    else if (file !== undefined) take(`configs[${i}]`, file, target);
    else
      note(
        `configs[${i}]`,
        `is not imported, because "${source}" ${external ? "is external" : "has neither file nor content"}; set its content in files`,
      );
  }
  for (const [i, { source, target = `/run/secrets/${source}` }] of secrets.entries()) {
    const from = project.secrets?.[source]?.file;
    const input = from === undefined ? "" : ` <${relative(folder, from)}`;
    note(
      `secrets[${i}]`,
      `is not imported, because it is secret; set it with ${setSecret(stack, `services.${name}.secretFiles["${target}"]`)}${input}`,
    );
  }
  for (const [i, { type, source = "", target, read_only: readOnly }] of volumes.entries())
    if (type === "bind") {
      if (/\.sock$/.test(source))
        note(`volumes[${i}]`, `is not imported, because containers cannot use sockets of the host; ${checkWithout}`);
      else take(`volumes[${i}]`, source, target);
      if (!readOnly && target in files)
        note(`volumes[${i}]`, `is imported as a read-only copy at ${target}; use a volume if the service writes to it`);
    }
  return Object.keys(files).length > 0 ? { files } : {};
}

function convertVolumes({ volumes = [], tmpfs = [] }: ComposeService, { project, note }: Context): Service {
  const converted: Record<string, Service> = {};
  for (const [i, { type, source, target, tmpfs: options }] of volumes.entries()) {
    if (type === "volume" && source !== undefined) {
      converted[objectName(source)] = { kind: "persistent", mountPath: target, size: "1Gi" };
      const users = Object.entries(project.services ?? {}).filter(([, { volumes = [] }]) =>
        volumes.some((v) => v.type === "volume" && v.source === source),
      );
      note(`volumes[${i}]`, "is imported with the size 1Gi, because Compose volumes have no size; set the size that the service needs");
      if (users.length > 1)
        note(
          `volumes[${i}]`,
          `becomes separate volumes of ${users.map(([name]) => name).join(" and ")}, because services cannot share volumes; share data over the network`,
        );
      if (project.volumes?.[source]?.external)
        note(`volumes[${i}]`, `becomes a new volume, because "${source}" is external; copy its data to the new volume`);
    } else if (type === "volume" || type === "tmpfs") {
      converted[objectName(target)] = { kind: "emptyDir", mountPath: target, size: sizeOf(options?.size) };
    } else if (type !== "bind")
      note(`volumes[${i}]`, `is not imported, because only the types volume, bind and tmpfs are supported (got ${type}); ${checkWithout}`);
  }
  for (const entry of tmpfs) {
    const target = String(entry.split(":")[0]);
    converted[objectName(target)] = { kind: "emptyDir", mountPath: target, size: "64Mi" };
  }
  return Object.keys(converted).length > 0 ? { volumes: converted } : {};
}

function sizeOf(bytes: string | undefined): string {
  return bytes === undefined ? "64Mi" : `${Math.ceil(Number(bytes) / 2 ** 20)}Mi`;
}

function objectName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** A request to the container itself, such as `curl -f http://localhost:8080/health`. */
const request = /\b(?:curl|wget)\b.*?\bhttps?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::(\d+))?(\/[^\s"'|&;]*)?/;

function convertHealth({ healthcheck, ports = [], expose = [] }: ComposeService, { note }: Context): Service {
  const { test = [], disable, interval, timeout, retries, start_period: startPeriod } = healthcheck ?? {};
  const [kind, ...rest] = test;
  if (disable || kind === "NONE" || test.length === 0) {
    if (ports.length + expose.length > 0)
      note("healthcheck", "is missing, so the probes only open a TCP connection; remove probes if the service has /healthz and /readyz");
    return { probes: { kind: "tcp" } };
  }
  const numbers = defined({ periodSeconds: seconds(interval), timeoutSeconds: seconds(timeout), failureThreshold: retries });
  const start = startPeriod === undefined ? {} : { startup: { failureThreshold: Math.max(60, seconds(startPeriod) ?? 0) } };
  const [, , path = "/"] = request.exec(rest.join(" ")) ?? [];
  if (request.test(rest.join(" "))) {
    const probe = { path, ...numbers };
    return { probes: { startup: { path, ...start.startup }, readiness: probe, liveness: probe } };
  }
  const command = kind === "CMD-SHELL" ? ["sh", "-c", rest.join(" ")] : rest;
  const same = Object.keys(numbers).length > 0 ? { readiness: numbers, liveness: numbers } : {};
  return { probes: { kind: "exec", command, ...start, ...same } };
}

function convertShutdown({ stop_grace_period: grace }: ComposeService): Service {
  const drainSeconds = seconds(grace);
  return drainSeconds === undefined ? {} : { shutdown: { drainSeconds } };
}

function seconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : Math.max(1, Math.round(parseDuration(duration, "s") ?? 1));
}

function defined(fields: Service): Service {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
