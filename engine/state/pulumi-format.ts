import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { UserError } from "../../lib/user-error.ts";
import { isSecret, secret, type Properties, type Value } from "../../lib/values.ts";
import { providerUrn, type ResourceState } from "./checkpoint.ts";

// The state in the form of `pulumi stack export` and `pulumi stack import`:
// https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go (DeploymentV3, ResourceV3).

/** A resource as Pulumi stores it. */
interface PulumiResource extends Omit<ResourceState, "uses" | "creating" | "dependencies" | "inputs" | "outputs"> {
  dependencies?: string[];
  propertyDependencies?: Record<string, string[] | null> | null;
  inputs?: Properties;
  outputs?: Properties;
  /** It has been replaced, and is deleted in the next run. */
  delete?: boolean;
}

export interface PulumiState {
  version: number;
  deployment: {
    manifest: { time: string; magic: string; version: string };
    secrets_providers?: { type: string; state?: { salt?: string } };
    resources?: PulumiResource[] | null;
    pending_operations?: { type: string; resource: PulumiResource }[] | null;
  };
}

/** How the secrets of a state are encrypted. */
export interface Sealing {
  /** Salt of the passphrase, as in a stack file. */
  salt: string;
  seal: (text: string) => string;
}

const providerOfDynamic = "pulumi:providers:pulumi-nodejs";
const providerOfKubernetes = "pulumi:providers:kubernetes";

/** What Pulumi's Kubernetes provider stores with an object: https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/provider.go. */
const providersOwn = ["__inputs", "__initialApiVersion", "__fieldManager"];

/** Converts the embedded engine's state to that of the Pulumi CLI. */
export function toPulumi(resources: ResourceState[], { salt, seal }: Sealing): PulumiState {
  const providers = new Map(resources.filter(isProvider).map(({ urn }) => [urn, `${urn}::${randomUUID()}`]));
  const dynamic = resources.some(({ type }) => isDynamic(type)) ? dynamicProviderOf(resources[0]!.urn) : undefined;
  const convert = ({ uses: _uses, creating: _creating, urn, provider, ...resource }: ResourceState): PulumiResource => {
    const [ownUrn = urn, replacedId] = urn.split("#");
    const reference = isDynamic(resource.type) ? `${dynamic!.urn}::${dynamic!.id}` : providers.get(providerUrn({ provider }) ?? "");
    return {
      urn: ownUrn,
      ...resource,
      ...(reference !== undefined && { provider: reference }),
      ...(isProvider(resource) && {
        id: idIn(providers.get(urn)!),
        inputs: withVersion(resource.type, resource.inputs),
        outputs: withVersion(resource.type, resource.outputs),
      }),
      ...(resource.type.startsWith("kubernetes:") && { outputs: withProvidersOwn(resource) }),
      ...(replacedId !== undefined && { delete: true }),
    };
  };
  const sealed = (_key: string, v: Value) => (isSecret(v) ? secret({ ciphertext: seal(JSON.stringify(v.value)) }) : v);
  const [pending, done] = [true, false].map((isPending) => resources.filter(({ creating = false }) => creating === isPending));
  const converted = inOrder([...(dynamic ? [dynamic] : []), ...done!.map(convert)]);
  const operations = pending!.map((resource) => ({ resource: convert(resource), type: "creating" }));
  const deployment: PulumiState["deployment"] = {
    manifest: { time: new Date().toISOString(), magic: "", version: "" },
    secrets_providers: { type: "passphrase", state: { salt } },
    resources: converted,
    ...(operations.length > 0 && { pending_operations: operations }),
  };
  return JSON.parse(JSON.stringify({ version: 3, deployment }, sealed)) as PulumiState;
}

/**
 * Converts a state of the Pulumi CLI to that of the embedded engine.
 *
 * @param open Decrypts a secret.
 * @throws UserError if the file is no state of this stack, or has what the embedded engine cannot manage.
 */
export function fromPulumi(
  text: string,
  { project, name }: { project: string; name: string },
  open: (text: string) => string,
): ResourceState[] {
  const state = parse(text);
  const { resources, pending_operations: pending } = state.deployment;
  const all = [...(resources ?? []), ...(pending ?? []).map(({ resource }) => resource)];
  const prefix = `urn:pulumi:${name}::${project}::`;
  const foreign = all.find(({ urn }) => !urn.startsWith(prefix));
  if (foreign)
    throw new UserError(`It is the state of another stack: ${foreign.urn} does not begin with ${prefix}. Give the file of this stack.`);
  const unmanaged = [...new Set(all.map(({ type, custom }) => (custom && !isKnown(type) ? type : "")))].filter(Boolean);
  if (unmanaged.length > 0)
    throw new UserError(`The embedded engine cannot manage ${unmanaged.join(", ")}. Keep this state in the backend of the Pulumi CLI.`);
  const opened = (_key: string, v: Value) => (isSecret(v) ? secret({ value: JSON.parse(plaintextOf(v, open)) }) : v);
  const revived = (part: PulumiResource[]) => JSON.parse(JSON.stringify(part), opened) as PulumiResource[];
  const unfinished = (pending ?? []).filter(({ type }) => type === "creating").map(({ resource }) => resource);
  return [
    ...revived(resources ?? [])
      .filter(({ type }) => type !== providerOfDynamic)
      .map((resource) => toOwn(resource)),
    ...revived(unfinished).map((resource) => ({ ...toOwn(resource), creating: true })),
  ];
}

function parse(text: string): PulumiState {
  const problem = (what: string) =>
    new UserError(`It is no state: ${what}. Give a file that slipway state export or pulumi stack export has written.`);
  let state: Partial<PulumiState>;
  try {
    state = JSON.parse(text) as Partial<PulumiState>;
  } catch (error) {
    throw problem((error as Error).message);
  }
  if (state.version !== 3) throw problem(`version: must be 3 (got ${JSON.stringify(state.version)})`);
  if (typeof state.deployment !== "object" || state.deployment === null) throw problem("deployment: is missing");
  if (![undefined, null].includes(state.deployment.resources as never) && !Array.isArray(state.deployment.resources))
    throw problem("deployment.resources: must be a list");
  return state as PulumiState;
}

/** The salt of a state's passphrase. Undefined if its secrets are encrypted in another way. */
export function saltIn(text: string): string | undefined {
  const { secrets_providers: provider } = parse(text).deployment;
  return provider?.type === "passphrase" ? provider.state?.salt : undefined;
}

function plaintextOf(value: Properties, open: (text: string) => string): string {
  return typeof value["plaintext"] === "string" ? value["plaintext"] : open(String(value["ciphertext"]));
}

function toOwn({ propertyDependencies, delete: isReplaced, provider, urn, ...resource }: PulumiResource): ResourceState {
  const { outputs = {}, inputs = {}, dependencies = [], id, type, custom, parent, deletedWith, retainOnDelete, initErrors } = resource;
  const without = (object: Properties, keys: string[]) => Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
  const isProvidersOwn = isProvider(resource);
  const reference = isDynamic(type) ? undefined : providerUrn({ provider });
  return {
    urn: isReplaced ? `${urn}#${id?.slice(0, 7)}` : urn,
    type,
    custom,
    ...(parent !== undefined && { parent }),
    ...(reference !== undefined && { provider: `${reference}::provider` }),
    dependencies,
    uses: [...new Set(Object.values(propertyDependencies ?? {}).flatMap((urns) => urns ?? []))],
    ...(deletedWith && { deletedWith }),
    ...(retainOnDelete && { retainOnDelete }),
    inputs: isProvidersOwn ? without(inputs, ["version", "__internal"]) : inputs,
    outputs: isProvidersOwn ? without(outputs, ["version"]) : without(outputs, type.startsWith("kubernetes:") ? providersOwn : []),
    ...(id !== undefined && { id: isProvidersOwn ? "provider" : id }),
    ...(initErrors && initErrors.length > 0 && { initErrors }),
  };
}

function isProvider({ type }: { type: string }): boolean {
  return type.startsWith("pulumi:providers:");
}

function isDynamic(type: string): boolean {
  return type.startsWith("pulumi-nodejs:");
}

function isKnown(type: string): boolean {
  return isDynamic(type) || type.startsWith("kubernetes:") || [providerOfDynamic, providerOfKubernetes].includes(type);
}

function idIn(reference: string): string {
  return reference.slice(reference.lastIndexOf("::") + 2);
}

/** Pulumi's provider for dynamic resources, which the embedded engine does not have. */
function dynamicProviderOf(urn: string): PulumiResource {
  const [stack] = /^urn:pulumi:[^:]+::[^:]+/.exec(urn) ?? [];
  return {
    urn: `${stack}::${providerOfDynamic}::default`,
    custom: true,
    id: randomUUID(),
    type: providerOfDynamic,
    inputs: {},
    outputs: {},
  };
}

/** Without the version of the provider's package, the CLI would plan an update of the provider. */
function withVersion(type: string, properties: Properties): Properties {
  if (type !== providerOfKubernetes) return properties;
  const { version } = createRequire(import.meta.url)("@pulumi/kubernetes/package.json") as { version: string };
  return { ...properties, version };
}

/** The outputs of an object with what Pulumi's provider needs to update it, also as the owner of its fields. */
function withProvidersOwn({ inputs, outputs }: Pick<ResourceState, "inputs" | "outputs">): Properties {
  return { ...outputs, __inputs: inputs, __initialApiVersion: inputs["apiVersion"], __fieldManager: "slipway" };
}

/** Resources after everything that they refer to, as Pulumi requires. */
function inOrder(resources: PulumiResource[]): PulumiResource[] {
  const byUrn = Map.groupBy(resources, ({ urn }) => urn);
  const ordered = new Set<PulumiResource>();
  const visit = (resource: PulumiResource) => {
    if (ordered.has(resource)) return;
    const { parent, deletedWith, dependencies = [] } = resource;
    for (const urn of [parent, providerUrn(resource), deletedWith, ...dependencies])
      for (const other of byUrn.get(urn ?? "") ?? []) if (other !== resource) visit(other);
    ordered.add(resource);
  };
  resources.forEach(visit);
  return [...ordered];
}
