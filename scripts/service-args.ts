import { writeFileSync } from "node:fs";
import * as prettier from "prettier";
import { z } from "zod";
import { serviceSettings } from "../config/schema/service.ts";
import { runSettings } from "../config/schema/job.ts";
import { definitionOf, unwrapped, type Definition } from "../config/schema/setting.ts";

const file = "components/service-args.ts";

/** The text of components/service-args.ts: the arguments of a service as TypeScript interfaces with TSDoc. */
export async function serviceArgs(): Promise<string> {
  const interfaces = new Map<string, Interface>();
  collect(interfaces, "ServiceArgs", "service", serviceSettings, "A service, as stack files and programs describe it");
  collect(interfaces, "JobRunArgs", "job", runSettings, "What only jobs have");
  const text = `// Generated from config/schema/service.ts and job.ts by \`npm run fix\`.
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ConcurrencyPolicy } from "./concurrency-policy.ts";
import type { SecurityLevel } from "../lib/security-level.ts";
import type { ${enums.join(", ")} } from "./web-service-enums.ts";

type Input<T> = pulumi.Input<T>;

${[...interfaces].map(([name, one]) => format(name, one)).join("\n\n")}
`;
  return prettier.format(text, { ...(await prettier.resolveConfig(file)), parser: "typescript" });
}

export async function writeServiceArgs(): Promise<void> {
  writeFileSync(file, await serviceArgs());
}

/** An interface, and the settings that have its shape, by their key: the three probes share one. */
interface Interface {
  meaning: string;
  schemas: [key: string, schema: z.ZodObject][];
}

const enums = [
  "AccessMode",
  "Exposure",
  "ProbeKind",
  "Protocol",
  "TolerationEffect",
  "TolerationOperator",
  "TopologySpread",
  "VolumeKind",
  "WorkloadKind",
];

/** Collects the interfaces of a shape, those that others use first. */
function collect(interfaces: Map<string, Interface>, name: string, key: string, schema: z.ZodObject, meaning: string): void {
  for (const [field, below] of componentFields(schema)) {
    const [inner] = /\w+Args/.exec(definitionOf(below)!.type ?? "") ?? [];
    const object = objectIn(below);
    if (inner && object) collect(interfaces, inner, field, object, shared[inner] ?? definitionOf(below)!.meaning);
  }
  const known = interfaces.get(name);
  if (known) known.schemas.push([key, schema]);
  else interfaces.set(name, { meaning, schemas: [[key, schema]] });
}

/** The fields of a shape that the component has. */
function componentFields(schema: z.ZodObject): [string, z.ZodType][] {
  const fields = Object.entries(schema.shape);
  const unknown = fields.filter(([, field]) => definitionOf(field) === undefined).map(([key]) => key);
  if (unknown.length > 0) throw new Error(`${unknown.join(", ")}: use setting() or required()`);
  return fields.filter(([, field]) => !definitionOf(field)!.stackFileOnly);
}

function format(name: string, { meaning, schemas }: Interface): string {
  const fields = componentFields(schemas[0]![1]).map(([key, field]) => {
    const definition = definitionOf(field)!;
    const isOptional = field instanceof z.ZodOptional;
    const type = definition.type === undefined ? typeOf(field, definition) : wrapped(definition.type, definition);
    const defaults = schemas.map(([user, schema]) => [user, definitionOf((schema.shape as Record<string, z.ZodType>)[key]!)!] as const);
    return `${tsdoc(definition.meaning, isOptional ? defaultOf(defaults) : undefined)}\n${key}${isOptional ? "?" : ""}: ${type};`;
  });
  return `${tsdoc(meaning)}\nexport interface ${name} {\n${fields.join("\n")}\n}`;
}

const shared: Record<string, string> = {
  ProbeArgs: "A health probe",
  PeerArgs: "Pods of an ingress controller or a monitoring system",
  DestinationArgs: "A destination that a service may send to: either `service` or `cidr`",
  PolicyRuleArgs: "An RBAC rule, https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
  RouteArgs: "A host name and a path prefix",
  SecretKeyArgs: "A key of an existing Secret in the namespace",
  TolerationArgs: "A taint that pods tolerate, https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/",
  VolumeArgs: "A volume",
};

/** The object type in a field: itself, or the items of a list or map. */
function objectIn(schema: z.ZodType): z.ZodObject | undefined {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) return inner;
  if (inner instanceof z.ZodArray) return objectIn(inner.element as z.ZodType);
  return inner instanceof z.ZodRecord ? objectIn(inner.valueType as z.ZodType) : undefined;
}

function typeOf(schema: z.ZodType, definition: Definition): string {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodRecord) return `Record<string, ${typeOf(inner.valueType as z.ZodType, definition)}>`;
  if (inner instanceof z.ZodArray) return `${typeOf(inner.element as z.ZodType, definition)}[]`;
  if (inner instanceof z.ZodString) return wrapped("string", definition);
  if (inner instanceof z.ZodNumber) return wrapped("number", definition);
  if (inner instanceof z.ZodBoolean) return wrapped("boolean", definition);
  throw new Error(`${definition.meaning}: name its TypeScript type`);
}

function wrapped(type: string, { input }: Definition): string {
  return input ? `Input<${type}>` : type;
}

/** The default in the form of cdk8s-plus: a value, or a dash and prose. */
function defaultOf(definitions: (readonly [user: string, definition: Definition])[]): string {
  const groups = Map.groupBy(definitions, ([, { default: value, without }]) => JSON.stringify(value) ?? `- ${without ?? "see the fields"}`);
  if (groups.size === 1) return [...groups.keys()][0]!;
  return `- ${[...groups].map(([value, users]) => `${value} for ${users.map(([user]) => user).join(" and ")}`).join(", ")}`;
}

function tsdoc(meaning: string, fallback?: string): string {
  if (fallback === undefined) return `/** ${sentence(meaning)} */`;
  return `/**\n * ${sentence(meaning)}\n *\n * @default ${fallback.startsWith("- ") ? sentence(fallback) : fallback}\n */`;
}

function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}
