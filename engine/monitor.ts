import * as pulumi from "@pulumi/pulumi";
import resproto from "@pulumi/pulumi/proto/resource_pb.js";
import settings from "@pulumi/pulumi/runtime/settings.js";
import structproto from "google-protobuf/google/protobuf/struct_pb.js";
import { UserError } from "../components/internal/user-error.ts";
import type { Deployment, Goal } from "./deployment.ts";
import type { Stack } from "./stack.ts";
import { unknown, type Value } from "./values.ts";

type Callback<T> = (error: Error | null, response?: T) => void;

/**
 * The resource monitor that a program registers its resources with: the seam that the SDK has for tests
 * (`pulumi.runtime.setMocks`), here with an engine behind it.
 */
class Monitor {
  /** Outputs of the stack, once the program has told them. */
  outputs: Record<string, Value> = {};
  private readonly deployment: Deployment;
  private readonly prefix: string;
  private readonly onFailure: (error: Error) => void;

  constructor(deployment: Deployment, stack: Stack, onFailure: (error: Error) => void) {
    this.deployment = deployment;
    this.prefix = `urn:pulumi:${stack.name}::${stack.project}::`;
    this.onFailure = onFailure;
  }

  // A resource that fails is never answered: what depends on it waits for good, as with the real engine.
  registerResource(request: any, callback: Callback<unknown>): void {
    this.register(request).then(
      (response) => callback(null, response),
      (error) => {
        if (!this.deployment.failed) this.deployment.fail(request.getType(), request.getName(), error);
        this.onFailure(error);
      },
    );
  }

  registerResourceOutputs(request: any, callback: Callback<object>): void {
    const state = this.deployment.find(request.getUrn());
    const outputs = deserialize(request.getOutputs());
    if (state) state.outputs = outputs;
    if (state?.type === "pulumi:pulumi:Stack") this.outputs = outputs;
    callback(null, {});
  }

  invoke(request: any, callback: Callback<never>): void {
    callback(new UserError(`The embedded engine knows no functions of providers, and the program calls ${request.getTok()}. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).`));
  }

  readResource(request: any, callback: Callback<never>): void {
    callback(new UserError(`The embedded engine reads no existing resources, and the program reads ${request.getName()} (${request.getType()}). Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).`));
  }

  getDeploymentInfo(_request: unknown, callback: Callback<unknown>): void {
    const { RESOURCE_MONITOR_FEATURE_SECRETS, RESOURCE_MONITOR_FEATURE_DELETED_WITH, RESOURCE_MONITOR_FEATURE_ALIAS_SPECS } = resproto.ResourceMonitorFeature;
    const info = new resproto.DeploymentInfo();
    info.setSupportedfeaturesList([RESOURCE_MONITOR_FEATURE_SECRETS, RESOURCE_MONITOR_FEATURE_DELETED_WITH, RESOURCE_MONITOR_FEATURE_ALIAS_SPECS]);
    callback(null, info);
  }

  private urn(parent: string, type: string, name: string): string {
    const below = parent && !parent.includes("::pulumi:pulumi:Stack::") ? `${parent.split("::")[2]}$` : "";
    return `${this.prefix}${below}${type}::${name}`;
  }

  private async register(request: any): Promise<unknown> {
    refuseOptions(request);
    const parent: string = request.getParent();
    const type: string = request.getType();
    const name: string = request.getName();
    const timeouts = request.getCustomtimeouts();
    const goal: Goal = {
      urn: this.urn(parent, type, name),
      aliases: request.getAliasesList().map((alias: any) => {
        const spec = alias.getSpec();
        return spec ? this.urn(spec.getNoparent() ? "" : spec.getParenturn() || parent, spec.getType() || type, spec.getName() || name) : alias.getUrn();
      }),
      type,
      custom: request.getCustom(),
      parent: parent || undefined,
      provider: request.getProvider() || undefined,
      dependencies: request.getDependenciesList(),
      deletedWith: request.getDeletedwith() || undefined,
      inputs: deserialize(request.getObject()),
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      timeouts: { create: timeouts?.getCreate(), update: timeouts?.getUpdate(), delete: timeouts?.getDelete() },
    };
    const state = await this.deployment.register(goal);
    const response = new resproto.RegisterResourceResponse();
    response.setUrn(state.urn);
    response.setId(state.id === unknown ? "" : (state.id ?? ""));
    response.setObject(structproto.Struct.fromJavaScript(state.outputs as never));
    return response;
  }
}

/** Options that would change what happens, and that this engine does not honour. */
function refuseOptions(request: any): void {
  const given: Record<string, boolean> = {
    protect: request.getProtect(),
    ignoreChanges: request.getIgnorechangesList().length > 0,
    replaceOnChanges: request.getReplaceonchangesList().length > 0,
    replaceWith: request.getReplaceWithList().length > 0,
    replacementTrigger: request.hasReplacementTrigger(),
    import: request.getImportid() !== "",
    deleteBeforeReplace: request.getDeletebeforereplacedefined(),
    retainOnDelete: request.getRetainondelete(),
    transforms: request.getTransformsList().length > 0,
    hooks: request.getHooks() !== undefined && Object.values(request.getHooks().toObject()).flat().length > 0,
    "remote components": request.getRemote(),
  };
  const refused = Object.keys(given).filter((option) => given[option]);
  if (refused.length > 0) {
    throw new UserError(`${request.getName()} (${request.getType()}): the embedded engine does not know ${refused.join(", ")}. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).`);
  }
}

function deserialize(struct: any): Record<string, Value> {
  return struct === undefined ? {} : struct.toJavaScript();
}

/**
 * Runs a program against a deployment and returns the stack's outputs; undefined where something failed, which the display
 * has told by then.
 */
export async function runProgram(stack: Stack, program: () => Promise<unknown>, deployment: Deployment, preview: boolean): Promise<Record<string, Value> | undefined> {
  let fail: (error: Error) => void = () => {};
  const failure = new Promise<never>((_resolve, reject) => (fail = reject));
  failure.catch(() => {});
  const monitor = new Monitor(deployment, stack, (error) => fail(error));
  settings.setMockOptions(monitor, stack.project, stack.name, preview);
  pulumi.runtime.setAllConfig(stack.config, stack.secretKeys);
  await (settings as unknown as { awaitFeatureSupport(): Promise<void> }).awaitFeatureSupport(); // internal to the SDK
  // What a program throws in an apply reaches no one else.
  const onUnhandled = (error: Error) => {
    if (!deployment.failed) deployment.fail(stack.project, stack.name, error);
    fail(error);
  };
  process.on("unhandledRejection", onUnhandled);
  try {
    const finished = pulumi.runtime.runInPulumiStack(program).then(() => pulumi.runtime.disconnect());
    await Promise.race([finished, failure]);
    return monitor.outputs;
  } catch (error) {
    if (!deployment.failed) throw error;
    return undefined;
  } finally {
    await deployment.settle();
    process.off("unhandledRejection", onUnhandled);
  }
}
