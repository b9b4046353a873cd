import { readFileSync } from "node:fs";
import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { dynamic, provider } from "@pulumi/pulumi";
import { UserError } from "../../lib/user-error.ts";
import { has, isSecret, plain, secret, type Properties } from "../../lib/values.ts";
import { plainInputs, type PropertySpec, type Types } from "./plain-inputs.ts";
import { resources } from "./resources.ts";

/** What is needed of the schema (https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/). */
interface Schema {
  version: string;
  types: Types;
  resources: Record<string, { properties: Record<string, object>; inputProperties: Record<string, PropertySpec> }>;
}

type Component = new (name: string, args: pulumi.Inputs, opts: pulumi.ComponentResourceOptions) => pulumi.ComponentResource;

/** Serves the components to programs in other languages than those of Node, and the resources that they consist of. */
export class ComponentPlugin implements provider.Provider {
  readonly version: string;
  /** Generated, because Pulumi's analyzer takes 8 s. */
  readonly schema: string;
  private readonly components: Schema["resources"];
  private readonly types: Types;

  constructor() {
    this.schema = readFileSync(join(import.meta.dirname, "schema.json"), "utf8");
    const { version, types, resources: components } = JSON.parse(this.schema) as Schema;
    this.version = version;
    this.types = types;
    this.components = components;
  }

  async construct(
    name: string,
    type: string,
    inputs: pulumi.Inputs,
    opts: pulumi.ComponentResourceOptions,
  ): Promise<provider.ConstructResult> {
    const { properties, inputProperties } = this.components[type] ?? this.reject(type);
    const args = await plainInputs(inputs, inputProperties, this.types, `${nameOf(type)} "${name}":`);
    // Loads the SDKs of AWS, Docker and Kubernetes, which the schema does not need.
    const classes = (await import("../index.ts")) as unknown as Record<string, Component>;
    const instance = new classes[nameOf(type)]!(name, args, opts) as unknown as Properties;
    return { urn: instance.urn, state: Object.fromEntries(Object.keys(properties).map((key) => [key, instance[key]])) };
  }

  async diff(id: string, urn: string, olds: Properties, news: Properties): Promise<provider.DiffResult> {
    return (await this.resource(urn).diff?.(id, plain(olds), plain(news))) ?? {};
  }

  async create(urn: string, inputs: Properties): Promise<provider.CreateResult> {
    const { id, outs } = await this.resource(urn).create(plain(inputs));
    return { id, outs: marked(outs, inputs) };
  }

  async read(id: string, urn: string, state: Properties): Promise<provider.ReadResult> {
    const { read } = this.resource(urn);
    if (!read) return { id, props: state };
    const found = await read(id, plain(state));
    return { id: found.id, props: marked(found.props, state) };
  }

  async update(id: string, urn: string, olds: Properties, news: Properties): Promise<provider.UpdateResult> {
    const result = await this.resource(urn).update?.(id, plain(olds), plain(news));
    return { outs: marked(result?.outs ?? news, news) };
  }

  async delete(id: string, urn: string, state: Properties): Promise<void> {
    await this.resource(urn).delete?.(id, plain(state));
  }

  private resource(urn: string): dynamic.ResourceProvider {
    const type = urn.split("::")[2]!.split("$").at(-1)!;
    return resources[nameOf(type)] ?? this.reject(type);
  }

  private reject(type: string): never {
    const known = Object.keys(this.components).map(nameOf).join(", ");
    throw new UserError(`${type}: is not in version ${this.version} of Slipway, which has ${known}. Use one of them, or another version.`);
  }
}

/** `slipway:index:WebService` → `WebService`. */
function nameOf(type: string): string {
  return type.split(":").at(-1)!;
}

/** Outputs with the secrets among the inputs marked. The engine leaves that to a plugin that takes marked inputs, as the SDK says of all of its plugins. */
function marked(outs: Properties = {}, inputs: Properties): Properties {
  const mark = (key: string, value: unknown) => (has(inputs[key], isSecret) ? secret({ value: plain(value) }) : value);
  return Object.fromEntries(Object.entries(outs).map(([key, value]) => [key, mark(key, value)]));
}
