import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Properties } from "../../lib/values.ts";
import type { Stack } from "../../config/stack-file.ts";
import { outputsOf } from "./outputs.ts";

/** A resource that the program registers for a stack. */
export interface Registered {
  urn: string;
  type: string;
  name: string;
  parent: string | undefined;
  /** Inputs, with the SDK's marks on what is secret or only known later. */
  inputs: Properties;
}

/**
 * All that the program registers for a stack, components too. It runs as in a preview, against nothing: neither Docker nor a cluster nor
 * AWS is asked; what only they know stands as an example of it. Services with a source are compiled, for the digests.
 */
export async function registrationsOf(stack: Stack): Promise<Registered[]> {
  const found: Registered[] = [];
  const newResource = ({ type, name, inputs }: pulumi.runtime.MockResourceArgs) => ({
    // Of a container that has an id, the kubeconfig would be read.
    id: type === "docker:index/container:Container" ? undefined : `${name}-id`,
    state: { ...(inputs as Properties), ...outputsOf(type, name, inputs as Properties) },
  });
  const call = ({ token }: pulumi.runtime.MockCallArgs) => Promise.reject(new Error(`${token} is asked of a provider`));
  await pulumi.runtime.setMocks({ newResource, call }, stack.project, stack.name, true);
  pulumi.runtime.setAllConfig(withAbsoluteSources(stack.config), stack.secretKeys);
  watch((request, urn) => {
    const { name, type, parent } = { name: request.getName(), type: request.getType(), parent: request.getParent() || undefined };
    found.push({ urn, type, name, parent, inputs: request.getObject()?.toJavaScript() ?? {} });
  });
  const failure = Promise.withResolvers<never>();
  process.on("unhandledRejection", failure.reject);
  try {
    const { default: program } = await import("../../index.ts");
    const run = async () => {
      await program({ checked: false });
      await pulumi.runtime.disconnect();
    };
    await Promise.race([run(), failure.promise]);
  } finally {
    process.off("unhandledRejection", failure.reject);
  }
  return found.sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

/** What the SDK asks an engine for. Internal to the SDK. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getObject(): { toJavaScript(): Properties } | undefined;
}

/** Tells of every resource that is registered, with its URN: mocks are told of no components, and of no parents. */
function watch(tell: (request: Request, urn: string) => void): void {
  type Callback = (error: Error | null, response: { getUrn(): string }) => void;
  type Monitor = { registerResource(request: Request, callback: Callback): unknown };
  const monitor = (pulumi.runtime as unknown as { getMonitor(): Monitor }).getMonitor();
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) =>
    register(request, (error, response) => {
      if (!error) tell(request, response.getUrn());
      callback(error, response);
    });
}

/** Sources of the checkout, found from any folder. */
export function withAbsoluteSources(config: Stack["config"]): Stack["config"] {
  const services = JSON.parse(config["slipway:services"] ?? "{}") as Record<string, { source?: string } | null>;
  for (const service of Object.values(services)) if (typeof service?.source === "string") service.source = resolve(service.source);
  return { ...config, "slipway:services": JSON.stringify(services) };
}
