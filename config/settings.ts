import { z } from "zod";
import type { Problem } from "../lib/problem.ts";
import type { Development } from "./development.ts";
import { devSetting } from "./schema/dev.ts";
import { dockerSettings } from "./schema/docker.ts";
import { eksSettings } from "./schema/eks.ts";
import { extendsSetting } from "./schema/extends.ts";
import { gateSettings } from "./schema/gate.ts";
import { jobSettings } from "./schema/job.ts";
import { kubernetesSettings } from "./schema/kubernetes.ts";
import { localSettings } from "./schema/local.ts";
import { policySettings } from "./schema/policy.ts";
import { reviewSettings } from "./schema/review.ts";
import { serviceSettings, type ServiceSettings } from "./schema/service.ts";
import { Platform } from "./schema/setting.ts";
import { supplyChainSettings } from "./schema/supply-chain.ts";
import { swarmSettings } from "./schema/swarm.ts";

export type { JobSettings } from "./schema/job.ts";
export type { ServiceSettings } from "./schema/service.ts";

/** Everything that a stack file may set below `slipway:`. */
export const settings = z.strictObject({
  extends: extendsSetting,
  platform: z.enum(Platform).default("local").describe("Where the stack runs."),
  services: z.record(z.string(), serviceSettings).describe("The services by name. They reach each other by that name."),
  jobs: z.record(z.string(), jobSettings).default({}).describe("Jobs by name: programs that run to completion, such as migrations."),
  local: localSettings,
  docker: dockerSettings,
  swarm: swarmSettings,
  kubernetes: kubernetesSettings.optional(),
  eks: eksSettings.optional(),
  dev: devSetting,
  gate: gateSettings,
  policy: policySettings,
  review: reviewSettings.optional(),
  supplyChain: supplyChainSettings,
});

export type Settings = z.infer<typeof settings>;
export type Services = Settings["services"];
export type Jobs = Settings["jobs"];

/** What a platform sees of the settings: its own. */
export type PlatformSettings = Omit<Settings, "extends" | "services" | "jobs" | "dev" | "gate" | "policy" | "review" | "supplyChain">;

/** The settings of a stack, checked and with defaults. */
export interface Configuration extends Settings {
  stack: string;
  development: Development;
}

/** What a platform adds to the settings and demands of them. Platforms are passed to the functions here, because they are a layer above. */
export interface PlatformRules {
  /** Adds what the platform provides to a service. */
  withDefaults: (service: ServiceSettings, settings: PlatformSettings) => ServiceSettings;
  /** What is wrong with the settings on this platform, besides what is wrong everywhere. */
  problemsWith: (settings: PlatformSettings, services: Services) => Problem[];
  /** Whether a stack may have no services. @default false */
  mayBeEmpty?: boolean;
}

/** Loads the rules of a platform. */
export type LoadRules = (platform: Platform) => Promise<PlatformRules>;

/** The JSON schema of a stack file, for editors. What defaults may have set is required only without `slipway:extends`. */
export function stackFileSchema(): object {
  const { properties } = z.toJSONSchema(settings, { io: "input" }) as { properties: Record<string, JsonSchema> };
  const keys = Object.entries(properties).map(([key, schema]): [string, JsonSchema] => [`slipway:${key}`, schema]);
  const all = { properties: Object.fromEntries(keys), required: ["slipway:services"] };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A stack of Slipway (stacks/Pulumi.<stack>.yaml)",
    type: "object",
    properties: {
      config: {
        type: "object",
        ...withoutRequired(all),
        if: { not: { required: ["slipway:extends"] } },
        then: requiredIn(all),
      },
    },
  };
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  required?: string[];
}

/** A schema in which no key of a map is required. Items of lists, which are replaced as a whole, keep theirs. */
function withoutRequired({ required: _required, ...schema }: JsonSchema): JsonSchema {
  return { ...schema, ...inMaps(schema, withoutRequired) };
}

/** Only the keys of maps that a schema requires. */
function requiredIn(schema: JsonSchema): JsonSchema {
  const { properties = {}, ...below } = inMaps(schema, requiredIn);
  const kept = Object.entries(properties).filter(([, inner]) => Object.keys(inner).length > 0);
  return {
    ...(schema.required && { required: schema.required }),
    ...(kept.length > 0 && { properties: Object.fromEntries(kept) }),
    ...(Object.keys(below.additionalProperties ?? {}).length > 0 && below),
  };
}

function inMaps({ properties, additionalProperties }: JsonSchema, change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  return {
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key, change(schema)])) }),
    ...(typeof additionalProperties === "object" && { additionalProperties: change(additionalProperties) }),
  };
}
