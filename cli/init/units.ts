import { existsSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { problemWithName } from "../../lib/kubernetes-names.ts";
import { serviceDefaults } from "../../components/web-service-defaults.ts";
import { isSecretVariable } from "../compose/credentials.ts";
import { listenersOf, portSettings, type Listener } from "./addresses.ts";
import { dockerfileOf, dockerfilePath, type DockerfileOf } from "./dockerfiles.ts";
import { healthOf } from "./health.ts";
import type { Program } from "./modules.ts";

/** A service or job that was found. */
export interface Unit {
  name: string;
  kind: "service" | "job";
  /** As in the stack file, with `source` relative to the repository. */
  settings: Record<string, unknown>;
  /** What was chosen, and why. */
  reasons: Reason[];
  /** Variables that the program reads and that have no default. */
  unset: { name: string; at: string; isSecret: boolean }[];
  /** What the user should know. Sentences. */
  warnings: string[];
  /** Folder of the program, relative to the repository. */
  folder: string;
  /** Path of its module. */
  module: string;
  /** Whether its port is a guess. */
  isPortUnknown: boolean;
}

export interface Reason {
  setting: string;
  value: string;
  /** Where it was found: `main.go:12`, or why it was chosen. */
  from: string;
}

/** A program that is not deployed. */
export interface Skipped {
  folder: string;
  reason: string;
  /** Whether it may be a service or a job nevertheless. @default false */
  isUnclear?: boolean;
}

export interface Found {
  units: Unit[];
  skipped: Skipped[];
}

const jobName = /^(db-?)?(migrat(e|or|ion|ions)|seed(er|s)?|init-?db|bootstrap-?db)(-?db)?$/i;
const workerName = /worker|consumer|scheduler|cron|daemon|agent|processor|subscriber|relay|queue|bot$/i;
const toolFolder = /(^|\/)(tools?|scripts?|hack|examples?|_examples|tests?|e2e|benchmarks?|bench|mocks?|gen|generate|docs)(\/|$)/;
const genericName = /^(cmd|main|server|app|src|service|bin)$/;

/** Decides which programs are services or jobs, and their settings. `choices` has the user's choices for unclear ones, by their folder. */
export function unitsOf(programs: Program[], root: string, choices: Record<string, "service" | "job"> = {}): Found {
  const skipped: Skipped[] = [];
  const chosen: { program: Program; kind: Kind }[] = [];
  for (const program of programs) {
    const choice = choices[folderOf(program, root)];
    const kind = choice === undefined ? kindOf(program, root, programs.length === 1) : choice === "job" ? "job" : "worker";
    if (typeof kind === "string") chosen.push({ program, kind });
    else skipped.push({ folder: folderOf(program, root), ...kind });
  }
  const names = namesOf(
    chosen.map(({ program }) => program),
    chosen.filter(({ kind }) => kind !== "job").map(({ program }) => program),
  );
  const units = chosen.map(({ program, kind }) => unitOf(program, names.get(program)!, kind, root, programs));
  // Migrations run before the services that need them.
  const migrations = units.filter(({ kind, name }) => kind === "job" && /migrat|db$/.test(name)).map(({ name }) => name);
  for (const unit of units)
    if (migrations.length > 0 && !migrations.includes(unit.name)) {
      unit.settings["after"] = migrations;
      unit.reasons.push({ setting: "after", value: migrations.join(", "), from: "migrations run first" });
    }
  return { units, skipped };
}

type Kind = "http" | "tcp" | "worker" | "job";

function folderOf({ folder }: Pick<Program, "folder">, root: string): string {
  return relative(root, folder) || ".";
}

function kindOf(program: Program, root: string, isOnly: boolean): Kind | Omit<Skipped, "folder"> {
  const folder = folderOf(program, root);
  const name = folder.split("/").at(-1)!;
  const [main] = listenersOf(program);
  if (!isOnly && toolFolder.test(relative(root, program.folder))) return { reason: "it is in a folder for tools or examples" };
  if (program.imports.includes("github.com/aws/aws-lambda-go/lambda") && !main) return { reason: "it is a function of AWS Lambda" };
  if (jobName.test(name) && !main) return "job";
  if (main) return main.isHttp ? "http" : "tcp";
  if (program.env.some(({ name }) => name === "PORT") && program.routes.length > 0) return "http";
  if (workerName.test(name) || program.handlesSignals || isOnly) return "worker";
  return { reason: "it does not listen, and nothing says that it keeps running", isUnclear: true };
}

/** Names of services: the folder of the program; for generic ones such as cmd/server, and in the root, the module. */
function namesOf(programs: Program[], services: Program[]): Map<Program, string> {
  const names = new Map<Program, string>();
  for (const program of programs) {
    const own = program.folder.split("/").at(-1)!;
    const isOnly = services.filter(({ module }) => module.folder === program.module.folder).length === 1;
    const name =
      program.folder === program.module.folder || (isOnly && genericName.test(own))
        ? moduleName(program.module.path, program.module.folder)
        : validName(own);
    const taken = [...names.values()];
    let unique = taken.includes(name) ? validName(`${moduleName(program.module.path, program.module.folder)}-${name}`) : name;
    for (let i = 2; taken.includes(unique); i++) unique = `${name}-${i}`;
    names.set(program, unique);
  }
  return names;
}

/** The last element of a module's path, without its version: example.org/shop/v2 → shop. For a generic one, the name of its folder. */
export function moduleName(path: string, folder: string): string {
  const parts = path.split("/").filter((part) => !/^v\d+$/.test(part));
  const name = validName((parts.at(-1) ?? "").replace(/\.v\d+$/, "").replace(/\.git$/, ""));
  return parts.length === 1 && genericName.test(name) ? validName(basename(folder)) : name;
}

/** A name that Kubernetes accepts. */
export function validName(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return problemWithName(name) === undefined ? name : "web";
}

/** Modules that need a C compiler. */
const cgoModules = [
  "C",
  "github.com/mattn/go-sqlite3",
  "github.com/confluentinc/confluent-kafka-go/kafka",
  "github.com/confluentinc/confluent-kafka-go/v2/kafka",
];

function unitOf(program: Program, name: string, kind: Kind, root: string, programs: Program[]): Unit {
  const isOnly = programs.filter(({ module }) => module.folder === program.module.folder).length === 1;
  const dockerfile = dockerfileOf(program.folder, program.module.folder, isOnly);
  const unit: Unit = {
    name,
    kind: kind === "job" ? "job" : "service",
    settings: {},
    reasons: [],
    unset: [],
    warnings: [],
    folder: folderOf(program, root),
    module: program.module.path,
    isPortUnknown: false,
  };
  setSource(unit, program, dockerfile, root);
  if (kind === "http" || kind === "tcp") setAddress(unit, program, dockerfile, kind, root);
  if (kind === "worker") {
    unit.settings["probes"] = { kind: "none" };
    unit.reasons.push({ setting: "probes", value: "none", from: "it does not listen" });
  }
  setEnvironment(unit, program);
  return unit;
}

/** How its image is built. */
function setSource(unit: Unit, program: Program, dockerfile: DockerfileOf | undefined, root: string): void {
  const { settings, reasons } = unit;
  const cgo = program.imports.find((path) => cgoModules.includes(path));
  const reason = dockerfile?.reason ?? (cgo && dockerfile && `the program needs cgo (it imports ${cgo})`);
  if (dockerfile && reason !== undefined) {
    settings["source"] = relative(root, dockerfile.context) || ".";
    settings["builder"] = "dockerfile";
    if (dockerfile.user !== undefined && dockerfile.user !== 0) settings["user"] = dockerfile.user;
    reasons.push({ setting: "builder", value: "dockerfile", from: `${dockerfilePath(dockerfile, root)}: ${reason}` });
    return;
  }
  if (cgo)
    unit.warnings.push(
      `${unit.name}: imports ${cgo}, which needs cgo, and images of the Go toolchain have no C library. Use a module without cgo, or add a Dockerfile and set builder: dockerfile.`,
    );
  const assets = assetsOf(program, dockerfile);
  settings["source"] = relative(root, assets.from) || ".";
  const below = relative(assets.from, program.folder);
  if (below !== "") settings["package"] = `./${below}`;
  reasons.push({
    setting: "source",
    value: [settings["source"], settings["package"]].filter(Boolean).join(", package "),
    from: `package main in ${unit.folder}`,
  });
  if (assets.paths.length > 0) {
    settings["build"] = { assets: assets.paths };
    reasons.push({
      setting: "build.assets",
      value: assets.paths.join(", "),
      from: assets.at || (dockerfile ? `${dockerfilePath(dockerfile, root)} copies it` : ""),
    });
  }
  if (dockerfile && dockerfile.args.length > 0) {
    settings["args"] = dockerfile.args;
    reasons.push({ setting: "args", value: dockerfile.args.join(" "), from: dockerfilePath(dockerfile, root) });
  }
}

/** Files that the program reads from its working directory: the module's folder, or its own if they are only there. */
function assetsOf(program: Program, dockerfile: DockerfileOf | undefined): { from: string; paths: string[]; at: string } {
  const read = program.assets.map(({ path, at }) => ({ path: plainPath(path), at }));
  const copied = (dockerfile?.copied ?? []).map((path) => ({ path: plainPath(path), at: "" }));
  const inFolder = (folder: string, paths: { path: string; at: string }[]) => paths.filter(({ path }) => isAsset(folder, path));
  const ofModule = inFolder(program.module.folder, read);
  const ofProgram = inFolder(program.folder, read);
  const from = ofModule.length === 0 && ofProgram.length > 0 ? program.folder : program.module.folder;
  const all = [...(from === program.folder ? ofProgram : ofModule), ...(dockerfile?.context === from ? inFolder(from, copied) : [])];
  const paths = [...new Set(all.map(({ path }) => path))].sort();
  return {
    from,
    // A folder has everything below it.
    paths: paths.filter((path) => !paths.some((other) => path !== other && path.startsWith(`${other}/`))),
    at: [...new Set(all.map(({ at }) => at).filter(Boolean))].slice(0, 2).join(", "),
  };
}

/** A path without a pattern: `./templates/*.html` → templates. */
function plainPath(path: string): string {
  const parts = path.split("/");
  const pattern = parts.findIndex((part) => /[*?[{%]/.test(part));
  const plain = (pattern < 0 ? parts : parts.slice(0, pattern)).join("/");
  return relative(".", plain);
}

/** What is in every Go repository, and is not read at run time. */
const sourceFile = /(^|\/)(go\.(mod|sum|work)|vendor|node_modules|\.git|\.env[^/]*|[^/]*\.go)$/;

function isAsset(folder: string, path: string): boolean {
  if (path === "" || path.startsWith("..") || /^(app|etc|tmp)(\/|$)/.test(path) || sourceFile.test(path)) return false;
  const full = join(folder, path);
  // A folder with Go code alone is copied to be compiled.
  return existsSync(full) && !(statSync(full).isDirectory() && /^(cmd|internal|pkg|src)$/.test(path));
}

/** Where it listens, and how it is probed. */
function setAddress(unit: Unit, program: Program, dockerfile: DockerfileOf | undefined, kind: Kind, root: string): void {
  const { settings, reasons, warnings } = unit;
  const [main = fallbackListener(program), ...others] = listenersOf(program);
  const exposed = dockerfile?.exposed[0];
  const isUnknown = main.port === undefined && main.env === undefined;
  const readsPort = program.env.find(({ name }) => name === "PORT");
  if (isUnknown && readsPort) reasons.push({ setting: "port", value: "PORT", from: readsPort.at });
  else if (isUnknown && exposed !== undefined && dockerfile) {
    if (exposed !== serviceDefaults.port) settings["port"] = exposed;
    reasons.push({ setting: "port", value: String(exposed), from: `${dockerfilePath(dockerfile, root)}: EXPOSE` });
  } else if (isUnknown) {
    unit.isPortUnknown = true;
    reasons.push({ setting: "port", value: String(serviceDefaults.port), from: `the default, because ${main.at} does not say it` });
  } else {
    const { port, env, args } = portSettings(main);
    if (port !== undefined) settings["port"] = port;
    if (env) settings["env"] = env;
    if (args) settings["args"] = [...((settings["args"] as string[] | undefined) ?? []), ...args];
    const value = main.env?.name === "PORT" ? "PORT" : String(port ?? serviceDefaults.port);
    const how = env ? `, set with ${Object.keys(env)[0]}` : args ? `, set with ${args.join(" ")}` : "";
    reasons.push({ setting: "port", value, from: `${main.at}${how}` });
    if (main.isLoopback && !env && !args)
      warnings.push(
        `${unit.name}: listens on the loopback address (${main.at}), where nothing outside its container reaches it. Listen on all addresses, such as ":${main.port ?? serviceDefaults.port}".`,
      );
  }
  if (program.servers.includes("tls") && !program.servers.includes("plain"))
    warnings.push(
      `${unit.name}: serves TLS itself, and requests reach it as plain HTTP. Serve HTTP in the container, and set tls for the certificate.`,
    );
  setFurtherPorts(unit, others);
  if (kind === "http") {
    settings["host"] = `${unit.name}.localhost`;
    const { probes, found, at } = healthOf(program.routes);
    if (probes) settings["probes"] = probes;
    reasons.push({ setting: "probes", value: found === "none" ? "tcp" : found, from: at ?? "no route for health, and none for /" });
  } else {
    settings["probes"] = { kind: "tcp" };
    reasons.push({
      setting: "probes",
      value: "tcp",
      from: program.servers.includes("grpc") ? "it serves gRPC" : `${main.at} without HTTP`,
    });
  }
}

/** A program with routes that reads PORT listens, even if the source does not say where. */
function fallbackListener({ env }: Program): Listener {
  const { at = "" } = env.find(({ name }) => name === "PORT") ?? {};
  return { isHttp: true, isLoopback: false, env: { name: "PORT", isAddress: false }, at };
}

function setFurtherPorts(unit: Unit, listeners: Listener[]): void {
  const main = (unit.settings["port"] as number | undefined) ?? serviceDefaults.port;
  const ports: Record<string, number> = {};
  for (const { port, isLoopback, isHttp, env, at } of listeners) {
    if (port === undefined || isLoopback || port === main || Object.values(ports).includes(port)) continue;
    const word = /metric|prom/i.test(env?.name ?? "") || port === 9090 || port === 2112 ? "metrics" : isHttp ? "http" : "tcp";
    const name = word === "metrics" && !("metrics" in ports) ? word : `${word}-${port}`;
    ports[name] = port;
    unit.reasons.push({ setting: `ports.${name}`, value: String(port), from: at });
  }
  if (Object.keys(ports).length > 0) unit.settings["ports"] = ports;
}

const order = [
  "source",
  "builder",
  "package",
  "build",
  "user",
  "args",
  "port",
  "ports",
  "host",
  "probes",
  "env",
  "secretEnv",
  "calls",
  "after",
];

/** The settings of a unit in the order that readers expect. */
export function ordered(settings: Record<string, unknown>): Record<string, unknown> {
  const rank = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  return Object.fromEntries(Object.entries(settings).sort(([a], [b]) => rank(a) - rank(b)));
}

/** Variables that are no settings of the program, or that the platform sets. */
const platformVariable =
  /^(PORT|HOME|PATH|USER|PWD|HOSTNAME|TMPDIR|TERM|NO_COLOR|GO[A-Z]+|XDG_.*|KUBERNETES_.*|AWS_(REGION|ROLE_ARN|WEB_IDENTITY_TOKEN_FILE))$/;

function setEnvironment(unit: Unit, program: Program): void {
  const env = (unit.settings["env"] ?? {}) as Record<string, string>;
  const seen = new Map<string, { at: string; isOptional: boolean }>();
  for (const { name, at, isOptional, default: fallback } of program.env) {
    const before = seen.get(name);
    const optional = isOptional || (fallback !== undefined && fallback !== "");
    seen.set(name, { at: before?.at ?? at, isOptional: optional || (before?.isOptional ?? false) });
  }
  for (const [name, { at, isOptional }] of seen)
    if (!isOptional && !platformVariable.test(name) && !(name in env)) unit.unset.push({ name, at, isSecret: isSecretName(name) });
}

/** Whether a variable is likely to have a secret: by its name, or because URLs of databases have passwords. */
export function isSecretName(name: string): boolean {
  return (
    isSecretVariable(name, "some value") ||
    /(DATABASE|DB|POSTGRES|PG|MYSQL|MONGO(DB)?|REDIS|AMQP|RABBITMQ|SENTRY)_?(URL|URI|DSN|CONN(ECTION)?(_STRING)?)$/.test(name)
  );
}
