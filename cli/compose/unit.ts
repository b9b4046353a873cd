import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import parseDuration from "parse-duration";
import { defaultDockerfile } from "../../components/image-builder.ts";
import { serviceDefaults } from "../../components/web-service-defaults.ts";
import { nonRootUid } from "../../lib/non-root.ts";
import { baselineCapabilities, rootCapabilities } from "../../lib/security-level.ts";
import type { Call } from "./calls.ts";
import type { ConvertOptions, Settings } from "./convert.ts";
import { isSecretVariable, Secret, type Credentials } from "./credentials.ts";
import { readDockerfile, type DockerfileFacts } from "./dockerfile.ts";
import type { CopiedFiles } from "./files.ts";
import { convertHealth } from "./health.ts";
import { knownImage, type KnownImage } from "./known-images.ts";
import { convertPorts, type Ports } from "./ports.ts";
import type { ComposeProject, ComposeService } from "./project.ts";
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
  /** Whether another service is a job. */
  isTask: (name: string) => boolean;
  calls: Call[];
  /** Ports at which others call it. */
  calledAt: number[];
  /** Whether a link or a host name in the settings of another service shows that it is called. */
  isCalled: boolean;
  files: CopiedFiles;
  credentials: Credentials;
  note: (key: string, message: string) => void;
  assume: (path: string[], text: string) => void;
}

/** What is built or pulled for a unit. */
interface Image {
  settings: Settings;
  known: KnownImage | undefined;
  tag: string;
  dockerfile: DockerfileFacts | undefined;
  /** Whether the Go toolchain builds it. */
  isGo: boolean;
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
    ...(entrypoint?.length && { command: unit.credentials.markArguments(renamedAll(entrypoint, unit)) }),
    ...(command?.length && { args: unit.credentials.markArguments(renamedAll(command, unit)) }),
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

function convertImage(unit: Unit): Image {
  const { compose, folder, note } = unit;
  const { image, build, platform } = compose;
  if (!build) {
    if (platform !== undefined) note("platform", `is left out, because the image determines it; use an image for ${platform}`);
    const { known, tag = "" } = knownImage(image) ?? {};
    return { settings: { image }, known, tag, dockerfile: undefined, isGo: false };
  }
  if (image !== undefined) note("image", "is left out, because the image is built, and named after the service");
  const { context, dockerfile: given, target, args = {}, ...others } = build;
  const source = relative(folder, context) || ".";
  if (/^(https?|git|ssh):|^git@/.test(context))
    note("build.context", `is not on this machine (${context}); clone it, and set source to its folder`);
  // compose-go leaves the path as it is written, relative to the context.
  const path = relative(context, resolve(context, given ?? defaultDockerfile));
  if (path.startsWith(".."))
    note("build.dockerfile", `must be below ${source} (got "${given}"); move the file there, or set source to a folder above`);
  for (const [key, value] of Object.entries(others))
    if (value !== null && !key.startsWith("x-"))
      note(`build.${key}`, "is left out, because there is no counterpart; check that the image builds without it");
  const hasDockerfile = existsSync(join(context, path));
  // compose-go fills in the usual name.
  const isGo = !hasDockerfile && path === defaultDockerfile && existsSync(join(context, "go.mod"));
  if (!hasDockerfile && !isGo) note("build", `has no ${join(source, path)}; create it, or set source to the folder with it`);
  const platforms = platform === undefined ? {} : { platforms: [platform] };
  const none = { known: undefined, tag: "" };
  if (isGo) {
    unit.assume(["source"], "There is no Dockerfile, so the Go toolchain builds the module's root. Set package for another program.");
    for (const [key, value] of Object.entries({ target, args }))
      if (value !== undefined && Object.keys(value).length > 0)
        note(`build.${key}`, "is left out, because there is no Dockerfile: the Go toolchain builds the module");
    return { settings: { source, ...platforms }, ...none, dockerfile: undefined, isGo: true };
  }
  const dockerfile = {
    ...(path !== defaultDockerfile && { file: path }),
    ...(target && { target }),
    ...convertBuildArgs(args, note),
  };
  return {
    settings: { source, builder: "dockerfile", ...(Object.keys(dockerfile).length > 0 && { dockerfile }), ...platforms },
    ...none,
    dockerfile: readDockerfile(join(context, path), target),
    isGo: false,
  };
}

/** compose-go leaves out arguments without a value. */
function convertBuildArgs(args: Record<string, string | null>, note: Unit["note"]): { args?: Record<string, string> } {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(args))
    if (isSecretVariable(name, value))
      note(`build.args.${name}`, "is left out, because it is secret, and whoever can pull the image can read it; pass it at run time");
    else kept[name] = String(value);
  return Object.keys(kept).length > 0 ? { args: kept } : {};
}

/** The user, and the security level: what Compose allows by default is the level baseline. */
function convertAccess(unit: Unit, { known, tag, dockerfile, isGo }: Image): Settings {
  const { compose, note, assume } = unit;
  const { user, cap_add: added = [] } = compose;
  const [id = "", group] = (user ?? "").split(":");
  const isNumber = /^\d+$/.test(id);
  const given =
    user === undefined
      ? {}
      : {
          user: isNumber ? Number(id) : id,
          ...(group !== undefined && /^\d+$/.test(group) && Number(group) !== Number(id) && { group: Number(group) }),
        };
  if (group !== undefined && !/^\d+$/.test(group)) note("user", `is imported without the group "${group}"; set group to its ID`);
  const isRoot = id === "root" || (isNumber && Number(id) === 0);
  const wanted = added.map((capability) => capability.replace(/^CAP_/, ""));
  const allowed = wanted.filter((capability) => baselineCapabilities.includes(capability));
  const denied = wanted.filter((capability) => !allowed.includes(capability));
  if (denied.length > 0)
    note(
      "cap_add",
      `is imported without ${denied.join(", ")}, because with it a program can take over its node; check that the service works without it`,
    );
  if (known && user === undefined && allowed.length === 0) {
    const own = known.user?.(tag) ?? {};
    if (Object.keys(own).length > 0) assume(["user"], "The image's own user: it needs no root.");
    return own;
  }
  // An image that is built has no passwd file yet.
  if (user !== undefined && !isNumber && !isRoot && compose.build) {
    note("user", `is left out, because a name is only looked up in an existing image (got "${user}"); set user to its ID`);
    delete (given as Settings)["user"];
  }
  const fromDockerfile = dockerfile?.user;
  const ownId = /^(\d+)(?::(\d+))?$/.exec(fromDockerfile ?? "");
  const nonRoot = fromDockerfile === "nonroot" || fromDockerfile === "nonroot:nonroot" ? String(nonRootUid) : ownId?.[1];
  const isStrict = (isGo || dockerfile?.isMinimal) && !isRoot && allowed.length === 0;
  if (isStrict) {
    const idOfImage =
      user === undefined && nonRoot !== undefined && nonRoot !== "0" && Number(nonRoot) !== nonRootUid ? { user: Number(nonRoot) } : {};
    return { ...given, ...idOfImage };
  }
  const settings: Settings = user !== undefined && !isRoot ? given : {};
  if (user === undefined && nonRoot !== undefined && nonRoot !== "0") settings["user"] = Number(nonRoot);
  const why =
    isRoot || allowed.length > 0
      ? "As in the Compose file"
      : compose.build
        ? "The image is built for Compose, which does not restrict it"
        : "The image is made for Compose, which does not restrict it";
  assume(["security"], "Compose restricts nothing. Remove this to try the stricter level: no root, and a read-only root file system.");
  return {
    ...settings,
    ...(isRoot && { user: 0 }),
    security: {
      level: "baseline",
      reason: why,
      ...(allowed.length > 0 && { capabilities: [...new Set([...rootCapabilities, ...allowed])].sort() }),
    },
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
  for (const [key, value] of Object.entries(compose.environment ?? {})) {
    if (value === null)
      note(`environment.${key}`, "has no value here, so it is left out; set env in the stack file, or the variable before an import");
    else if (!/^[A-Za-z_][\w.-]*$/.test(key)) note(`environment.${key}`, "is left out, because its name is no variable; correct it");
    else if (key === "PORT") {
      if (!unit.isJob) note("environment.PORT", "is left out, because Slipway sets it to the value of port");
    } else if (isSecretVariable(key, value) || credentials.isIn(value)) secretEnv[key] = new Secret(renamed(value, unit));
    else env[key] = renamed(value, unit);
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
    const { file, environment } = project.secrets?.[source] ?? {};
    const content = file !== undefined ? readSecret(file) : environment === undefined ? undefined : process.env[environment];
    if (content !== undefined) secretFiles[path] = new Secret(content);
    else {
      const what = file === undefined ? `"${source}" has no file here` : `${relative(folder, file)} does not exist`;
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

function readSecret(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function convertShutdown({ stop_grace_period: grace }: ComposeService): Settings {
  const drainSeconds = seconds(grace);
  return drainSeconds === undefined ? {} : { shutdown: { drainSeconds } };
}

/** A text in which services that have another name here are called by it. */
function renamed(text: string, { names }: Unit): string {
  let result = text;
  for (const [old, now] of Object.entries(names)) {
    if (old === now) continue;
    const escaped = old.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    result = result.replace(new RegExp(`(^|//|@|[\\s,;="'\\[(])${escaped}(?=$|[:/\\s,;"'\\]?)])`, "gm"), `$1${now}`);
  }
  return result;
}

function renamedAll(texts: string[], unit: Unit): string[] {
  return texts.map((text) => renamed(text, unit));
}

export function seconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : Math.max(1, Math.round(parseDuration(duration, "s") ?? 1));
}

export function defined(fields: Settings): Settings {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
