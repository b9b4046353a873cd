import { z } from "zod";

/** How a platform that is not Kubernetes supports a setting. */
export interface Support {
  /** What the setting does there. @default - the same as on Kubernetes */
  how?: string;
  /** Why a value is rejected, with a remedy; undefined if it is accepted. @default - every value is accepted */
  reject?: (value: unknown) => string | undefined;
  /** Values that are accepted and change nothing, because what they ask for is always the case; true for all. @default - none */
  always?: unknown[] | true;
}

/** Platforms by name. */
export const Platform = { Local: "local", Docker: "docker", Swarm: "swarm", Kubernetes: "kubernetes", Eks: "eks" } as const;
export type Platform = (typeof Platform)[keyof typeof Platform];

/** The one definition of a setting: schema, editor, docs and the arguments of the components are derived from it. */
export interface Definition {
  /** What the setting means, with its unit. A sentence without a full stop. */
  meaning: string;
  /** The default value. @default - none: it is required, or `without` says what happens without it */
  default?: unknown;
  /** What happens without the setting, if that is not one value. */
  without?: string;
  /** How platforms support it. @default - as Kubernetes does */
  on?: Partial<Record<Platform, Support>>;
  /** A value for documentation and tests: valid, and not the default. */
  example?: unknown;
  /** TypeScript type of the component's argument. @default - derived from the schema */
  type?: string;
  /** Whether programs may pass an output (`Input<T>`). @default false */
  input?: boolean;
  /** Whether only stack files have it, and the component does not. @default false */
  stackFileOnly?: boolean;
}

const definitions = z.registry<Definition>();

/** The definition of a setting; undefined for schemas that are no settings, such as items of lists. */
export function definitionOf(schema: z.ZodType): Definition | undefined {
  return definitions.get(schema);
}

/** An optional setting. */
export function setting<T extends z.ZodType>(type: T, definition: Definition): z.ZodOptional<T> {
  return define(type.optional(), definition);
}

/** An optional setting whose default is filled in when a stack file is read. */
export function defaulted<T extends z.ZodType<unknown>>(
  type: T,
  definition: Definition & { default: z.util.NoUndefined<z.output<T>> },
): z.ZodDefault<T> {
  return define(type.default(definition.default), definition);
}

/** A setting that must be given. */
export function required<T extends z.ZodType>(type: T, definition: Definition): T {
  return define(type, definition);
}

function define<T extends z.ZodType>(type: T, definition: Definition): T {
  const { meaning, default: fallback, without, example } = definition;
  const described = type.meta({
    description: `${meaning}.${without === undefined ? "" : ` Default: ${without}.`}`,
    ...(fallback !== undefined && { default: fallback }),
    ...(example !== undefined && { examples: [example] }),
  });
  definitions.add(described, definition);
  return described;
}

/** A schema and where it is: `*` stands for any key of a map or any index of a list. */
export interface Located {
  path: string[];
  schema: z.ZodType;
  definition: Definition | undefined;
}

/** Every setting below a schema, the outer before the inner. */
export function settingsBelow(schema: z.ZodType, path: string[] = []): Located[] {
  const inner = unwrapped(schema);
  const below: [string, z.ZodType][] =
    inner instanceof z.ZodObject
      ? Object.entries(inner.shape)
      : inner instanceof z.ZodRecord
        ? [["*", inner.valueType as z.ZodType]]
        : inner instanceof z.ZodArray
          ? [["*", inner.element as z.ZodType]]
          : [];
  return below.flatMap(([key, child]) => {
    const at = [...path, key];
    return [{ path: at, schema: child, definition: definitionOf(child) }, ...settingsBelow(child, at)];
  });
}

/** Without the wrappers that make a schema optional, give it a default or transform it. */
export function unwrapped(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return unwrapped(schema.unwrap() as z.ZodType);
  return schema instanceof z.ZodPipe ? unwrapped(schema.in as z.ZodType) : schema;
}

/** A setting that a platform does not have. */
export function unsupported(why: string): Support {
  return { reject: () => why };
}

/** A setting of which a platform accepts only some values, because they describe what is always the case there. */
export function always(values: unknown[], how: string, why: string): Support {
  return { how, always: values, reject: (value) => (values.includes(value) ? undefined : why) };
}

/** The same support on Docker and Swarm. */
export function onDockerAndSwarm(support: Support): Partial<Record<Platform, Support>> {
  return { docker: support, swarm: support };
}
