import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { withoutPreflight } from "../../lib/preflight.ts";
import { isMap } from "../../lib/property-path.ts";
import { rpcError } from "../../lib/rpc-error.ts";
import type { Properties } from "../../lib/values.ts";
import { writtenConfig, type Stack } from "../../config/stack-file.ts";
import { parseJson } from "../preview/formats.ts";
import { exampleUid, outputsOf } from "./outputs.ts";
import { exampleCluster } from "./shared-cluster.ts";

/** A resource that the program registers. */
export interface Registered {
  urn: string;
  type: string;
  name: string;
  parent: string | undefined;
  /** Inputs, with the SDK's marks for secrets and for values that are not known yet. */
  inputs: Properties;
  /** URNs of the resources that it depends on, sorted. @default - not known. */
  dependencies?: string[];
}

/**
 * All resources that the program registers for a stack, including components. The program runs as in a preview, but without Docker, a
 * cluster or AWS; values that only they know are examples. Services with a source are compiled, because manifests contain the digest.
 *
 * @param uid The UID of Kubernetes objects. That of a Secret is the key of its checksum.
 */
export async function registrationsOf(stack: Stack, uid = exampleUid): Promise<Registered[]> {
  const found: Registered[] = [];
  const otherStack = { outputs: { platform: exampleCluster(stack) }, secretOutputNames: [] };
  const newResource = ({ type, name, inputs }: pulumi.runtime.MockResourceArgs) => ({
    // If the container had an id, the program would read the kubeconfig from it.
    id: type === "docker:index/container:Container" ? undefined : `${name}-id`,
    state: { ...(inputs as Properties), ...outputsOf(type, name, inputs as Properties, uid), ...(type === stackReference && otherStack) },
  });
  const call = ({ token }: pulumi.runtime.MockCallArgs) =>
    Promise.reject(rpcError(new Error(`The provider function ${token} cannot be called without its provider.`)));
  await pulumi.runtime.setMocks({ newResource, call }, stack.project, stack.name, true);
  pulumi.runtime.setAllConfig(withAbsoluteSources(writtenConfig(stack)), stack.secretKeys);
  watch((request, urn) => {
    const { name, type, parent } = { name: request.getName(), type: request.getType(), parent: request.getParent() || undefined };
    const inputs = request.getObject()?.toJavaScript() ?? {};
    found.push({ urn, type, name, parent, inputs, dependencies: request.getDependenciesList().sort() });
  });
  const failure = Promise.withResolvers<never>();
  process.on("unhandledRejection", failure.reject);
  // The SDK records a stack trace for each promise. With ten frames, that takes half of the time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 2;
  try {
    const { default: program } = (await import(resolve(stack.main))) as { default: () => Promise<unknown> };
    const run = async () => {
      await withoutPreflight(program);
      await pulumi.runtime.disconnect();
    };
    await Promise.race([run(), failure.promise]);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    process.off("unhandledRejection", failure.reject);
  }
  return found.sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

const stackReference = "pulumi:pulumi:StackReference";

/** A request of the SDK to register a resource. Internal to the SDK. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getDependenciesList(): string[];
  getObject(): { toJavaScript(): Properties } | undefined;
}

/** Calls back for every registration, with the URN. Mocks see neither components nor parents. */
function watch(onRegistered: (request: Request, urn: string) => void): void {
  type Callback = (error: Error | null, response: { getUrn(): string }) => void;
  type Monitor = { registerResource(request: Request, callback: Callback): unknown };
  const monitor = (pulumi.runtime as unknown as { getMonitor(): Monitor }).getMonitor();
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) =>
    register(request, (error, response) => {
      if (!error) onRegistered(request, response.getUrn());
      callback(error, response);
    });
}

/** The configuration with absolute paths of all sources, for a program in another folder. What is no map stays as it is. */
export function withAbsoluteSources(config: Stack["config"]): Stack["config"] {
  const absolute = Object.entries({ "slipway:services": "{}", "slipway:jobs": "null" }).flatMap(([key, none]): [string, string][] => {
    const all = parseJson(config[key] ?? none);
    if (!isMap(all)) return [];
    for (const one of Object.values(all)) if (isMap(one) && typeof one.source === "string") one.source = resolve(one.source);
    return [[key, JSON.stringify(all)]];
  });
  return absolute.length === 0 ? config : { ...config, ...Object.fromEntries(absolute) };
}
