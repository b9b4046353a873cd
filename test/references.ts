import type { Registered } from "./render.ts";
import { awsOutputs } from "./unit/platforms/aws-outputs.ts";

/** The place of an output of another resource, which only exists in AWS once that resource does. */
export class Reference {
  readonly resource: Registered;
  readonly output: Output;
  /** The value of the output in the tests. */
  readonly value: string;

  constructor(resource: Registered, output: Output, value: string) {
    this.resource = resource;
    this.output = output;
    this.value = value;
  }
}

/** The outputs that resources of the program refer to. */
const outputs = {
  id: ({ name }: Registered) => `${name}-id`,
  arn: (resource: Registered) => mocked(resource)["arn"],
  name: (resource: Registered) => resource.inputs["name"] ?? mocked(resource)["name"],
  principalArn: ({ inputs }: Registered) => inputs["principalArn"],
  clusterSecurityGroupId: (resource: Registered) => mocked(resource)["vpcConfig"]?.clusterSecurityGroupId,
};

export type Output = keyof typeof outputs;

function mocked(resource: Registered): Registered["inputs"] {
  return awsOutputs[resource.type]?.(resource) ?? {};
}

/** AWS resources whose inputs have references in place of the outputs of other AWS resources. */
export function withReferences(registered: Registered[]): Registered[] {
  const linked = new Map<string, Registered>();
  for (const resource of registered.filter(({ type }) => type.startsWith("aws:"))) {
    const inputs = Object.entries(resource.inputs).map(([property, value]) => {
      // Resources are registered after those that they depend on.
      const sources = (resource.madeOf[property] ?? []).flatMap((urn) => {
        const [, , path = "", name = ""] = urn.split("::");
        return linked.get(`${path.split("$").at(-1)}::${name}`) ?? [];
      });
      return [property, refer(property, value, sources)];
    });
    linked.set(keyOf(resource), { ...resource, inputs: Object.fromEntries(inputs) as Registered["inputs"] });
  }
  return [...linked.values()];
}

function refer(property: string, value: unknown, sources: Registered[]): unknown {
  if (Array.isArray(value)) return value.map((item) => refer(property, item, sources));
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, refer(key, inner, sources)]));
  if (typeof value !== "string") return value;
  // A gateway's `vpcId` is its own input, which refers to the VPC.
  const given = sources.map(({ inputs }) => inputs[property] as unknown);
  const handedOn = given.find((input) => input instanceof Reference && input.value === value);
  if (handedOn) return handedOn;
  for (const source of sources)
    for (const output of Object.keys(outputs) as Output[])
      if (outputs[output](source) === value) return new Reference(source, output, value);
  return value;
}

/** The name that Pulumi gives to a resource without one: its own, with seven random hexadecimal digits. */
export function nameOf({ name, inputs }: Registered): string {
  return (inputs["name"] as string | undefined) ?? `${name}-0123abc`;
}

export function keyOf({ type, name }: Pick<Registered, "type" | "name">): string {
  return `${type}::${name}`;
}

/** What the provider appends to a prefix of a name: a time and a counter. */
export const uniqueSuffix = "20260101000000000000000001";
