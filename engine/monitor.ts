import * as pulumi from "@pulumi/pulumi";
import resproto from "@pulumi/pulumi/proto/resource_pb.js";
import type { Callback as CallbackReference } from "@pulumi/pulumi/proto/callback_pb.js";
import settings from "@pulumi/pulumi/runtime/settings.js";
import structproto from "google-protobuf/google/protobuf/struct_pb.js";
import type { Stack } from "../config/stack-file.ts";
import { label, type Deployment } from "./deployment.ts";
import { needsCLI } from "./provider.ts";
import { Transforms } from "./transforms.ts";
import type { Properties } from "../lib/values.ts";

type Callback = (error: Error | null, response?: unknown) => void;

/** The monitor that a program registers its resources with: the seam that the SDK has for tests, with an engine behind it. */
function createMonitor(deployment: Deployment, stack: Stack, preview: boolean, onFailure: (error: Error) => void): object {
  const urnOf = (parent: string, type: string, name: string) => {
    const below = parent && !parent.includes("::pulumi:pulumi:Stack::") ? `${parent.split("::")[2]}$` : "";
    return `urn:pulumi:${stack.name}::${stack.project}::${below}${type}::${name}`;
  };

  const transforms = new Transforms();

  async function register(request: Properties): Promise<unknown> {
    const [parent, type, name] = [request.getParent(), request.getType(), request.getName()];
    await transforms.apply(request, urnOf(parent, type, name));
    refuseOptions(request, preview);
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
      const honoured = ["SECRETS", "DELETED_WITH", "ALIAS_SPECS", "TRANSFORMS"] as const;
      info.setSupportedfeaturesList(honoured.map((feature) => resproto.ResourceMonitorFeature[`RESOURCE_MONITOR_FEATURE_${feature}`]));
      callback(null, info);
    },
    // A resource that fails is never answered: what depends on it waits for good, as with the real engine.
    registerResource(request: Properties, callback: Callback) {
      const failed = (error: Error) => {
        deployment.fail(label({ type: request.getType(), urn: request.getName() }), error);
        onFailure(error);
      };
      register(request).then((response) => callback(null, response), failed);
    },
    registerResourceOutputs(request: Properties, callback: Callback) {
      const state = deployment.find(request.getUrn());
      if (state) state.outputs = request.getOutputs()?.toJavaScript() ?? {};
      callback(null, {});
    },
    registerStackTransform(transform: CallbackReference, callback: Callback) {
      transforms.addToStack(transform);
      callback(null, {});
    },
    invoke: (request: Properties, callback: Callback) => callback(needsCLI(`calls no functions of providers, such as ${request.getTok()}`)),
    readResource: (request: Properties, callback: Callback) =>
      callback(needsCLI(`reads no existing resources, such as ${request.getName()}`)),
  };
}

/** What the properties of a resource come from. */
function usesOf(request: Properties): string[] {
  const uses: string[] = [];
  request.getPropertydependenciesMap().forEach((of: Properties) => uses.push(...of.getUrnsList()));
  return uses;
}

/** Refuses what would change the meaning of the program and is not honoured here. A preview deletes nothing anyway. */
function refuseOptions(request: Properties, preview: boolean): void {
  const given = {
    protect: request.getProtect() && !preview,
    ignoreChanges: request.getIgnorechangesList().length > 0,
    replaceOnChanges: request.getReplaceonchangesList().length > 0,
    replaceWith: request.getReplaceWithList().length > 0,
    replacementTrigger: request.hasReplacementTrigger(),
    import: request.getImportid() !== "",
    retainOnDelete: request.getRetainondelete(),
    hooks: Object.values(request.getHooks()?.toObject() ?? {}).flat().length > 0,
    "remote components": request.getRemote(),
  };
  const refused = Object.entries(given).flatMap(([option, isGiven]) => (isGiven ? option : []));
  if (refused.length > 0) throw needsCLI(`does not honour ${refused.join(", ")}`);
}

/** Runs a program against a deployment. What fails, the deployment has told of by then. */
export async function runProgram(stack: Stack, program: () => Promise<unknown>, deployment: Deployment, preview: boolean): Promise<void> {
  const failure = Promise.withResolvers<never>();
  const done = () => pulumi.runtime.disconnect().then(() => new Promise((turn) => setImmediate(turn))); // a turn for rejections to be told
  settings.setMockOptions(createMonitor(deployment, stack, preview, failure.reject), stack.project, stack.name, preview);
  pulumi.runtime.setAllConfig(stack.config, stack.secretKeys);
  await (settings as unknown as { awaitFeatureSupport(): Promise<void> }).awaitFeatureSupport(); // internal to the SDK
  process.on("unhandledRejection", failure.reject); // what the program throws in an apply reaches no one else
  try {
    await Promise.race([pulumi.runtime.runInPulumiStack(program).then(done), failure.promise]);
  } catch (error) {
    if (!deployment.failed) deployment.fail("program", error as Error);
  } finally {
    await deployment.settle();
  }
}
