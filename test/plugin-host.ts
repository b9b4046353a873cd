import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import resourceGrpc from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resourceProto from "@pulumi/pulumi/proto/resource_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { plain, unknown, type Properties } from "../lib/values.ts";
import type { Outputs } from "./unit/harness.ts";

/** A resource that the plugin registered. */
export interface Registered {
  urn: string;
  type: string;
  name: string;
  /** With the marks of secrets and unknown values. */
  inputs: Properties;
  provider: string;
  dependencies: string[];
  additionalSecretOutputs: string[];
  /** What was done with a resource of the plugin. */
  operation?: "create" | "update" | "replace" | "same";
}

/** The state of a resource of the plugin, with the marks of secrets. */
interface State {
  id: string;
  outputs: Properties;
}

type Callback = (error: grpc.ServiceError | null, response?: unknown) => void;

/**
 * Pulumi's side of a plugin: it starts the plugin as the language host for Node does (pulumi, sdk/nodejs/cmd/pulumi-language-nodejs,
 * RunPlugin), and speaks the protocol of the engine with it. Resources of the plugin are deployed with it; of all others the inputs become
 * the outputs.
 */
export class PluginHost implements AsyncDisposable {
  readonly registered: Registered[] = [];
  /** Errors that the plugin reported to the engine. */
  readonly errors: string[] = [];
  /** What the plugin printed on its standard error stream. */
  printed = "";
  /** Whether nothing may be deployed. */
  preview = false;
  private client!: providerGrpc.ResourceProviderClient;
  readonly states = new Map<string, State>();
  /** Outputs of resources besides their inputs, by type. */
  outputs: Outputs = {};
  private address = "";
  private readonly server = new grpc.Server();
  private plugin!: ChildProcess;

  /**
   * @param folder The folder of the plugin.
   * @param cwd The folder of the program's project.
   */
  static async start(folder: string, cwd: string): Promise<PluginHost> {
    const host = new PluginHost();
    await host.serve();
    await host.startPlugin(folder, cwd);
    return host;
  }

  private async serve(): Promise<void> {
    this.server.addService(engineGrpc.EngineService, {
      log: ({ request }: Properties, done: Callback) => {
        if (request.getSeverity() === engineProto.LogSeverity.ERROR) this.errors.push(request.getMessage());
        done(null, new emptyProto.Empty());
      },
      getRootResource: (_call: unknown, done: Callback) => done(null, new engineProto.GetRootResourceResponse()),
      setRootResource: (_call: unknown, done: Callback) => done(null, new engineProto.SetRootResourceResponse()),
    });
    this.server.addService(resourceGrpc.ResourceMonitorService, {
      supportsFeature: ({ request }: Properties, done: Callback) => {
        const response = new resourceProto.SupportsFeatureResponse();
        response.setHassupport(["secrets", "resourceReferences", "outputValues", "aliasSpecs", "deletedWith"].includes(request.getId()));
        done(null, response);
      },
      registerResource: ({ request }: Properties, done: Callback) =>
        void this.register(request).then(
          (response) => done(null, response),
          (error) => done(error),
        ),
      // The SDK asks for the properties of a provider that it gets by its reference.
      invoke: ({ request }: Properties, done: Callback) => {
        const { urn } = request.getArgs().toJavaScript();
        const response = new resourceProto.ResourceInvokeResponse();
        response.setReturn(structProto.Struct.fromJavaScript({ urn, id: "provider-id", state: {} }));
        done(null, response);
      },
      registerResourceOutputs: (_call: unknown, done: Callback) => done(null, new emptyProto.Empty()),
    });
    const port = await new Promise<number>((listening, failed) =>
      this.server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? failed(error) : listening(bound),
      ),
    );
    this.address = `127.0.0.1:${port}`;
  }

  private async startPlugin(folder: string, cwd: string): Promise<void> {
    const run = createRequire(join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run-plugin/index.js");
    const env = { ...process.env, PULUMI_NODEJS_TYPESCRIPT: "true" };
    this.plugin = spawn(process.execPath, [run, folder, this.address], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    this.plugin.stderr!.on("data", (text) => (this.printed += text));
    const port = once(createInterface(this.plugin.stdout!), "line") as Promise<[string]>;
    const ended = once(this.plugin, "exit").then(([code]) => Promise.reject(new Error(`the plugin ended with ${code}: ${this.printed}`)));
    const [line] = await Promise.race([port, ended]);
    ended.catch(() => {});
    this.client = new providerGrpc.ResourceProviderClient(`127.0.0.1:${line}`, grpc.credentials.createInsecure());
    const request = new providerProto.ConfigureRequest();
    request.setAcceptsecrets(true);
    request.setAcceptresources(true);
    await this.call("configure", request);
  }

  /** Calls the plugin. */
  call(method: string, request: object): Promise<Properties> {
    return new Promise((done, failed) => {
      const client = this.client as unknown as Record<string, (request: object, callback: Callback) => void>;
      client[method]!(request, (error, response) => (error ? failed(error) : done(response as Properties)));
    });
  }

  async schema(): Promise<Properties> {
    return JSON.parse((await this.call("getSchema", new providerProto.GetSchemaRequest())).getSchema()) as Properties;
  }

  /** Constructs a component, and returns its outputs. */
  async construct(
    type: string,
    name: string,
    inputs: Properties,
    options: { providers?: Record<string, string> } = {},
  ): Promise<Properties> {
    const request = new providerProto.ConstructRequest();
    request.setProject("slipway");
    request.setStack("test");
    request.setParallel(16);
    request.setDryrun(this.preview);
    request.setMonitorendpoint(this.address);
    request.setType(`slipway:index:${type}`);
    request.setName(name);
    request.setInputs(structProto.Struct.fromJavaScript(inputs));
    for (const [name_, reference] of Object.entries(options.providers ?? {})) request.getProvidersMap().set(name_, reference);
    return (await this.call("construct", request)).getState().toJavaScript();
  }

  private async register(request: Properties): Promise<unknown> {
    const [type, name, parent] = [request.getType(), request.getName(), request.getParent()];
    const inputs = request.getObject()?.toJavaScript() ?? {};
    const below = parent && !parent.includes("::pulumi:pulumi:Stack::") ? `${parent.split("::")[2]}$` : "";
    const urn = `urn:pulumi:test::slipway::${below}${type}::${name}`;
    const resource: Registered = {
      urn,
      type,
      name,
      inputs,
      provider: request.getProvider(),
      dependencies: request.getDependenciesList(),
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    };
    this.registered.push(resource);
    const response = new resourceProto.RegisterResourceResponse();
    response.setUrn(urn);
    const isOfPlugin = request.getCustom() && type.startsWith("slipway:");
    const { id, outputs } = isOfPlugin
      ? await this.deploy(resource)
      : { id: this.preview || !request.getCustom() ? "" : `${name}-id`, outputs: { ...inputs, ...this.outputs[type]?.(resource) } };
    response.setId(id);
    response.setObject(structProto.Struct.fromJavaScript(outputs));
    return response;
  }

  /** As the engine: Check, and Diff or Create or Update. The plugin cannot preview (`supportsPreview`), so outputs are unknown then. */
  private async deploy(resource: Registered): Promise<State> {
    const { urn, inputs } = resource;
    const struct = (value: Properties) => structProto.Struct.fromJavaScript(value);
    const old = this.states.get(urn);
    const check = new providerProto.CheckRequest();
    check.setUrn(urn);
    check.setOlds(struct(old?.outputs ?? {}));
    check.setNews(struct(inputs));
    const checked = (await this.call("check", check)).getInputs();
    resource.operation = old ? await this.diff(urn, old, checked) : "create";
    if (resource.operation === "same") return old!;
    if (this.preview) return { id: resource.operation === "update" ? old!.id : "", outputs: inputs };
    if (resource.operation === "update") {
      const update = new providerProto.UpdateRequest();
      update.setId(old!.id);
      update.setUrn(urn);
      update.setOlds(struct(old!.outputs));
      update.setNews(checked);
      const outputs = (await this.call("update", update)).getProperties().toJavaScript();
      this.states.set(urn, { id: old!.id, outputs });
    } else {
      const create = new providerProto.CreateRequest();
      create.setUrn(urn);
      create.setProperties(checked);
      const created = await this.call("create", create);
      this.states.set(urn, { id: created.getId(), outputs: created.getProperties().toJavaScript() });
    }
    return this.states.get(urn)!;
  }

  private async diff(urn: string, { id, outputs }: State, news: structProto.Struct): Promise<"same" | "update" | "replace"> {
    const diff = new providerProto.DiffRequest();
    diff.setId(id);
    diff.setUrn(urn);
    diff.setOlds(structProto.Struct.fromJavaScript(outputs));
    diff.setNews(news);
    const response = await this.call("diff", diff);
    if (response.getReplacesList().length > 0) return "replace";
    return response.getChanges() === providerProto.DiffResponse.DiffChanges.DIFF_NONE ? "same" : "update";
  }

  /** Refreshes a resource of the plugin. Returns whether it still exists. */
  async read(urn: string): Promise<boolean> {
    const { id, outputs } = this.states.get(urn)!;
    const request = new providerProto.ReadRequest();
    request.setId(id);
    request.setUrn(urn);
    request.setProperties(structProto.Struct.fromJavaScript(outputs));
    const response = await this.call("read", request);
    if (response.getId()) this.states.set(urn, { id: response.getId(), outputs: response.getProperties().toJavaScript() });
    else this.states.delete(urn);
    return response.getId() !== "";
  }

  /** What was registered: types and names, sorted. */
  get summary(): string[] {
    return this.registered.map(({ type, name }) => `${type} ${name}`).sort();
  }

  /** The inputs of a registered resource, without marks of secrets. */
  inputsOf(type: string, name: string): Properties {
    return plain(this.registered.find((resource) => resource.type === type && resource.name === name)?.inputs);
  }

  /** Forgets what was registered. */
  clear(): void {
    this.registered.length = 0;
    this.errors.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client?.close();
    if (this.plugin.exitCode === null && this.plugin.kill()) await once(this.plugin, "exit");
    this.server.forceShutdown();
  }
}

/** A value that is only known after an update, and the resources that it comes from, as the engine hands it to a plugin. */
export function output(value: unknown, options: { secret?: boolean; dependencies?: string[] } = {}): Properties {
  // sdk/nodejs/runtime/rpc.ts, specialOutputValueSig.
  return {
    "4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4",
    ...(value === unknown ? {} : { value }),
    secret: options.secret ?? false,
    dependencies: options.dependencies ?? [],
  };
}
