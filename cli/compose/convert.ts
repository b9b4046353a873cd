import { existsSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import parseDuration from "parse-duration";
import type { ComposeProject, ComposeService } from "./project.ts";

/** What a stack file has of a service; see settings/service.ts. */
export type Service = Record<string, unknown>;

/** What of a Compose file is otherwise here, or nothing: the path of the key, and what that means. */
export interface Note {
  path: string;
  message: string;
}

export interface Converted {
  services: Record<string, Service>;
  notes: Note[];
}

/**
 * Turns a Compose file's services into those of a stack file, and says of each key that has no counterpart, or another meaning.
 *
 * @param folder Folder of the project, which sources are named from.
 * @param stack Name of the stack, for commands that are told.
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
  for (const key of Object.keys(compose)) tellOf(key, compose, context);
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
    ...convertEnd(compose),
  };
}

/** Keys that are looked into below. */
const known = [
  "image build command entrypoint environment env_file ports expose depends_on links healthcheck volumes tmpfs secrets configs",
  "deploy user stop_grace_period restart networks scale platform",
]
  .join(" ")
  .split(" ");

/** Keys that Slipway does of itself. */
const selfEvident = ["read_only", "cap_drop", "init", "extends", "profiles", "name"];

/** Why other keys have no counterpart, or where theirs is. */
const reasons: Record<string, string> = {
  cap_add: "pods have no capabilities",
  container_name: "pods are named after the service",
  cpus: "is resources.cpuLimit here; say it by deploy.resources.limits.cpus",
  devices: "pods have no devices of their host",
  dns: "names are asked of the platform",
  extra_hosts: "names are asked of the platform",
  hostname: "services reach each other by the service's name",
  ipc: "pods share nothing with their host",
  labels: "labels are set by Slipway; annotations of the Ingress are ingressAnnotations",
  logging: "the platform keeps what pods write to standard output",
  mem_limit: "is resources.memoryLimit here; say it by deploy.resources.limits.memory",
  network_mode: "services have the network of their platform",
  pid: "pods share nothing with their host",
  privileged: "pods have no privileges",
  pull_policy: "images are deployed by digest",
  security_opt: "pods have the restricted profile",
  stdin_open: "pods have no terminal",
  sysctls: "pods have no privileges",
  tty: "pods have no terminal",
  ulimits: "pods have the limits of their node",
  working_dir: "is the image's own; set it there",
};

function tellOf(key: string, compose: ComposeService, { note }: Context): void {
  if (compose[key] === null || known.includes(key) || selfEvident.includes(key) || key.startsWith("x-")) {
    const { restart } = compose;
    if (key === "restart" && restart !== "always" && restart !== "unless-stopped")
      note(key, `is "${restart}", and pods are always started anew; a task that ends is no service`);
    if (key === "networks" && Object.keys((compose[key] as object | null) ?? {}).some((network) => network !== "default"))
      note(key, "services reach each other where they say `calls`, and nowhere else");
    return;
  }
  note(key, reasons[key] === undefined ? "has no counterpart" : `has no counterpart: ${reasons[key]}`);
}

function convertImage({ image, build, platform }: ComposeService, { folder, note }: Context): Service {
  if (!build) {
    if (image !== undefined && !image.includes("@sha256:")) note("image", `"${image}" is a tag, and images are deployed by digest`);
    if (platform !== undefined) note("platform", "is that of the image");
    return { image };
  }
  const { context, dockerfile = "Dockerfile", target, args, ...others } = build;
  const source = relative(folder, context) || ".";
  if (dockerfile !== "Dockerfile") note("build.dockerfile", `must be called Dockerfile, in ${source} (got "${dockerfile}")`);
  if (target !== undefined) note("build.target", `has no counterpart: the last stage of the Dockerfile is built, not "${target}"`);
  if (Object.keys(args ?? {}).length > 0) note("build.args", "has no counterpart; give them defaults in the Dockerfile");
  for (const key of Object.keys(others)) note(`build.${key}`, "has no counterpart");
  const isGo = !existsSync(join(context, "Dockerfile")) && existsSync(join(context, "go.mod"));
  if (!isGo && existsSync(join(context, "go.mod")))
    note("build", "is a Go module: without `builder: dockerfile` it is built without Docker");
  return { source, ...(!isGo && { builder: "dockerfile" }), ...(platform !== undefined && { platforms: [platform] }) };
}

function convertUser({ user }: ComposeService, { note }: Context): Service {
  if (user === undefined) return {};
  const [id = "", group = id] = user.split(":");
  if (!/^[1-9]\d*$/.test(id)) {
    note("user", `must be a number that is not 0 (got "${user}"); say which of the image's it is by user`);
    return {};
  }
  if (group !== id) note("user", `the group is that of the user, ${id}, not ${group}`);
  return { user: Number(id) };
}

/** Ports of what speaks no HTTP, though it be published. */
const notHttp = new Set([1433, 1521, 3306, 4222, 5432, 5672, 6379, 9042, 9092, 11211, 27017]);

/** Ports that well-known images listen on, which their Compose files need not name: by the last part of the image's name. */
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
    if (protocol !== "tcp") note(`ports[${i}]`, `has no counterpart: it is of ${protocol}, and services are of tcp`);
    return protocol === "tcp";
  });
  const exposed = expose.map((port) => Number(port.split("/")[0])).filter((port) => Number.isInteger(port));
  const usual = usualPorts[/([^/]+?)(:[^/]*)?(@.*)?$/.exec(image)?.[1] ?? ""];
  const targets = [...new Set([...tcp.map(({ target }) => target), ...exposed, ...(usual === undefined ? [] : [usual])])];
  for (const target of targets.filter((port) => port < 1024))
    note("ports", `${target} is below 1024, where no program without privileges listens; let it listen higher`);
  const [port, ...further] = targets;
  if (port === undefined) {
    note("ports", "there is none; what no other service calls listens on one for its probes all the same");
    return {};
  }
  const published = tcp.find(({ target, published }) => target === port && published !== undefined);
  const host = published && !notHttp.has(port) ? `${name}.localhost` : undefined;
  for (const [i, { target, published: at }] of ports.entries())
    if (at !== undefined && tcp.includes(ports[i]!))
      note(
        `ports[${i}]`,
        target === port && host !== undefined
          ? `${at} is not taken: HTTP comes in by the name ${host}; say another by host`
          : `${at} is not taken: ${target} is for other services; from outside only HTTP comes in, by a host`,
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
    // What may use more than it is sure of must be sure of something.
    memory: memory(reservations.memory ?? limits.memory),
    memoryLimit: memory(limits.memory),
  });
  return { replicas, ...(Object.keys(resources).length > 0 && { resources }) };
}

function convertCalls({ depends_on: dependsOn = {}, links = [], deploy = {} }: ComposeService, { note }: Context): Service {
  for (const [other, { condition }] of Object.entries(dependsOn))
    if (condition === "service_completed_successfully")
      note(`depends_on.${other}`, "has no counterpart: nothing waits for a task that ends; run it where the image is built, or by hand");
  for (const key of Object.keys(deploy).filter((key) => !["replicas", "resources", "placement"].includes(key) && deploy[key] !== null))
    note(`deploy.${key}`, key === "update_config" ? "is rollout here" : "has no counterpart");
  const calls = [...new Set([...Object.keys(dependsOn), ...links.map((link) => String(link.split(":")[0]))])];
  return calls.length > 0 ? { calls } : {};
}

/** Names of variables with values that nobody should read in a stack file. */
const secretName = /PASSW(OR)?D|SECRET|TOKEN|(^|_)(API_?)?KEY$|CREDENTIAL|DSN$|DATABASE_URL$/i;

function convertEnvironment(name: string, { environment = {} }: ComposeService, { stack, note }: Context): Service {
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(environment)) {
    if (secretName.test(key) && !key.endsWith("_FILE"))
      note(`environment.${key}`, `is left out, for it may be secret: ${setSecret(stack, `services.${name}.secretEnv.${key}`)}`);
    else if (value === null) note(`environment.${key}`, "has no value here; it came from the shell");
    else if (key !== "PORT") env[key] = value;
  }
  return Object.keys(env).length > 0 ? { env } : {};
}

function setSecret(stack: string, path: string): string {
  return `pulumi config set --stack ${stack} --secret --path '${path}'`;
}

/** A ConfigMap takes 1 MiB at most. */
const mostBytes = 512 * 1024;

function convertFiles(name: string, { configs = [], secrets = [], volumes = [] }: ComposeService, context: Context): Service {
  const { project, folder, stack, note } = context;
  const files: Record<string, string> = {};
  const take = (at: string, path: string, target: string) => {
    const here = relative(folder, path);
    if (!existsSync(path)) note(at, `${here} is not there`);
    else if (!statSync(path).isFile()) note(at, `${here} is no file: put what is in it into the image, or into a volume`);
    else if (statSync(path).size > mostBytes || readFileSync(path).includes(0))
      note(at, `${here} is no text of at most 512 KiB: put it into the image`);
    else files[target] = readFileSync(path, "utf8");
  };
  for (const [i, { source, target = `/${source}` }] of configs.entries()) {
    const { file, content, external } = project.configs?.[source] ?? {};
    if (content !== undefined) files[target] = content;
    else if (file !== undefined) take(`configs[${i}]`, file, target);
    else
      note(
        `configs[${i}]`,
        external ? `"${source}" is kept elsewhere; give its content by files` : "has no counterpart; give its content by files",
      );
  }
  for (const [i, { source, target = `/run/secrets/${source}` }] of secrets.entries()) {
    const from = project.secrets?.[source]?.file;
    const input = from === undefined ? "" : ` <${relative(folder, from)}`;
    note(`secrets[${i}]`, `is left out, for it is secret: ${setSecret(stack, `services.${name}.secretFiles["${target}"]`)}${input}`);
  }
  for (const [i, { type, source = "", target, read_only: readOnly }] of volumes.entries())
    if (type === "bind") {
      if (/\.sock$/.test(source)) note(`volumes[${i}]`, "has no counterpart: pods reach no socket of their host");
      else take(`volumes[${i}]`, source, target);
      if (!readOnly && target in files) note(`volumes[${i}]`, `${target} is a copy, which the service cannot change`);
    }
  return Object.keys(files).length > 0 ? { files } : {};
}

function convertVolumes({ volumes = [], tmpfs = [] }: ComposeService, { project, note }: Context): Service {
  const made: Record<string, Service> = {};
  for (const [i, { type, source, target, tmpfs: options }] of volumes.entries()) {
    if (type === "volume" && source !== undefined) {
      made[objectName(source)] = { kind: "persistent", mountPath: target, size: "1Gi" };
      const others = Object.entries(project.services ?? {}).filter(([, { volumes = [] }]) =>
        volumes.some((v) => v.type === "volume" && v.source === source),
      );
      note(`volumes[${i}]`, `its size is said beforehand: 1Gi is a guess`);
      if (others.length > 1)
        note(`volumes[${i}]`, `"${source}" is not shared: ${others.map(([name]) => name).join(" and ")} have one each`);
      if (project.volumes?.[source]?.external)
        note(`volumes[${i}]`, `"${source}" is a new one: what is in the old one has to be brought over`);
    } else if (type === "volume" || type === "tmpfs") {
      made[objectName(target)] = { kind: "emptyDir", mountPath: target, size: sizeOf(options?.size) };
    } else if (type !== "bind") note(`volumes[${i}]`, `has no counterpart: it is of type ${type}`);
  }
  for (const entry of tmpfs) {
    const target = String(entry.split(":")[0]);
    made[objectName(target)] = { kind: "emptyDir", mountPath: target, size: "64Mi" };
  }
  return Object.keys(made).length > 0 ? { volumes: made } : {};
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

/** A request to the container itself, as `curl -f http://localhost:8080/health`. */
const request = /\b(?:curl|wget)\b.*?\bhttps?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::(\d+))?(\/[^\s"'|&;]*)?/;

function convertHealth({ healthcheck, ports = [], expose = [] }: ComposeService, { note }: Context): Service {
  const { test = [], disable, interval, timeout, retries, start_period: startPeriod } = healthcheck ?? {};
  const [how, ...rest] = test;
  if (disable || how === "NONE" || test.length === 0) {
    if (ports.length + expose.length > 0)
      note("healthcheck", "there is none: it is asked by a connection; better by HTTP, at /healthz and /readyz (leave probes out)");
    return { probes: { kind: "tcp" } };
  }
  const numbers = defined({ periodSeconds: seconds(interval), timeoutSeconds: seconds(timeout), failureThreshold: retries });
  const start = startPeriod === undefined ? {} : { startup: { failureThreshold: Math.max(60, seconds(startPeriod) ?? 0) } };
  const [, , path = "/"] = request.exec(rest.join(" ")) ?? [];
  if (request.test(rest.join(" "))) {
    const asked = { path, ...numbers };
    return { probes: { startup: { path, ...start.startup }, readiness: asked, liveness: asked } };
  }
  const command = how === "CMD-SHELL" ? ["sh", "-c", rest.join(" ")] : rest;
  const same = Object.keys(numbers).length > 0 ? { readiness: numbers, liveness: numbers } : {};
  return { probes: { kind: "exec", command, ...start, ...same } };
}

function convertEnd({ stop_grace_period: grace }: ComposeService): Service {
  const drainSeconds = seconds(grace);
  return drainSeconds === undefined ? {} : { shutdown: { drainSeconds } };
}

function seconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : Math.max(1, Math.round(parseDuration(duration, "s") ?? 1));
}

function defined(fields: Service): Service {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
