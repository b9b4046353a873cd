import { existsSync, readFileSync } from "node:fs";
import leven from "leven";
import * as pulumi from "@pulumi/pulumi";
import runtimeConfig from "@pulumi/pulumi/runtime/config.js";
import { parse } from "yaml";
import { z } from "zod";
import { throwIfAny } from "../lib/problem.ts";
import { UserError } from "../lib/user-error.ts";
import { loadPlatform } from "../platforms/platform.ts";
import { dockerSettings } from "./schema/docker.ts";
import { eksSettings } from "./schema/eks.ts";
import { gateSettings } from "./schema/gate.ts";
import { localSettings } from "./schema/local.ts";
import { policySettings } from "./schema/policy.ts";
import { problemsWithSecrets, problemsWithServices } from "./services.ts";
import { serviceSettings, type ServiceSettings } from "./schema/service.ts";
import { swarmSettings } from "./schema/swarm.ts";

export type { ServiceSettings } from "./schema/service.ts";

const settings = z.strictObject({
  platform: z.enum(["local", "docker", "swarm", "eks"]).default("local").describe("Where the stack runs."),
  services: z.record(z.string(), serviceSettings).describe("The services by name. They reach each other by that name."),
  local: localSettings,
  docker: dockerSettings,
  swarm: swarmSettings,
  eks: eksSettings.optional(),
  gate: gateSettings,
  policy: policySettings,
});

export type Settings = z.infer<typeof settings>;

type PlatformName = Settings["platform"];

/** What a platform is told of a stack: of the platforms' settings its own. */
export type PlatformSettings = Omit<Settings, "services" | "gate" | "policy">;

/** Everything the program knows of its stack. */
export interface Configuration extends Settings {
  stack: string;
}

/**
 * Reads and checks the whole configuration of the current stack.
 *
 * @throws UserError with every problem: its path, the rule, the value, and the file to change.
 */
export async function loadConfiguration(): Promise<Configuration> {
  const stack = pulumi.getStack();
  const project = pulumi.getProject();
  const input: Record<string, unknown> = {};
  const file = `stacks/Pulumi.${stack}.yaml`;
  const secret = secretPaths(file);
  for (const [full, value] of Object.entries(pulumi.runtime.allConfig())) {
    const [namespace, key = ""] = full.split(":");
    if (namespace !== project) continue;
    input[key] = parseValue(value);
    // Values that are secret and not in the file, as those of an environment, are told of as a whole.
    if (isConfigSecret(full) && !secret.some(([first]) => first === key)) secret.push([key]);
  }
  useGivenImages(input);
  const { value, problems } = await checkSettings(input, setUpImages(), secret);
  throwIfAny(
    problems.map((p) => `${project}:${p}`),
    `The configuration of stack "${stack}" does not hold. In ${file}:`,
  );
  return { ...(value as Settings), stack };
}

/**
 * Checks plain settings; the problems are lines of path, rule and value, the last not where it holds something secret.
 * `secret` has the paths of secret values.
 */
export async function checkSettings(
  input: Record<string, unknown>,
  images: Images = {},
  secret: Path[] = [],
): Promise<{ value?: Settings; problems: string[] }> {
  // A platform whose settings are missing is told of by what must be in them.
  if (input["platform"] === "eks" && input["eks"] === undefined) return checkSettings({ ...input, eks: {} }, images, secret);
  const result = settings.safeParse(input);
  const issues = result.error?.issues ?? [];
  // What can be read is held to the other rules even where something else is wrong.
  const { data: name } = settings.shape.platform.safeParse(input["platform"]);
  const platform = name && (await loadPlatform(name));
  const own = name && platformSettings(name, input);
  const given = isMap(input["services"]) ? input["services"] : {};
  const read = readable(given, issues);
  const settle = ([service, given]: [string, ServiceSettings]) => [service, platform && own ? platform.withDefaults(given, own) : given];
  const services: Settings["services"] = Object.fromEntries(Object.entries(read).map(settle));
  const rules = [
    ...(isMap(input["services"]) && Object.keys(given).length === 0 && !platform?.mayBeEmpty
      ? [{ path: ["services"], message: "needs at least one service" }]
      : []),
    ...problemsWithServices(services, Object.keys(given)),
    ...problemsWithSecrets(given, secret),
    ...(platform && own ? platform.problemsWith(own, services) : []),
  ];
  const mask = masker(secret.map((path) => valueAt(input, path)));
  const shape = issues.flatMap((issue) => describeIssue(issue, input, secret));
  const problems = [...shape, ...rules.map(({ path, message }) => `${formatPath(path)}: ${mask(message)}`)];
  if (!result.success || problems.length > 0) return { problems };
  return { value: { ...withImages(result.data, images), services }, problems: [] };
}

/** The settings of a platform, or undefined where they cannot be read. */
function platformSettings(platform: PlatformName, input: Record<string, unknown>): PlatformSettings | undefined {
  const own = settings.shape[platform].safeParse(input[platform]);
  return own.success ? ({ platform, [platform]: own.data } as PlatformSettings) : undefined;
}

/** The services that no issue is about. */
function readable(services: Record<string, unknown>, issues: z.core.$ZodIssue[]): Settings["services"] {
  const others = Object.entries(services).filter(([name]) => !issues.some(({ path }) => path[0] === "services" && path[1] === name));
  return Object.fromEntries(
    others.flatMap(([name, service]) => {
      const { success, data } = serviceSettings.safeParse(service);
      return success ? [[name, data]] : [];
    }),
  );
}

/** The JSON schema of a stack file, for editors. */
export function stackFileSchema(): object {
  const { properties } = z.toJSONSchema(settings, { io: "input" }) as { properties: Record<string, object> };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A stack of Slipway (stacks/Pulumi.<stack>.yaml)",
    type: "object",
    properties: {
      config: {
        type: "object",
        required: ["slipway:services"],
        properties: Object.fromEntries(Object.entries(properties).map(([key, schema]) => [`slipway:${key}`, schema])),
      },
    },
  };
}

/** Internal to the SDK, which hands secrets on as such only key by key. */
const { isConfigSecret } = runtimeConfig as unknown as { isConfigSecret: (key: string) => boolean };

type Path = PropertyKey[];

/** Where a stack file has secrets: the paths of what is `secure:`. The SDK hands the values on without saying. */
function secretPaths(file: string): Path[] {
  const project = `${pulumi.getProject()}:`;
  const find = (value: unknown, path: Path): Path[] => {
    if (value === null || typeof value !== "object") return [];
    if (Object.keys(value).join() === "secure") return [path];
    return Object.entries(value).flatMap(([key, below]) => find(below, [...path, Array.isArray(value) ? Number(key) : key]));
  };
  const { config = {} } = existsSync(file) ? (parse(readFileSync(file, "utf8")) ?? {}) : {};
  return Object.entries(config as object).flatMap(([key, value]) =>
    key.startsWith(project) ? find(value, [key.slice(project.length)]) : [],
  );
}

/** The images that replace the default ones on this machine, from setup/images.ts. */
function setUpImages(): Images {
  const planned = process.env["SLIPWAY_PLANNED_IMAGES"];
  if (planned) return JSON.parse(planned);
  const record = ".slipway/images.json";
  return existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : {};
}

type Images = Partial<Record<"nodeImage" | "registryImage" | "proxyImage", string>>;

function withImages(given: Settings, { nodeImage, registryImage, proxyImage }: Images): Settings {
  const [cluster, engine] = [present({ nodeImage, registryImage }), present({ registryImage, proxyImage })];
  return { ...given, local: { ...cluster, ...given.local }, docker: { ...engine, ...given.docker }, swarm: { ...engine, ...given.swarm } };
}

/** Without what is undefined. */
function present<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/**
 * SLIPWAY_IMAGES, such as `{"web": "registry.example/web@sha256:…"}`, deploys images that exist in the place of those that
 * would be built: to go back, or to hand on what a pipeline has built before.
 */
function useGivenImages(input: Record<string, unknown>): void {
  const given = process.env["SLIPWAY_IMAGES"];
  const services = input["services"];
  if (!given || !isMap(services)) return;
  const images = parseValue(given);
  if (!isMap(images))
    throw new UserError('SLIPWAY_IMAGES: must be a map of images by service, such as {"web": "registry.example/web@sha256:…"}, as JSON');
  for (const [name, image] of Object.entries(images)) {
    const { source: _source, builder: _builder, package: _package, platforms: _platforms, ...rest } = (services[name] ?? {}) as Service;
    services[name] = { ...rest, image };
  }
}

type Service = Record<string, unknown>;

/** Pulumi hands every value on as text, objects as JSON. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describeIssue(issue: z.core.$ZodIssue, input: object, secret: Path[]): string[] {
  const path = formatPath(issue.path);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => {
      const nearest = known.map((k) => ({ k, distance: distance(key, k) })).sort((a, b) => a.distance - b.distance)[0];
      const hint = nearest && nearest.distance <= 3 ? `did you mean "${nearest.k}"?` : `known are ${known.join(", ")}`;
      return `${formatPath([...issue.path, key])}: unknown key; ${hint}`;
    });
  }
  const value = valueAt(input, issue.path);
  if (issue.code === "invalid_type" && value === undefined) return [`${path}: is missing; it must be ${article(issue.expected)}`];
  const holdsSecret = secret.some((at) => issue.path.every((part, i) => i >= at.length || part === at[i]));
  const got = issue.code === "invalid_key" || holdsSecret || value === undefined ? "" : ` (got ${shorten(value)})`;
  return [`${path}: ${rule(issue)}${got}`];
}

/** How far a mistyped key is from a known one; letters that changed places are nearer than others. */
function distance(key: string, known: string): number {
  const letters = (word: string) => [...word].sort().join("");
  return leven(key, known) - (letters(key) === letters(known) ? 0.5 : 0);
}

function rule(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${article(issue.expected)}`;
    case "too_small":
      return issue.origin === "string" || issue.origin === "array" ? "must not be empty" : `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "invalid_value":
      return `must be ${issue.values.map((v) => JSON.stringify(v)).join(" or ")}`;
    case "invalid_key":
      return "the name must not be empty";
    default:
      return issue.message;
  }
}

function article(type: string): string {
  const names: Record<string, string> = {
    int: "a whole number",
    number: "a number",
    string: "text",
    boolean: "true or false",
    array: "a list",
    object: "a map",
    record: "a map",
  };
  return names[type] ?? type;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function formatPath(path: Path): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : (i ? "." : "") + String(part))).join("");
}

function valueAt(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (v, key) => (v === null || typeof v !== "object" ? undefined : (v as Record<PropertyKey, unknown>)[key]),
    value,
  );
}

/** Takes what is secret out of messages, numbers where they stand alone. */
function masker(secrets: unknown[]): (message: string) => string {
  const leaves = (value: unknown): unknown[] =>
    value !== null && typeof value === "object" ? Object.values(value).flatMap(leaves) : [value];
  const [numbers, texts] = [secrets.flatMap(leaves).filter((leaf) => typeof leaf === "number"), secrets.flatMap(leaves).filter(isText)];
  // The longest first: what is left of it otherwise would tell of it.
  const alternatives = [
    ...texts.sort((a, b) => b.length - a.length).map(escape),
    ...numbers.map((number) => `(?<![\\w.])${escape(String(number))}(?![\\w.])`),
  ];
  const pattern = new RegExp(alternatives.join("|"), "g");
  return (message) => (alternatives.length === 0 ? message : message.replace(pattern, "[secret]"));
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? text.slice(0, 57) + "…" : text;
}

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode;
  items?: SchemaNode;
}

let schema: SchemaNode | undefined;

/** The keys that the schema has at a path. */
function knownKeys(path: Path): string[] {
  schema ??= z.toJSONSchema(settings, { io: "input" }) as SchemaNode;
  const below = (node: SchemaNode | undefined, key: PropertyKey) =>
    typeof key === "number" ? node?.items : (node?.properties?.[String(key)] ?? node?.additionalProperties);
  return Object.keys(path.reduce(below, schema)?.properties ?? {});
}
