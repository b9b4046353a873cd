import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { serviceDefaults } from "../../components/web-service-defaults.ts";
import type { Platform } from "../../config/schema/setting.ts";
import { convertCompose, type Assumption, type Note, type Settings } from "../compose/convert.ts";
import { readCompose } from "../compose/project.ts";
import { ordered, type Unit } from "./units.ts";

const names = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/** The Compose file of a repository, relative to it. */
export function composeFileIn(root: string): string | undefined {
  return names.find((name) => existsSync(join(root, name)));
}

/** Settings of the Go programs and of the other services of a Compose file. Values that must be encrypted are of the class Secret. */
export interface Joined {
  /** The programs, with the names of the Compose file. */
  units: Unit[];
  services: Record<string, Settings>;
  jobs: Record<string, Settings>;
  notes: Note[];
  assumptions: Assumption[];
  /** What has to be changed by hand before a service can be built. */
  problems: string[];
  /** Names of the services and jobs that are not programs of the repository. */
  others: string[];
}

/** What a program takes from the Compose file: what its source does not say. */
const fromCompose = ["env", "secretEnv", "files", "secretFiles", "volumes", "calls", "after", "network"];

/** Adds the services of a Compose file to the programs. A program that it builds gets its variables and calls, and its name. */
export async function joinCompose(file: string, found: Unit[], folder: string, root: string, platform: Platform): Promise<Joined> {
  const converted = convertCompose(await readCompose(file, []), { folder, stack: "local", platform });
  const units = found.map((unit) => ({ ...unit, settings: { ...unit.settings } }));
  const matched = new Map<string, Unit>();
  const all = Object.entries({ ...converted.services, ...converted.jobs });
  // Names first: what is left in a context is then more often one program.
  for (const byName of [true, false])
    for (const [name, settings] of all) {
      const unit = matched.has(name) ? undefined : unitOf(name, settings, units, [...matched.values()], { folder, root, byName });
      if (unit) matched.set(name, unit);
    }
  const renamed = new Map([...matched].map(([name, unit]) => [unit.name, name]));
  for (const unit of units)
    if (!renamed.has(unit.name) && all.some(([name]) => name === unit.name)) renamed.set(unit.name, `${unit.name}-app`);
  for (const unit of units) rename(unit, renamed);
  for (const [name, unit] of matched) {
    const given = (converted.services[name] ?? converted.jobs[name])!;
    const isJob = unit.kind === "job";
    for (const key of fromCompose) {
      const own = unit.settings[key];
      const other = withoutProgram(key, given[key], unit);
      if (other === undefined) continue;
      if (Array.isArray(own) && Array.isArray(other)) unit.settings[key] = [...new Set([...(own as unknown[]), ...(other as unknown[])])];
      else unit.settings[key] = typeof own === "object" ? { ...(other as object), ...own } : other;
    }
    // A program that reads PORT listens where its callers expect it.
    const readsPort = unit.reasons.some(({ setting, value }) => setting === "port" && value === "PORT");
    if (!isJob && readsPort && given["port"] !== undefined && given["port"] !== serviceDefaults.port) unit.settings["port"] = given["port"];
    unit.reasons.push({ setting: "env, calls, after", value: "as in the Compose file", from: relative(root, file) });
  }
  for (const job of units.filter((unit) => unit.kind === "job" && ![...matched.values()].includes(unit))) shareWith(job, matched);
  const own = new Set(units.map(({ name }) => name));
  if (matched.size === 0) callAll(units, Object.keys(converted.services), relative(root, file));
  const others = (all: Record<string, Settings>) => Object.entries(all).filter(([name]) => !own.has(name));
  const ofKind = (kind: Unit["kind"]) =>
    units.filter((unit) => unit.kind === kind).map(({ name, settings }): [string, Settings] => [name, ordered(settings)]);
  const services = Object.fromEntries([...ofKind("service"), ...others(converted.services)]);
  const jobs = Object.fromEntries([...ofKind("job"), ...others(converted.jobs)]);
  const notes = converted.notes.filter(({ path }) => !isReplaced(path, matched));
  const isToDo = ({ path, message }: Note) => /\.build(\.|$)/.test(path) && /^(has no|is a repository|must be) /.test(message);
  return {
    units,
    problems: notes.filter(isToDo).map(({ path, message }) => `${path}: ${message}.`),
    services,
    jobs,
    others: [...others(converted.services), ...others(converted.jobs)].map(([name]) => name),
    // What the Dockerfile and the ports of a program say is replaced by what its source says.
    notes,
    assumptions: converted.assumptions.filter(({ path: [kind, name = "", key = ""] }) =>
      own.has(name) ? fromCompose.includes(key) && key in ((kind === "jobs" ? jobs : services)[name] ?? {}) : true,
    ),
  };
}

/** A migration that the Compose file does not have needs the database of the service of its module. */
function shareWith(job: Unit, matched: Map<string, Unit>): void {
  const service = [...matched.values()].find(({ module, kind }) => module === job.module && kind === "service");
  if (!service) return;
  for (const key of ["env", "secretEnv", "calls", "after", "network"]) {
    const value = service.settings[key];
    if (value === undefined) continue;
    const others = Array.isArray(value) ? (value as string[]).filter((other) => other !== job.name) : { ...(value as object) };
    if (Object.keys(others).length > 0) job.settings[key] = others;
  }
  job.reasons.push({ setting: "env, calls, after", value: `those of ${service.name}`, from: "the same module" });
}

/** A Compose file without the programs has what they need: they may call all of it, and start after it. */
function callAll(units: Unit[], services: string[], file: string): void {
  if (services.length === 0) return;
  for (const { settings, reasons } of units) {
    settings["calls"] = services;
    settings["after"] = [...services, ...((settings["after"] ?? []) as string[])];
    reasons.push({ setting: "calls, after", value: services.join(", "), from: `${file} has them for the programs` });
  }
}

/** The program that a service of the Compose file builds: the one with its name, or the only one in its context. */
function unitOf(
  name: string,
  { source }: Settings,
  units: Unit[],
  taken: Unit[],
  { folder, root, byName }: { folder: string; root: string; byName: boolean },
): Unit | undefined {
  if (typeof source !== "string") return undefined;
  const context = resolve(folder, source);
  const below = units.filter((unit) => !taken.includes(unit) && !relative(context, join(root, unit.folder)).startsWith(".."));
  if (byName) return below.find((unit) => unit.name === name || unit.folder.split("/").at(-1) === name);
  const services = below.filter(({ kind }) => kind === "service");
  return services.length === 1 ? services[0] : undefined;
}

function rename(unit: Unit, names: Map<string, string>): void {
  const { settings } = unit;
  const name = names.get(unit.name) ?? unit.name;
  if (settings["host"] === `${unit.name}.localhost`) settings["host"] = `${name}.localhost`;
  if (Array.isArray(settings["after"])) settings["after"] = (settings["after"] as string[]).map((other) => names.get(other) ?? other);
  unit.name = name;
}

/** A setting without what the Go builder's image has no use for: the source, and what is at /app, which is the program there. */
function withoutProgram(key: string, value: unknown, { settings }: Unit): unknown {
  if (value === undefined || settings["builder"] === "dockerfile" || !/^(files|secretFiles|volumes)$/.test(key)) return value;
  const entries = Object.entries(value as Record<string, { mountPath?: string }>);
  if (key === "files" && entries.some(([path]) => /\.go$|\/go\.(mod|sum)$/.test(path))) return undefined;
  const kept = entries.filter(([path, one]) => !/^\/app(\/|$)/.test(key === "volumes" ? (one.mountPath ?? "") : path));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function isReplaced(path: string, matched: Map<string, Unit>): boolean {
  const [, name = "", key = ""] = /^services\.([^.]+)\.(\w+)/.exec(path) ?? [];
  return (
    matched.has(name) &&
    /^(build|image|ports|expose|healthcheck|command|entrypoint|environment|develop|container_name|tty|stdin_open|working_dir|volumes)$/.test(
      key,
    )
  );
}
