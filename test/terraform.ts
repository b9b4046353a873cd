import type { Registered } from "./render.ts";

/** A planned resource in the form of `terraform show -json`. */
interface PlannedResource {
  address: string;
  mode: "managed";
  type: string;
  name: string;
  provider_name: string;
  schema_version: 0;
  values: Record<string, unknown>;
}

/**
 * Converts AWS resources to a Terraform plan in JSON, which scanners read, https://developer.hashicorp.com/terraform/internals/json-format.
 * Pulumi's AWS provider is generated from Terraform's, so types and names follow by rule. References between resources are kept.
 */
export function terraformPlan(registered: Registered[]) {
  const ofAws = registered.filter(({ type }) => type.startsWith("aws:"));
  const addresses = new Map(ofAws.map((resource) => [keyOf(resource), addressOf(resource)]));
  const resources = ofAws.map((resource): PlannedResource => {
    const [type = "", name = ""] = addressOf(resource).split(".");
    const values = valuesOf(resource.inputs);
    return { address: `${type}.${name}`, mode: "managed", type, name, provider_name: provider, schema_version: 0, values };
  });
  return {
    format_version: "1.2",
    terraform_version: "1.9.0",
    planned_values: { root_module: { resources } },
    resource_changes: resources.map(({ schema_version: _version, values, ...resource }) => ({
      ...resource,
      change: { actions: ["create"], before: null, after: values, after_unknown: {} },
    })),
    configuration: {
      provider_config: { aws: { name: "aws", full_name: provider } },
      root_module: {
        resources: ofAws.map((resource, i) => {
          const { address, mode, type, name, values } = resources[i]!;
          const expressions = expressionsOf(resource, values, addresses);
          return { address, mode, type, name, provider_config_key: "aws", expressions, schema_version: 0 };
        }),
      },
    },
  };
}

export type TerraformPlan = ReturnType<typeof terraformPlan>;

const provider = "registry.terraform.io/hashicorp/aws";

/** `aws:ec2/vpcEndpoint:VpcEndpoint` is `aws_vpc_endpoint`, `aws:kms/key:Key` is `aws_kms_key`. */
function addressOf({ type, name }: Pick<Registered, "type" | "name">): string {
  const [, module = "", kind = ""] = /^aws:(\w+)\/\w+:(\w+)$/.exec(type) ?? [];
  const prefix = module === "ec2" ? "aws" : `aws_${module}`;
  return `${prefix}${snakeCase(kind)}.${name.replaceAll(/[^\w-]/g, "_")}`;
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function keyOf({ type, name }: Pick<Registered, "type" | "name">): string {
  return `${type}::${name}`;
}

/** Blocks whose names are plural in Pulumi. */
const blocks: Record<string, string> = {
  encryptionConfigurations: "encryption_configuration",
  podIdentityAssociations: "pod_identity_association",
  taints: "taint",
};

/** Properties that accept any key. */
const maps = new Set(["tags", "labels"]);

const documents = new Set(["policy", "assumeRolePolicy"]);

function valuesOf(inputs: Record<string, unknown>): Record<string, unknown> {
  const known = Object.entries(inputs).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([key, value]) => [blocks[key] ?? snakeCase(key), valueOf(key, value)]));
}

function valueOf(key: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => (isObject(item) ? valuesOf(item) : item));
  if (!isObject(value) || maps.has(key)) return value;
  // Terraform has a list of one for a single block.
  return documents.has(key) ? JSON.stringify(value) : [valuesOf(value)];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Values in the form of the configuration: constants or references. */
function expressionsOf({ madeOf }: Registered, values: Record<string, unknown>, addresses: Map<string, string>): Record<string, unknown> {
  const expressions: Record<string, unknown> = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, constant(value)]));
  for (const [property, urns] of Object.entries(madeOf)) {
    const key = blocks[property] ?? snakeCase(property);
    const found = urns.flatMap((urn) => {
      const [, , path = "", name = ""] = urn.split("::");
      const address = addresses.get(`${path.split("$").at(-1)}::${name}`);
      return address === undefined ? [] : [`${address}.${key.endsWith("arn") ? "arn" : "id"}`, address];
    });
    if (found.length > 0 && key in values) expressions[key] = refer(values[key], found);
  }
  return expressions;
}

function constant(value: unknown): unknown {
  if (Array.isArray(value) && value.some(isObject)) return value.map((block) => mapValues(block as object, constant));
  return { constant_value: value };
}

/** Pulumi does not say which part of a block is a reference, so each string in it becomes one. */
function refer(value: unknown, references: string[]): unknown {
  if (Array.isArray(value) && value.some(isObject))
    return value.map((block) => mapValues(block as object, (part) => (hasText(part) ? refer(part, references) : constant(part))));
  return { references };
}

function hasText(value: unknown): boolean {
  return typeof value === "string" || (Array.isArray(value) && value.some((item) => typeof item === "string" || isObject(item)));
}

function mapValues(object: object, change: (value: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
