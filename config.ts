import { existsSync, readFileSync } from "node:fs";
import leven from "leven";
import * as pulumi from "@pulumi/pulumi";
import runtimeConfig from "@pulumi/pulumi/runtime/config.js";
import { z } from "zod";
import { problemWithHost, problemWithName } from "./components/internal/names.ts";
import { throwIfAny } from "./components/internal/user-error.ts";

const port = z.int().min(1).max(65535);

/** A quantity of Kubernetes, https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/. */
const quantity = z.string().regex(/^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/, 'must be a Kubernetes quantity such as "250m" or "64Mi"');

const service = z
  .strictObject({
    source: z.string().min(1).optional().describe("Folder with the Go module (or the Dockerfile) to build, from the project's root."),
    image: z
      .string()
      .regex(/@sha256:[0-9a-f]{64}$/, 'must name the image by digest, such as "registry.example/web@sha256:…"')
      .optional()
      .describe("An image by digest, instead of a source."),
    builder: z
      .enum(["go", "dockerfile"])
      .default("go")
      .describe("How `source` becomes an image: the Go toolchain alone, or its Dockerfile."),
    package: z.string().min(1).optional().describe("Package to compile, from the module's folder. Default: the module's root."),
    platforms: z
      .array(z.string().regex(/^linux\/[a-z0-9]+(\/v\d+)?$/, 'must be a platform such as "linux/arm64"'))
      .min(1)
      .optional()
      .describe("Platforms of the image; several make an image index. Default: this machine's, on Linux."),
    version: z
      .string()
      .regex(/^[\w.+-]+$/, 'must be letters, digits and ".+-_"')
      .optional()
      .describe("Handed to the program as `main.version`."),
    port: port.default(8080).describe("Port that the service listens on, in its container and as a Service."),
    host: z.string().optional().describe("Host name that the outside reaches it by. Default: only other services reach it."),
    replicas: z.int().min(1).max(1000).default(2).describe("How many pods run."),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())
      .default({})
      .describe("Environment variables."),
    resources: z
      .strictObject({
        cpu: quantity.default("50m").describe("CPU that a pod is sure of."),
        memory: quantity.default("64Mi").describe("Memory that a pod is sure of, and its limit."),
      })
      .prefault({})
      .describe("What a pod asks for."),
  })
  .superRefine((value, context) => {
    const host = value.host === undefined ? undefined : problemWithHost(value.host);
    if (host) context.addIssue({ code: "custom", path: ["host"], message: host });
    if ((value.source === undefined) === (value.image === undefined)) {
      context.addIssue({ code: "custom", message: "needs either `source` (to build) or `image` (by digest), and not both" });
    }
  });

const local = z
  .strictObject({
    ports: z
      .strictObject({
        api: port.default(6550).describe("The Kubernetes API."),
        http: port.default(8080).describe("HTTP of all services with a host."),
        https: port.default(8443).describe("HTTPS of the same."),
        registry: port.default(5001).describe("The container registry."),
      })
      .prefault({})
      .describe("Ports on 127.0.0.1 that the cluster and its registry take."),
    nodeImage: z.string().min(1).optional().describe("Image of the Kubernetes node, with the interface of rancher/k3s."),
    registryImage: z.string().min(1).optional().describe("Image of the registry, with the interface of registry:3."),
  })
  .prefault({});

const settings = z
  .strictObject({
    platform: z.enum(["local"]).default("local").describe("Where the stack runs."),
    services: z.record(z.string(), service).describe("The services by name. They reach each other by that name."),
    local: local.describe("Settings of the platform `local`."),
  })
  .superRefine(({ services, local: { ports } }, context) => {
    const names = Object.keys(services);
    if (names.length === 0) context.addIssue({ code: "custom", path: ["services"], message: "needs at least one service" });
    for (const name of names) {
      const message = problemWithName(name);
      if (message) context.addIssue({ code: "custom", path: ["services", name], message: `the name ${message}` });
    }
    for (const group of duplicates(
      names.filter((n) => services[n]?.host !== undefined),
      (n) => String(services[n]?.host),
    )) {
      context.addIssue({
        code: "custom",
        path: ["services", String(group.at(-1)), "host"],
        message: `is the host of ${group.join(" and ")}; each needs its own`,
      });
    }
    for (const group of duplicates(Object.keys(ports), (key) => String(ports[key as keyof typeof ports]))) {
      context.addIssue({
        code: "custom",
        path: ["local", "ports", String(group.at(-1))],
        message: `${group.join(" and ")} cannot share a port`,
      });
    }
  });

export type Settings = z.infer<typeof settings>;
export type ServiceSettings = z.infer<typeof service>;

/** Everything the program knows of its stack. */
export interface Configuration extends Settings {
  stack: string;
}

/**
 * Reads and checks the whole configuration of the current stack.
 *
 * @throws UserError with every problem: its path, the rule, the value, and the file to change.
 */
export function loadConfiguration(): Configuration {
  const stack = pulumi.getStack();
  const project = pulumi.getProject();
  const input: Record<string, unknown> = {};
  const secret: string[] = [];
  for (const [full, value] of Object.entries(pulumi.runtime.allConfig())) {
    const [namespace, key = ""] = full.split(":");
    if (namespace !== project) continue;
    input[key] = parseValue(value);
    if (isConfigSecret(full)) secret.push(key);
  }
  const { value, problems } = checkSettings(input, setUpImages(), secret);
  throwIfAny(
    problems.map((p) => `${project}:${p}`),
    `The configuration of stack "${stack}" does not hold. In stacks/Pulumi.${stack}.yaml:`,
  );
  return { ...(value as Settings), stack };
}

/** Checks plain settings; the problems are lines of path, rule and value, the last not for keys with secrets in them. */
export function checkSettings(
  input: Record<string, unknown>,
  images: Partial<Settings["local"]> = {},
  secretKeys: string[] = [],
): { value?: Settings; problems: string[] } {
  const result = settings.safeParse(input, { reportInput: true });
  if (result.success) return { value: { ...result.data, local: { ...images, ...result.data.local } }, problems: [] };
  return { problems: result.error.issues.flatMap((issue) => describeIssue(issue, input, secretKeys)) };
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

/** The images that set-up found or made for this machine, see tools/images.ts. */
function setUpImages(): Partial<Settings["local"]> {
  const record = ".slipway/images.json";
  return existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : {};
}

/** Pulumi hands every value on as text, objects as JSON. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describeIssue(issue: z.core.$ZodIssue, input: object, secretKeys: string[]): string[] {
  const path = formatPath(issue.path);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => {
      const nearest = known.map((k) => ({ k, distance: leven(key, k) })).sort((a, b) => a.distance - b.distance)[0];
      const hint = nearest && nearest.distance <= 3 ? `did you mean "${nearest.k}"?` : `known are ${known.join(", ")}`;
      return `${formatPath([...issue.path, key])}: unknown key; ${hint}`;
    });
  }
  const value = valueAt(input, issue.path);
  if (issue.code === "invalid_type" && value === undefined) return [`${path}: is missing; it must be ${article(issue.expected)}`];
  if (secretKeys.includes(String(issue.path[0]))) return [`${path}: ${rule(issue).replace(/, got .*/s, "")}`];
  const got = ["custom", "invalid_key"].includes(issue.code) || value === undefined ? "" : `, got ${shorten(value)}`;
  return [`${path}: ${rule(issue)}${got}`];
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
      return "is no name that an environment variable can have";
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

function formatPath(path: PropertyKey[]): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : (i ? "." : "") + String(part))).join("");
}

function valueAt(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (v, key) => (v === null || typeof v !== "object" ? undefined : (v as Record<PropertyKey, unknown>)[key]),
    value,
  );
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? text.slice(0, 57) + "…" : text;
}

/** The keys that the schema has at a path. */
function knownKeys(path: PropertyKey[]): string[] {
  type Node = { properties?: Record<string, Node>; additionalProperties?: Node };
  const schema = z.toJSONSchema(settings, { io: "input" }) as Node;
  const node = path.reduce<Node | undefined>((n, key) => n?.properties?.[String(key)] ?? n?.additionalProperties, schema);
  return Object.keys(node?.properties ?? {});
}

/** Groups of items with the same key. */
function duplicates<T>(items: T[], key: (item: T) => string): T[][] {
  return [...Map.groupBy(items, key).values()].filter((group) => group.length > 1);
}
