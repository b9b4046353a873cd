import * as pulumi from "@pulumi/pulumi";

/** A resource that a program registered. */
export interface Recorded {
  type: string;
  name: string;
  inputs: Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- tests know the types of the inputs
}

/** Outputs of mocked resources in addition to their inputs, by type. */
export type Outputs = Record<string, (resource: Recorded) => Record<string, unknown>>;

/**
 * Runs a program against mocks that record its resources. Mocks do not know provider schemas, do not reject what an engine would reject,
 * and do not call transforms: tests prove only what is registered.
 */
export async function record<T>(
  program: () => T | Promise<T>,
  options: { preview?: boolean; outputs?: Outputs; stack?: string | undefined } = {},
) {
  const resources: Recorded[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        const resource = { type, name, inputs };
        resources.push(resource);
        const id = options.preview ? undefined : `${name}-id`;
        return { id, state: { ...inputs, ...options.outputs?.[type]?.(resource) } };
      },
      call: ({ token }) => {
        throw new Error(`unexpected call of ${token}`);
      },
    },
    "slipway",
    options.stack ?? "test",
    options.preview ?? false,
  );
  // The SDK records a stack trace for each promise, which takes much of the time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 2;
  let failure: Error | undefined;
  const onUnhandled = (error: Error) => (failure ??= error);
  process.on("unhandledRejection", onUnhandled);
  try {
    const result = await program();
    await pulumi.runtime.disconnect();
    if (failure) throw failure;
    return { result, resources, urns: [...registered().keys()] };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    process.off("unhandledRejection", onUnhandled);
  }
}

/** How a resource was registered. */
export interface Registration {
  /** Kinds and names of its dependencies, sorted. Components are replaced by their children. */
  waitsFor: string[];
  protect: boolean;
  /** Kinds and names of its provider and its parent, if any. Both are created before it. */
  provider: string | undefined;
  parent: string | undefined;
}

/** The fields of the SDK's registration request that mocks do not receive. Internal to the SDK. */
export interface Request {
  getType(): string;
  getName(): string;
  getDependenciesList(): string[];
  getPropertydependenciesMap(): { forEach(tell: (dependencies: { getUrnsList(): string[] }, property: string) => void): void };
  getProtect(): boolean;
  getProvider(): string;
  getParent(): string;
  getIgnorechangesList(): string[];
  getReplaceonchangesList(): string[];
  getDeletebeforereplace(): boolean;
  getRetainondelete(): boolean;
  getCustomtimeouts(): { getCreate(): string; getUpdate(): string; getDelete(): string } | undefined;
}

/** Options of a resource that a program sets. */
export interface ResourceOptions {
  ignoreChanges: string[];
  replaceOnChanges: string[];
  deleteBeforeReplace: boolean;
  retainOnDelete: boolean;
  /** Of create, update and delete; empty for the default. */
  timeouts: [string, string, string];
}

/** Runs a program like `record`. Returns the options of its resources, by kind and name. */
export async function optionsOf(program: () => unknown, options: Parameters<typeof record>[1]): Promise<Record<string, ResourceOptions>> {
  const found: Record<string, ResourceOptions> = {};
  const watched = watch(program, (request) => {
    const timeouts = request.getCustomtimeouts();
    found[`${request.getType().split(":").at(-1)} ${request.getName()}`] = {
      ignoreChanges: request.getIgnorechangesList(),
      replaceOnChanges: request.getReplaceonchangesList(),
      deleteBeforeReplace: request.getDeletebeforereplace(),
      retainOnDelete: request.getRetainondelete(),
      timeouts: [timeouts?.getCreate() ?? "", timeouts?.getUpdate() ?? "", timeouts?.getDelete() ?? ""],
    };
  });
  await record(watched, options);
  return found;
}

/** Wraps a program so that, with mocks, it also reports each registration request of the SDK. */
export function watch<T>(program: () => T, onRequest: (request: Request) => void): () => T {
  type Monitor = { registerResource(request: Request, callback: unknown): unknown };
  return () => {
    const monitor = (pulumi.runtime as unknown as { getMonitor(): Monitor }).getMonitor();
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) => {
      onRequest(request);
      return register(request, callback);
    };
    return program();
  };
}

/** Runs a program like `record`. Returns how its resources were registered, by kind and name. */
export async function register(program: () => unknown, options: Parameters<typeof record>[1]): Promise<Record<string, Registration>> {
  const found: Record<string, Registration> = {};
  const short = (urn: string) => `${urn.split("::").at(2)!.split(":").at(-1)} ${urn.split("::").at(3)}`;
  const shortIfAny = (urn: string) => (urn === "" ? undefined : short(urn));
  const watched = watch(program, (request) => {
    found[`${request.getType().split(":").at(-1)} ${request.getName()}`] = {
      waitsFor: request.getDependenciesList().map(short).sort(),
      protect: request.getProtect(),
      provider: shortIfAny(request.getProvider()),
      parent: shortIfAny(request.getParent()),
    };
  });
  await record(watched, options);
  return found;
}

/** The URNs of the registered resources: `…$<parent type>$<type>::<name>`. Internal to the SDK. */
function registered(): Map<string, unknown> {
  const monitor = (pulumi.runtime as unknown as { getMonitor(): { getRegisteredResources(): Map<string, unknown> } }).getMonitor();
  return monitor.getRegisteredResources();
}

/** Type path, which includes the parent, and name of URNs, sorted. */
export function tree(urns: string[]): string[] {
  return urns.map((urn) => urn.split("::").slice(2).join(" ")).sort();
}

/** The value of an output, and whether it is secret. Internal to the SDK. */
export async function settle<T>(output: pulumi.Output<T>): Promise<{ value: T; secret: boolean }> {
  const internal = output as unknown as { promise(): Promise<T>; isSecret: Promise<boolean> };
  return { value: await internal.promise(), secret: await internal.isSecret };
}
