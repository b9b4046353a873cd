import { Credentials, isSecretVariable } from "./credentials.ts";
import { callsOf, type Call } from "./calls.ts";
import { hostsOf } from "./hosts.ts";
import { checkKeys, checkTopLevel } from "./keys.ts";
import { convertUnit, type Unit } from "./unit.ts";
import type { ComposeFile, ComposeProject, ComposeService } from "./project.ts";
import { copiedFiles } from "./files.ts";
import type { Platform } from "../../config/schema/setting.ts";
import { defaultPorts } from "../../components/ports.ts";
import { problemWithName } from "../../lib/kubernetes-names.ts";

/** A service or job in a stack file; see config/schema. Values that must be encrypted are of the class Secret. */
export type Settings = Record<string, unknown>;

/** A key of the Compose file that is missing or different in the stack file. */
export interface Note {
  /** Path of the key in the Compose file. */
  path: string;
  /** What happened to the key, and what to do. Without a full stop at its end. */
  message: string;
}

/** What was assumed about a setting, because the Compose file does not say it: a comment in the stack file. */
export interface Assumption {
  /** Path below `slipway:services` or `slipway:jobs`, with the root as its first part. */
  path: string[];
  /** A sentence. */
  text: string;
}

export interface Converted {
  services: Record<string, Settings>;
  jobs: Record<string, Settings>;
  notes: Note[];
  assumptions: Assumption[];
}

export interface ConvertOptions {
  /** Project folder: sources are relative to it. */
  folder: string;
  stack: string;
  platform: Platform;
}

/** Converts the services of a Compose file to services and jobs of a stack file. */
export function convertCompose(file: ComposeFile, options: ConvertOptions): Converted {
  const notes: Note[] = [];
  const assumptions: Assumption[] = [];
  const note = (path: string, message: string) => void notes.push({ path, message });
  const { project, disabled, noEnvFile, unset, named } = file;
  const all = Object.entries(project.services ?? {});
  for (const path of named) note(path, "is left out, because objects are named after the stack and the service");
  checkTopLevel(project, note);
  for (const [name, profiles] of Object.entries(disabled).sort())
    note(`services.${name}`, `is left out, because it has the profile ${profiles.join(" and ")}; import it with --profile ${profiles[0]}`);
  for (const name of unset) note(`\${${name}}`, "is not set, so it is empty; set it in .env next to the file, and import again");
  for (const [name, files] of Object.entries(noEnvFile).sort())
    for (const path of files)
      note(
        `services.${name}.env_file`,
        `${path.split("/").at(-1)} does not exist, so its variables are missing; create it, and import again`,
      );

  const credentials = new Credentials();
  for (const [, { environment = {} }] of all)
    for (const [key, value] of Object.entries(environment)) if (isSecretVariable(key, value)) credentials.learn(value!);
  const names = unitNames(
    all.map(([name]) => name),
    note,
  );
  const files = Object.fromEntries(all.map(([name, compose]) => [name, copiedFiles(compose, project, options.folder)]));
  const hosts = hostsOf(project);
  const calls = Object.fromEntries(
    all.map(([name, compose]) => [name, callsOf(name, compose, project, hosts, Object.fromEntries(files[name]!.texts))]),
  );
  const taken = new Set(Object.values(portsOfStack[options.platform]).map((port) => `${port}/tcp`));
  const converted: Converted = { services: {}, jobs: {}, notes, assumptions };
  for (const [name, compose] of all) {
    const isJob = isTask(name, compose, project);
    const root = isJob ? "jobs" : "services";
    const unit: Unit = {
      name,
      newName: names[name]!,
      compose,
      project,
      isJob,
      names,
      hosts: Object.entries({ ...hosts, ...linkAliases(compose) }).filter(([host, service]) => host !== names[service]),
      isTask: (other) => isTask(other, project.services![other]!, project),
      calls: calls[name]!,
      calledAt: portsInCalls(name, calls),
      isCalled: Object.values(calls)
        .flat()
        .some(({ service, from }) => service === name && from !== "depends_on"),
      files: files[name]!,
      credentials,
      taken,
      ...options,
      note: (key, message) => note(`services.${name}${key && `.${key}`}`, message),
      assume: (path, text) => void assumptions.push({ path: [root, names[name]!, ...path], text }),
    };
    checkKeys(compose, unit.note);
    converted[root][names[name]!] = convertUnit(unit);
  }
  return converted;
}

/** Ports of the machine that stacks use themselves by default. */
const portsOfStack: Record<Platform, Partial<typeof defaultPorts>> = {
  local: defaultPorts,
  docker: { ...defaultPorts, api: undefined },
  swarm: { ...defaultPorts, api: undefined },
  kubernetes: {},
  eks: {},
};

/** Names that Kubernetes accepts as well. */
function unitNames(given: string[], note: (path: string, message: string) => void): Record<string, string> {
  const names: Record<string, string> = {};
  for (const name of given) {
    const base = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^[^a-z]+|-+$/g, "")
      .slice(0, 50);
    const valid = problemWithName(name) === undefined ? name : base || "service";
    let unique = valid;
    for (let i = 2; Object.values(names).includes(unique); i++) unique = `${valid}-${i}`;
    names[name] = unique;
    if (unique !== name)
      note(
        `services.${name}`,
        `is called ${unique}, because names have only lower-case letters, digits and dashes; the hosts in its callers' settings are changed`,
      );
  }
  return names;
}

/** Whether a service is a task that ends: somebody waits for its end, or it must not restart and nobody can call it. */
function isTask(name: string, compose: ComposeService, project: ComposeProject): boolean {
  const waits = Object.values(project.services ?? {}).some(
    (other) => other.depends_on?.[name]?.condition === "service_completed_successfully",
  );
  const policy = compose.deploy?.restart_policy?.condition ?? compose.restart;
  const isCalled = (compose.ports ?? []).length + (compose.expose ?? []).length > 0 || (compose.healthcheck?.test ?? []).length > 0;
  return waits || ((policy === "no" || policy === "none") && !isCalled);
}

/** Names that only this service uses for others: `db:database`. */
function linkAliases({ links = [] }: ComposeService): Record<string, string> {
  const pairs = links.map((link) => link.split(":"));
  return Object.fromEntries(pairs.flatMap(([service, alias]) => (service && alias ? [[alias, service]] : [])));
}

/** Ports at which others call a service, most often named first. */
function portsInCalls(name: string, calls: Record<string, Call[]>): number[] {
  const counts = new Map<number, number>();
  for (const { service, port } of Object.values(calls).flat())
    if (service === name && port !== undefined) counts.set(port, (counts.get(port) ?? 0) + 1);
  return [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)!);
}
