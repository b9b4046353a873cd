import * as pulumi from "@pulumi/pulumi";
import { isPlain } from "../../lib/late-values.ts";
import { throwIfAny, type Problem } from "../../lib/problem.ts";
import type { Path } from "../../lib/property-path.ts";

/** What is read of a property of the schema, https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/#property. */
export interface PropertySpec {
  plain?: boolean;
  $ref?: string;
  items?: PropertySpec;
  additionalProperties?: PropertySpec;
}

export type Types = Record<string, { properties?: Record<string, PropertySpec> }>;

/**
 * The inputs of a component with plain values where it takes no outputs. Some SDKs wrap a whole object if a value in it is an output; it is
 * then taken apart.
 *
 * @param headline `WebService "web":`
 * @throws UserError that names each output that is unknown or secret, and must be plain.
 */
export async function plainInputs(
  inputs: pulumi.Inputs,
  properties: Record<string, PropertySpec>,
  types: Types,
  headline: string,
): Promise<pulumi.Inputs> {
  const problems: Problem[] = [];

  const plainIn = async (value: unknown, spec: PropertySpec | undefined, path: Path): Promise<unknown> => {
    if (spec === undefined) return value;
    if (!pulumi.Output.isInstance(value)) return isContainer(value) ? childrenOf(value, spec, path) : value;
    if (!spec.plain) return value;
    const { known, isKnown, isSecret } = await contentOf(value);
    if (isContainer(known)) {
      const unwrapped = mapChildren(known, (child, key) => {
        if (isKnown) return (value as pulumi.Output<Record<string, unknown>>).apply((all) => all[key]);
        return isSecret ? pulumi.secret(child) : child;
      });
      return childrenOf(unwrapped, spec, path);
    }
    if (!isKnown) problems.push({ path, message: "must be known when the program runs (got an output). Pass a plain value" });
    else if (isSecret) problems.push({ path, message: "is secret, but would not stay so. Pass a plain value" });
    return known;
  };

  const childrenOf = async (value: Container, spec: PropertySpec, path: Path): Promise<unknown> => {
    const fields = types[spec.$ref?.replace("#/types/", "") ?? ""]?.properties ?? {};
    const specOf = (key: string) => fields[key] ?? spec.additionalProperties;
    if (Array.isArray(value)) return Promise.all(value.map((item, i) => plainIn(item, spec.items, [...path, i])));
    return resolved(mapChildren(value, (child, key) => plainIn(child, specOf(key), [...path, key])));
  };

  const result = await resolved(mapChildren(inputs, (value, key) => plainIn(value, properties[key], [key])));
  throwIfAny(problems, headline);
  return result;
}

type Container = Record<string, unknown> | unknown[];

/** Literal objects and lists, and not resources. */
function isContainer(value: unknown): value is Container {
  return Array.isArray(value) || isPlain(value);
}

function mapChildren<T extends Container>(value: T, map: (child: unknown, key: string) => unknown): T {
  const children = Object.entries(value).map(([key, child]): [string, unknown] => [key, map(child, key)]);
  return (Array.isArray(value) ? children.map(([, child]) => child) : Object.fromEntries(children)) as T;
}

async function resolved(values: Record<string, unknown>): Promise<Record<string, unknown>> {
  return Object.fromEntries(await Promise.all(Object.entries(values).map(async ([key, value]) => [key, await value])));
}

/** The content of an output. In a preview, parts of it may be unknown. */
async function contentOf(output: pulumi.Output<unknown>) {
  const internals = output as unknown as Internals;
  return { known: await internals.promise(true), isKnown: await internals.isKnown, isSecret: await internals.isSecret };
}

/** What the SDK keeps of an output (pulumi, sdk/nodejs/output.ts). */
interface Internals {
  promise(withUnknowns: boolean): Promise<unknown>;
  isKnown: Promise<boolean>;
  isSecret: Promise<boolean>;
}
