import { isAbsolute } from "node:path";
import parseDuration from "parse-duration";
import { serviceDefaults } from "../../components/web-service-defaults.ts";
import type { Call } from "./calls.ts";
import type { ConvertOptions, Settings } from "./convert.ts";
import { isSecretVariable, Secret, type Credentials } from "./credentials.ts";
import type { CopiedFiles } from "./files.ts";
import { convertAccess } from "./access.ts";
import { convertHealth } from "./health.ts";
import { mayNameHost, renameHost } from "./hosts.ts";
import { convertImage, type Image } from "./image.ts";
import { knownImage, type KnownImage } from "./known-images.ts";
import { convertPorts, type Ports } from "./ports.ts";
import type { ComposeProject, ComposeService } from "./project.ts";
import { secretContent, whyNoContent } from "./project-secrets.ts";
import { convertVolumes } from "./volumes.ts";

/** A service of a Compose file, and what is known of it. */
export interface Unit extends ConvertOptions {
  name: string;
  /** Its name in the stack file. */
  newName: string;
  compose: ComposeService;
  project: ComposeProject;
  isJob: boolean;
  /** Names in the stack file, by names in the Compose file. */
  names: Record<string, string>;
  /** Services by the names that resolve to them in Compose, and not here. */
  hosts: [host: string, service: string][];
  /** Whether another service is a job. */
  isTask: (name: string) => boolean;
  calls: Call[];
  /** Ports at which others call it. */
  calledAt: number[];
  /** Whether a link or a host name in the settings of another service shows that it is called. */
  isCalled: boolean;
  files: CopiedFiles;
  credentials: Credentials;
  /** Published ports that are in use, such as `53/udp`, by the stack or by services that are converted already. */
  taken: Set<string>;
  note: (key: string, message: string) => void;
  assume: (path: string[], text: string) => void;
}

/** The settings of a service or job. */
export function convertUnit(unit: Unit): Settings {
  const { compose, isJob } = unit;
  const image = convertImage(unit);
  const ports: Ports = isJob ? { settings: {}, named: {} } : convertPorts(unit, image);
  const volumes = convertVolumes(unit, image.known);
  // May declare a further port.
  const health = isJob ? {} : convertHealth(unit, ports);
  const { entrypoint, command, working_dir: workingDir } = compose;
  const replicas = isJob ? {} : { replicas: compose.deploy?.replicas ?? Number(compose.scale ?? 1) };
  const isStateful = image.known?.stateful || (volumes.hasData && Number(replicas.replicas) > 1);
  return {
    ...image.settings,
    ...(entrypoint?.length && { command: unit.credentials.markArguments(entrypoint.map((text) => renamed(text, unit))) }),
    ...(command?.length && { args: unit.credentials.markArguments(command.map((text) => renamed(text, unit))) }),
    ...(workingDir && isAbsolute(workingDir) && { workingDir }),
    ...(!isJob && isStateful && { kind: "stateful" }),
    ...convertAccess(unit, image),
    ...ports.settings,
    ...replicas,
    ...convertResources(unit, image),
    ...convertOrder(unit),
    ...convertEgress(unit, image),
    ...convertEnvironment(unit, image.known, volumes.dataPaths),
    ...convertFiles(unit),
    ...(Object.keys(volumes.volumes).length > 0 && { volumes: volumes.volumes }),
    ...health,
    ...(isJob ? {} : convertShutdown(compose)),
  };
}

/** Memory of a program that is neither Go nor known, if the file has no limit. */
const assumedMemory = "256Mi";

function convertResources({ compose, assume }: Unit, { known, isGo }: Image): Settings {
  const { deploy = {}, mem_limit: memLimit, mem_reservation: memReservation, cpus } = compose;
  const { limits = {}, reservations = {} } = deploy.resources ?? {};
  const cpu = (count?: number) => (count === undefined ? undefined : `${Math.max(1, Math.round(Number(count) * 1000))}m`);
  const memory = (bytes?: string) =>
    bytes === undefined || Number(bytes) <= 0 ? undefined : `${Math.max(4, Math.ceil(Number(bytes) / 2 ** 20))}Mi`;
  const limit = memory(limits.memory ?? memLimit);
  const request = memory(reservations.memory ?? memReservation) ?? limit;
  const [requestCpu, limitCpu] = [cpu(reservations.cpus), cpu(limits.cpus ?? cpus)];
  const isLow = limitCpu !== undefined && requestCpu === undefined && parseInt(limitCpu) < parseInt(serviceDefaults.resources.cpu);
  const resources: Settings = defined({
    cpu: isLow ? limitCpu : requestCpu,
    cpuLimit: limitCpu,
    // A memory limit needs a memory request.
    memory: request,
    memoryLimit: limit,
  });
  if (request === undefined && !isGo) {
    resources["memory"] = known?.memory ?? assumedMemory;
    assume(["resources", "memory"], known ? "What the image needs." : "Compose has no limit. Set what the program needs.");
  }
  return Object.keys(resources).length > 0 ? { resources } : {};
}

/** Whom it calls, and what must be ready before. */
function convertOrder({ name, compose, calls, names, isTask }: Unit): Settings {
  const called = [...new Set(calls.map(({ service }) => service))].filter((other) => other !== name && !isTask(other));
  // Compose only starts them first. Here they are ready too, so that a program may expect them at its start.
  const waits = Object.keys(compose.depends_on ?? {}).filter((other) => names[other] !== undefined);
  return {
    ...(called.length > 0 && { calls: called.map((other) => names[other]!) }),
    ...(waits.length > 0 && { after: waits.map((other) => names[other]!) }),
  };
}

/** Compose lets services call any address outside, unless all their networks are internal. */
function convertEgress({ compose, project, assume }: Unit, { known, isGo, dockerfile }: Image): Settings {
  const networks = Object.keys(compose.networks ?? { default: null });
  const isInternal = networks.length > 0 && networks.every((network) => project.networks?.[network]?.internal === true);
  if (known || isInternal || isGo || dockerfile?.isMinimal) return {};
  assume(["network"], "Compose lets it call any address. Remove this if it calls none outside the stack.");
  return { network: { destinations: [{ cidr: "0.0.0.0/0" }] } };
}

function convertEnvironment(unit: Unit, known: KnownImage | undefined, dataPaths: string[]): Settings {
  const { compose, credentials, note } = unit;
  const env: Record<string, string> = {};
  const secretEnv: Record<string, Secret> = {};
  const valueOf = (key: string, value: string) => (mayNameHost(key, value) ? renamed(value, unit) : value);
  for (const [key, value] of Object.entries(compose.environment ?? {})) {
    if (value === null)
      note(`environment.${key}`, "has no value here, so it is left out; set env in the stack file, or the variable before an import");
    else if (!/^[A-Za-z_][\w.-]*$/.test(key)) note(`environment.${key}`, "is left out, because its name is no variable; correct it");
    else if (key === "PORT") {
      if (!unit.isJob) note("environment.PORT", "is left out, because Slipway sets it to the value of port");
    } else if (isSecretVariable(key, value) || credentials.isIn(value)) secretEnv[key] = new Secret(valueOf(key, value));
    else env[key] = valueOf(key, value);
  }
  for (const path of dataPaths)
    for (const [key, value] of Object.entries(known?.env?.(path) ?? {}))
      if (!(key in env)) {
        env[key] = value;
        unit.assume(["env", key], "On Kubernetes the folder of a volume belongs to root, so the data has a folder in it.");
      }
  return { ...(Object.keys(env).length > 0 && { env }), ...(Object.keys(secretEnv).length > 0 && { secretEnv }) };
}

function convertFiles(unit: Unit): Settings {
  const { compose, project, folder, note } = unit;
  const files: Record<string, string> = {};
  const secretFiles: Record<string, Secret> = {};
  for (const [target, content] of unit.files.texts)
    if (unit.credentials.isIn(content)) secretFiles[target] = new Secret(renamed(content, unit));
    else files[target] = renamed(content, unit);
  const callee = unit.calls.find(({ from }) => from in files && /\.conf$/.test(from));
  if (callee && knownImage(compose.image)?.known.http && (unit.platform === "docker" || unit.platform === "swarm"))
    note(
      "volumes",
      `has a configuration of nginx that names ${callee.service}: nginx looks it up only when it starts, so deploy ${unit.newName} again after an update of ${callee.service}, or use a variable and resolver 127.0.0.11 there`,
    );
  for (const [key, problem] of Object.entries(unit.files.problems))
    note(
      key,
      `is left out, because ${problem}; ${/sockets/.test(problem) ? "check that the service works without it" : "add its content to the image, to files or to a volume"}`,
    );
  for (const [i, { type, target, read_only: readOnly }] of (compose.volumes ?? []).entries())
    if (type === "bind" && !readOnly && unit.files.texts.some(([path]) => path === target || path.startsWith(`${target}/`)))
      note(`volumes[${i}]`, `is a read-only copy at ${target}; use a volume if the service writes to it`);
  for (const [i, { source, target }] of (compose.secrets ?? []).entries()) {
    const path = target === undefined ? `/run/secrets/${source}` : isAbsolute(target) ? target : `/run/secrets/${target}`;
    const content = secretContent(source, project);
    if (content !== undefined) secretFiles[path] = new Secret(content);
    else {
      const what = whyNoContent(source, project, folder);
      note(
        `secrets[${i}]`,
        `is left out, because ${what}; set it with pulumi config set --stack ${unit.stack} --secret --path 'services.${unit.newName}.secretFiles["${path}"]'`,
      );
    }
  }
  for (const [list, entries] of Object.entries({ secrets: compose.secrets ?? [], configs: compose.configs ?? [] }))
    for (const [i, entry] of entries.entries())
      for (const key of ["mode", "uid", "gid"] as const)
        if (entry[key] !== undefined)
          note(`${list}[${i}].${key}`, "is left out, because the program can read its files, and nobody can write to them");
  return { ...(Object.keys(files).length > 0 && { files }), ...(Object.keys(secretFiles).length > 0 && { secretFiles }) };
}

function convertShutdown({ stop_grace_period: grace }: ComposeService): Settings {
  const drainSeconds = seconds(grace);
  return drainSeconds === undefined ? {} : { shutdown: { drainSeconds } };
}

/** A text in which services are called by their names in the stack file. */
function renamed(text: string, { hosts, names }: Unit): string {
  return hosts.reduce(
    (result, [host, service]) => (names[service] === undefined ? result : renameHost(result, host, names[service])),
    text,
  );
}

export function seconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : Math.max(1, Math.round(parseDuration(duration, "s") ?? 1));
}

export function defined(fields: Settings): Settings {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
