import { posix } from "node:path";
import { Document, isCollection, isMap, isScalar, parseDocument, YAMLMap, type Scalar } from "yaml";
import type { Platform } from "../../config/schema/setting.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Assumption, Settings } from "../compose/convert.ts";
import type { Change } from "./changes.ts";
import type { Unit } from "./units.ts";

/** What stack files say: services and jobs by name, with values ready to be written. */
export interface Contents {
  services: Record<string, Settings>;
  jobs: Record<string, Settings>;
  /** Comments above settings. */
  assumptions: Assumption[];
  /** Key of the encrypted values; undefined if there are none. */
  salt?: string;
}

/** The comment that gives editors the schema of the installed version, also after an upgrade. */
export function schemaComment(folder: string): string {
  return `# yaml-language-server: $schema=${posix.join(folder === "." ? "." : "..", "node_modules/slipway/stacks/schema.json")}\n`;
}

/** What a stack file has besides services and jobs. */
export interface StackSettings {
  stack: string;
  platform: Platform;
  /** Further settings, such as slipway:eks. */
  more?: Settings;
  /** Lines of the comment at its top. */
  head?: string[];
}

/**
 * Whether a stack file has services.
 *
 * @throws UserError if it is no YAML.
 */
export function hasServices({ path, before }: Pick<Change, "path" | "before">): boolean {
  if (before === undefined) return false;
  const document = parseDocument(before);
  if (document.errors.length > 0) throw new UserError(`${path}: ${document.errors[0]!.message}`);
  return document.hasIn(["config", "slipway:services"]);
}

/** The text of a stack file, or an existing one with the settings added. */
export function stackFileText(
  file: string,
  existing: string | undefined,
  { stack, platform, more, head = [] }: StackSettings,
  { services, jobs, assumptions, salt }: Contents,
  units: Unit[],
): string {
  const before = existing === undefined ? undefined : parseDocument(existing);
  if (before && salt !== undefined && (before.has("encryptionsalt") || before.has("secretsprovider")))
    throw new UserError(`${file}: has secrets of its own, and the Compose file has others. Import it into another stack: slipway import`);
  const config = {
    "slipway:platform": platform,
    ...more,
    "slipway:services": services,
    ...(Object.keys(jobs).length > 0 && { "slipway:jobs": jobs }),
  };
  const added = Object.fromEntries(Object.entries(config).filter(([key]) => !before?.hasIn(["config", key])));
  // YAML 1.1 quotes words such as `yes`, which its parsers read as true.
  const document = new Document({ config: added }, { version: "1.1", aliasDuplicateObjects: false });
  for (const { path, text } of assumptions) commentAbove(document, ["config", `slipway:${path[0]}`, ...path.slice(1)], text);
  for (const unit of units) addUnset(document, unit, stack);
  shorten(document);
  const body = document.toString({ lineWidth: 0, directives: false }).replaceAll(/\[ (.*) \]$/gm, "[$1]");
  const salted = salt === undefined ? "" : `encryptionsalt: ${salt}\n`;
  if (before === undefined) return `${head.map((line) => `# ${line}\n`).join("")}${salted}${body}`;
  return salted + withConfig(existing!, before, body);
}

/** A file with further lines at the end of its `config`. */
function withConfig(text: string, document: Document, body: string): string {
  const start = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  const config = document.get("config", true);
  if (!document.has("config")) return `${start}${body}`;
  if (!isMap(config) || config.items.length === 0 || config.flow) {
    // Without a block to add to, `config` is written again.
    const block = new YAMLMap();
    const added = parseDocument(body).get("config") as YAMLMap;
    block.items.push(...(isMap(config) ? config.items : []), ...added.items);
    document.set("config", block);
    return document.toString({ lineWidth: 0 });
  }
  const first = (config.items[0]!.key as Scalar).range![0];
  const indent = first - (text.lastIndexOf("\n", first - 1) + 1);
  const lines = body
    .split("\n")
    .slice(1)
    .map((line) => (line === "" ? line : " ".repeat(indent) + line.slice(2)));
  const end = config.range![1];
  const place = end <= start.length && start[end - 1] !== "\n" ? start.indexOf("\n", end) + 1 : end;
  return start.slice(0, place) + lines.join("\n") + start.slice(place);
}

/** Writes a comment above a key. */
function commentAbove(document: Document, path: string[], text: string): void {
  const parent = document.getIn(path.slice(0, -1), true);
  const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1)) : undefined;
  if (pair && isScalar(pair.key)) pair.key.commentBefore = [pair.key.commentBefore, ` ${text}`].filter(Boolean).join("\n");
}

/** Lists the variables that the program reads and that have no value, below its settings. */
function addUnset(document: Document, { name, kind, unset }: Unit, stack: string): void {
  const root = `slipway:${kind}s`;
  const node = document.getIn(["config", root, name], true);
  if (!isMap(node)) return;
  const known = ["env", "secretEnv"].flatMap((key) => {
    const map = node.get(key, true);
    return isMap(map) ? map.items.map((item) => String(isScalar(item.key) ? item.key.value : item.key)) : [];
  });
  const open = unset.filter((variable) => !known.includes(variable.name));
  if (open.length === 0) return;
  const plain = open.filter(({ isSecret }) => !isSecret);
  const secret = open.filter(({ isSecret }) => isSecret);
  const lines = [
    ...(plain.length > 0
      ? [
          `Variables that the program reads, without a default. Set those that it needs${node.has("env") ? " in env" : ""}:`,
          ...(node.has("env") ? [] : ["env:"]),
          ...plain.map(({ name, at }) => `  ${name}: # ${at}`),
        ]
      : []),
    ...(secret.length > 0
      ? [
          "Secret ones are encrypted in this file, for example with:",
          ...secret.map(
            (variable) =>
              `  pulumi config set --stack ${stack} --secret --path 'slipway:${kind}s.${name}.secretEnv.${variable.name}' # ${variable.at}`,
          ),
        ]
      : []),
    ...(open.some(({ name, isSecret }) => isSecret || /(_|^)(URL|URI|HOST|ADDR|ADDRESS|ENDPOINT|DSN|BROKERS?|SERVERS?)(_|$)/.test(name))
      ? ["Egress is blocked by default: list services of this stack in calls, and other addresses in network.destinations."]
      : []),
  ];
  node.comment = lines.map((line) => ` ${line}`).join("\n");
}

/** Writes small maps and lists of new settings in one line. */
function shorten(document: Document): void {
  const services = ["slipway:services", "slipway:jobs"].flatMap((root) => {
    const map = document.getIn(["config", root], true);
    return isMap(map) ? map.items.map(({ value }) => value) : [];
  });
  for (const service of services) {
    if (!isMap(service)) continue;
    for (const key of ["calls", "after", "args", "ports"]) flow(service.get(key, true));
    const [build, probes] = [service.get("build", true), service.get("probes", true)];
    if (isMap(build)) flow(build.get("assets", true));
    if (isMap(probes) && probes.items.every(({ value }) => isScalar(value))) flow(probes);
    else if (isMap(probes)) for (const { value } of probes.items) flow(value);
  }
}

function flow(node: unknown): void {
  if (isCollection(node)) node.flow = true;
}
