import * as pulumi from "@pulumi/pulumi";
import resproto from "@pulumi/pulumi/proto/resource_pb.js";
import type { Callback as CallbackReference } from "@pulumi/pulumi/proto/callback_pb.js";
import settings from "@pulumi/pulumi/runtime/settings.js";
import structproto from "google-protobuf/google/protobuf/struct_pb.js";
import { writtenConfig, type Stack } from "../config/stack-file.ts";
import { label, type Deployment } from "./deployment.ts";
import { lightenSdk } from "./light-sdk.ts";
import { needsCLI } from "./provider.ts";
import { Transforms } from "./transforms.ts";
import { parsePath } from "../lib/property-path.ts";
import { rpcError } from "../lib/rpc-error.ts";
import type { Properties } from "../lib/values.ts";

type Callback = (error: Error | null, response?: unknown) => void;

/** The monitor that a program registers its resources with. The SDK's hook for test mocks connects it to this engine. */
function createMonitor(deployment: Deployment, stack: Stack, preview: boolean, onFailure: (error: Error) => void): object {
  const urnOf = (parent: string, type: string, name: string) => {
    const below = parent && !parent.includes("::pulumi:pulumi:Stack::") ? `${parent.split("::")[2]}$` : "";
    return `urn:pulumi:${stack.name}::${stack.project}::${below}${type}::${name}`;
  };

  const transforms = new Transforms();

  async function register(request: Properties): Promise<unknown> {
    const [parent, type, name] = [request.getParent(), request.getType(), request.getName()];
    await transforms.apply(request, urnOf(parent, type, name));
    rejectUnsupportedOptions(request, preview);
    const aliasOf = (alias: Properties) => {
      const spec = alias.getSpec();
      const under = spec?.getNoparent() ? "" : spec?.getParenturn() || parent;
      return spec ? urnOf(under, spec.getType() || type, spec.getName() || name) : alias.getUrn();
    };
    const state = await deployment.register({
      urn: urnOf(parent, type, name),
      aliases: request.getAliasesList().map(aliasOf),
      type,
      custom: request.getCustom(),
      parent: parent || undefined,
      provider: request.getProvider() || undefined,
      dependencies: request.getDependenciesList(),
      uses: usesOf(request),
      deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
      deletedWith: request.getDeletedwith() || undefined,
      retainOnDelete: request.getRetainondelete() || undefined,
      ignoreChanges: request.getIgnorechangesList().map(parsePath),
      replaceOnChanges: request.getReplaceonchangesList().map(parsePath),
      inputs: request.getObject()?.toJavaScript() ?? {},
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      timeouts: { create: request.getCustomtimeouts()?.getCreate(), update: request.getCustomtimeouts()?.getUpdate() },
    });
    const response = new resproto.RegisterResourceResponse();
    response.setUrn(state.urn);
    response.setId(state.id ?? "");
    response.setObject(structproto.Struct.fromJavaScript(state.outputs as never));
    return response;
  }

  return {
    getDeploymentInfo(_request: unknown, callback: Callback) {
      const info = new resproto.DeploymentInfo();
      const supported = ["SECRETS", "DELETED_WITH", "ALIAS_SPECS", "TRANSFORMS"] as const;
      info.setSupportedfeaturesList(supported.map((feature) => resproto.ResourceMonitorFeature[`RESOURCE_MONITOR_FEATURE_${feature}`]));
      callback(null, info);
    },
    // There is no response for a resource that fails, so its dependents wait forever, as with Pulumi's engine.
    registerResource(request: Properties, callback: Callback) {
      const failed = (error: Error) => {
        deployment.fail(label({ type: request.getType(), urn: request.getName() }), error);
        onFailure(error);
      };
      register(request).then((response) => callback(null, response), failed);
    },
    registerResourceOutputs(request: Properties, callback: Callback) {
      const state = deployment.find(request.getUrn());
      if (state) deployment.setOutputs(state, request.getOutputs()?.toJavaScript() ?? {});
      callback(null, {});
    },
    registerStackTransform(transform: CallbackReference, callback: Callback) {
      transforms.addToStack(transform);
      callback(null, {});
    },
    invoke: (request: Properties, callback: Callback) =>
      callback(rpcError(needsCLI(`does not call provider functions (${request.getTok()})`))),
    readResource: (request: Properties, callback: Callback) =>
      callback(rpcError(needsCLI(`does not read existing resources (${request.getName()})`))),
  };
}

/** The resources whose outputs are among the properties. */
function usesOf(request: Properties): string[] {
  const uses: string[] = [];
  request.getPropertydependenciesMap().forEach((dependencies: Properties) => uses.push(...dependencies.getUrnsList()));
  return uses;
}

/** Rejects options that change what the program does and that this engine does not support. A preview deletes nothing, so it may ignore `protect`. */
function rejectUnsupportedOptions(request: Properties, preview: boolean): void {
  const given = {
    protect: request.getProtect() && !preview,
    replaceWith: request.getReplaceWithList().length > 0,
    replacementTrigger: request.hasReplacementTrigger(),
    import: request.getImportid() !== "",
    hooks: Object.values(request.getHooks()?.toObject() ?? {}).flat().length > 0,
    "remote components": request.getRemote(),
  };
  const unsupported = Object.entries(given).flatMap(([option, isGiven]) => (isGiven ? option : []));
  if (unsupported.length > 0) throw needsCLI(`does not support ${unsupported.join(", ")}`);
}

/** Runs a program against a deployment, which reports all failures. */
export async function runProgram(stack: Stack, program: () => Promise<unknown>, deployment: Deployment, preview: boolean): Promise<void> {
  const failure = Promise.withResolvers<never>();
  // Rejections are reported one turn of the event loop later.
  const done = () => pulumi.runtime.disconnect().then(() => new Promise((turn) => setImmediate(turn)));
  lightenSdk();
  settings.setMockOptions(createMonitor(deployment, stack, preview, failure.reject), stack.project, stack.name, preview);
  pulumi.runtime.setAllConfig(writtenConfig(stack), stack.secretKeys);
  await (settings as unknown as { awaitFeatureSupport(): Promise<void> }).awaitFeatureSupport(); // internal to the SDK
  // An error that the program throws in an `apply` is only seen here. The listener stays, because an aborted program may still reject later.
  process.on("unhandledRejection", failure.reject);
  try {
    await Promise.race([pulumi.runtime.runInPulumiStack(program).then(done), failure.promise]);
  } catch (error) {
    if (!deployment.failed) deployment.fail("program", error as Error);
  } finally {
    await deployment.settle();
  }
}
