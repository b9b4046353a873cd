import { existsSync } from "node:fs";
import type { Duplex, Readable, Writable } from "node:stream";
// Not from the package as a whole, so that slim-kubernetes-package.ts can leave out most of it.
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { createConfiguration } from "@kubernetes/client-node/dist/gen/configuration.js";
import { HttpMethod, type RequestContext, type ResponseContext } from "@kubernetes/client-node/dist/gen/http/http.js";
import { ServerConfiguration } from "@kubernetes/client-node/dist/gen/servers.js";
import { KubernetesObjectApi } from "@kubernetes/client-node/dist/object.js";
import { PatchStrategy } from "@kubernetes/client-node/dist/patch.js";
import type { KubernetesObject, LogOptions, SecurityAuthentication } from "@kubernetes/client-node";
import { deletionBlockers } from "./kubernetes-deletion.ts";
import { pollUntil } from "./poll.ts";
import { UserError } from "./user-error.ts";

/** Any Kubernetes object. */
export type Manifest = KubernetesObject & Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- fields depend on the kind

/** An error that the Kubernetes API returned, with its message. */
export class KubernetesError extends Error {
  readonly status: number;
  /** Whether the cluster does not have the kind of the object. */
  readonly isUnknownKind: boolean;
  constructor(status: number, message: string, isUnknownKind = false) {
    super(message);
    this.status = status;
    this.isUnknownKind = isUnknownKind;
  }
}

/** Who changes objects, for everybody who looks at them. */
const fieldManager = "slipway";

/** Milliseconds after which credentials and certificates are read again: plugins may have renewed them. */
const connectionsForMs = 60_000;

/** The credentials of a kubeconfig. The client would open a new connection for each request. */
function keepingConnections(config: KubeConfig): SecurityAuthentication {
  let kept: { connections: ReturnType<RequestContext["getDispatcher"]>; since: number } | undefined;
  return {
    getName: () => config.getName(),
    async applySecurityAuthentication(request) {
      await config.applySecurityAuthentication(request);
      if (kept === undefined || performance.now() - kept.since > connectionsForMs)
        kept = { connections: request.getDispatcher(), since: performance.now() };
      if (kept.connections !== undefined) request.setDispatcher(kept.connections);
    },
  };
}

function loadFile(config: KubeConfig, file: string): void {
  if (!existsSync(file)) throw new UserError(`kubeconfig: does not exist (got "${file}"). Correct the path, or KUBECONFIG.`);
  config.loadFromFile(file);
}

function useContext(config: KubeConfig, context: string): void {
  if (config.getContextObject(context) === null) {
    const known = config.getContexts().map(({ name }) => name);
    throw new UserError(`context: is not in the kubeconfig (got "${context}"). Contexts: ${known.join(", ") || "none"}.`);
  }
  config.setCurrentContext(context);
}

/** A client that passes objects through unchanged. The typed client drops fields that it does not know. */
export class KubernetesCluster extends KubernetesObjectApi {
  /** URL of the API. */
  readonly server: string;
  private readonly config: KubeConfig;
  /** Milliseconds by which the cluster's clock is ahead of this machine's. */
  private clockOffset = 0;

  /**
   * @param kubeconfig contents, or the path of a file, as Pulumi's provider takes it. @default - the files in $KUBECONFIG, or ~/.kube/config.
   * @param context @default - the current context of the kubeconfig.
   * @throws UserError if the file does not exist, or does not have the context.
   */
  constructor(kubeconfig: string | undefined, context?: string) {
    const config = new KubeConfig();
    if (kubeconfig === undefined) config.loadFromDefault();
    else if (/[\n{]/.test(kubeconfig)) config.loadFromString(kubeconfig);
    else loadFile(config, kubeconfig);
    if (context !== undefined) useContext(config, context);
    const baseServer = new ServerConfiguration(String(config.getCurrentCluster()?.server), {});
    super(createConfiguration({ baseServer, authMethods: { default: keepingConnections(config) } }));
    this.server = String(config.getCurrentCluster()?.server);
    this.config = config;
  }

  /** The time of the cluster's clock in milliseconds, to the second, once it has answered a request; before that of this machine's. */
  now(): number {
    return Date.now() + this.clockOffset;
  }

  /** Server-side apply. Unknown and duplicate fields are rejected. */
  async apply(manifest: Manifest, dryRun: boolean): Promise<Manifest> {
    const request = this.configuration.baseServer.makeRequestContext(await this.specUriPath(manifest, "patch"), HttpMethod.PATCH);
    const query = { fieldManager, fieldValidation: "Strict", force: "true", ...(dryRun && { dryRun: "All" }) };
    for (const [name, value] of Object.entries(query)) request.setQueryParam(name, value);
    request.setHeaderParam("Content-Type", "application/apply-patch+yaml");
    request.setBody(JSON.stringify(manifest));
    return this.requestPromise<Manifest>(request);
  }

  /** Changes the given fields and leaves the others unchanged. */
  async merge(part: Manifest): Promise<void> {
    const none = undefined;
    await this.patch(part, none, none, fieldManager, none, PatchStrategy.MergePatch);
  }

  /** Applies a JSON Patch (RFC 6902) to an object. */
  async patchFields({ apiVersion, kind, metadata }: Manifest, operations: object[]): Promise<void> {
    const request = this.configuration.baseServer.makeRequestContext(
      await this.specUriPath({ apiVersion: apiVersion!, kind: kind!, metadata: metadata! }, "patch"),
      HttpMethod.PATCH,
    );
    request.setHeaderParam("Content-Type", "application/json-patch+json");
    request.setQueryParam("fieldManager", fieldManager);
    request.setBody(JSON.stringify(operations));
    await this.requestPromise<Manifest>(request);
  }

  async find({ apiVersion, kind, metadata }: Manifest): Promise<Manifest | undefined> {
    const header = { apiVersion, kind, metadata: { name: String(metadata?.name), namespace: metadata?.namespace } };
    return this.read<Manifest>(header).catch(unlessMissing);
  }

  /** What the API answers at a path that is not one of an object, such as `/version`. Undefined if the deployer may not see it. */
  async ask<T>(path: string): Promise<T | undefined> {
    const request = this.configuration.baseServer.makeRequestContext(path, HttpMethod.GET);
    const hidden = (error: Error) => (error instanceof KubernetesError ? undefined : Promise.reject(error));
    return this.requestPromise<T & KubernetesObject>(request).catch(hidden);
  }

  async select(apiVersion: string, kind: string, namespace: string | undefined, labels: string): Promise<Manifest[]> {
    const none = undefined;
    return (await this.list<Manifest>(apiVersion, kind, namespace, none, none, none, none, labels)).items;
  }

  /** The objects of a resource such as `deployments.apps` in a namespace. */
  async listResource(resource: string, namespace: string): Promise<Manifest[]> {
    const [name, ...rest] = resource.split(".");
    const get = (path: string) => {
      const request = this.configuration.baseServer.makeRequestContext(path, HttpMethod.GET);
      return this.requestPromise<Manifest>(request);
    };
    const group = rest.join(".");
    const root =
      group === "" ? "/api/v1" : `/apis/${((await get(`/apis/${group}`))["preferredVersion"] as { groupVersion: string }).groupVersion}`;
    return ((await get(`${root}/namespaces/${namespace}/${name}`)) as { items?: Manifest[] }).items ?? [];
  }

  /** Starts to delete all objects of a kind in a namespace, and what belongs to them. Pods get `graceSeconds` to stop. */
  async removeAll(apiVersion: string, kind: string, namespace: string, graceSeconds?: number): Promise<void> {
    const path = await this.specUriPath({ apiVersion, kind, metadata: { namespace } }, "list");
    const request = this.configuration.baseServer.makeRequestContext(path, HttpMethod.DELETE);
    request.setQueryParam("propagationPolicy", "Background");
    if (graceSeconds !== undefined) request.setQueryParam("gracePeriodSeconds", String(graceSeconds));
    await this.requestPromise<Manifest>(request);
  }

  /**
   * Deletes an object and waits until it no longer exists. With a UID, another object of the same name is not deleted.
   *
   * @param progress Reports what keeps the object from being deleted. @default - nothing is reported
   */
  async remove(manifest: Manifest, timeoutSeconds: number, progress: (what: string) => void = () => {}): Promise<void> {
    const none = undefined;
    const uid = manifest.metadata?.uid;
    const body = uid === undefined ? none : { preconditions: { uid } };
    await this.delete({ ...manifest }, none, none, none, none, "Background", body).catch(unlessMissing);
    let blockers: string | undefined;
    const isGone = async () => {
      const live = await this.find(manifest);
      if (live === undefined || (uid !== undefined && live.metadata?.uid !== uid)) return true;
      blockers = await deletionBlockers(live, this);
      if (blockers !== undefined) progress(blockers);
      return false;
    };
    await pollUntil(isGone, {
      timeoutSeconds,
      onTimeout: () => {
        const why =
          blockers === undefined
            ? ""
            : `, because of ${blockers}. Make sure that the controllers that remove finalizers run, or remove them with kubectl edit`;
        return new Error(`still exists ${timeoutSeconds} s after its deletion started${why}`);
      },
    });
  }

  /** The last log lines of a container, with `previous` those before its last restart. Empty if it has not run. */
  async logs(pod: Manifest, container: string, { lines, previous }: { lines: number; previous: boolean }): Promise<string[]> {
    const path = `/api/v1/namespaces/${pod.metadata?.namespace}/pods/${pod.metadata?.name}/log`;
    const request = this.configuration.baseServer.makeRequestContext(path, HttpMethod.GET);
    for (const [name, value] of Object.entries({ container, tailLines: lines, previous })) request.setQueryParam(name, String(value));
    const missing = (error: Error) => (error instanceof KubernetesError ? "" : Promise.reject(error));
    const text: string = await this.requestPromise<string & KubernetesObject>(request).catch(missing);
    return text.split("\n").filter(Boolean);
  }

  /**
   * Writes the log of a container to a stream, until the log ends or the signal is aborted. The stream is ended then.
   *
   * @throws KubernetesError if there is no such log, for example because the pod was deleted.
   */
  async streamLog(pod: Manifest, container: string, stream: Writable, options: LogOptions, signal: AbortSignal): Promise<void> {
    const { Log } = await import("@kubernetes/client-node/dist/log.js");
    const { name = "", namespace = "" } = pod.metadata ?? {};
    // The library does not listen to errors of the connection, and an abort is one.
    stream.once("pipe", (source: Readable) => source.on("error", () => stream.end()));
    try {
      const controller = await new Log(this.config).log(namespace, name, container, stream, options);
      if (signal.aborted) controller.abort();
      else signal.addEventListener("abort", () => controller.abort(), { once: true });
    } catch (error) {
      stream.end();
      const { code, message } = error as { code?: number; message: string };
      throw typeof code === "number" ? new KubernetesError(code, message) : error;
    }
  }

  /** A connection to a port of a pod's loopback address. */
  async forward(pod: Manifest, port: number): Promise<Duplex> {
    const { forwardedPort } = await import("./forwarded-port.ts");
    return forwardedPort(this.config, String(pod.metadata?.namespace), String(pod.metadata?.name), port);
  }

  /**
   * Calls `seen` for each object of a list, and again when it changes, until the server ends the watch or the signal is aborted.
   *
   * @param path such as `/api/v1/namespaces/shop/pods`
   */
  async watch(path: string, query: Record<string, string>, seen: (object: Manifest) => void, signal: AbortSignal): Promise<void> {
    const { Watch } = await import("@kubernetes/client-node/dist/watch.js");
    const ended = Promise.withResolvers<void>();
    const changed = (phase: string, object: Manifest) => {
      if (phase !== "DELETED" && phase !== "ERROR") seen(object);
    };
    // An error ends the watch, too: the next one asks again.
    const controller = await new Watch(this.config).watch(path, query, changed, () => ended.resolve());
    const stop = () => controller.abort();
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    await ended.promise;
    signal.removeEventListener("abort", stop);
  }

  /** @throws Error with the address and the reason if the cluster does not answer. The message of `fetch` has neither. */
  protected override async requestPromise<T extends KubernetesObject>(
    ...[request, ...rest]: Parameters<KubernetesObjectApi["requestPromise"]>
  ): Promise<T> {
    return super.requestPromise<T>(request, ...rest).catch((error: Error) => {
      if (!(error instanceof TypeError && error.cause instanceof Error)) throw error;
      const { origin } = new URL(request.getUrl());
      const remedy = "Make sure that the cluster runs, and that this machine can reach it";
      throw new Error(`the Kubernetes API at ${origin} does not answer: ${error.cause.message}. ${remedy}.`, { cause: error });
    });
  }

  /** @throws KubernetesError with status 404 if the cluster does not have the kind. */
  protected override async specUriPath(spec: KubernetesObject, action: "create" | "delete" | "list" | "patch" | "read" | "replace") {
    return super.specUriPath(spec, action).catch((error: Error) => {
      const unknown =
        /^Unrecognized API version and kind/.test(error.message) || (error instanceof KubernetesError && error.status === 404);
      if (unknown) throw new KubernetesError(404, `the cluster has no kind ${spec.kind} in ${spec.apiVersion}`, true);
      error.message = error.message.replace(/^Failed to fetch resource metadata for \S+: /, "");
      throw error;
    });
  }

  protected override async processResponse<T extends KubernetesObject>(response: ResponseContext): Promise<T> {
    const date = Date.parse(response.headers["date"] ?? "");
    if (!Number.isNaN(date)) this.clockOffset = date - Date.now();
    const text = await response.body.text();
    if (response.httpStatusCode < 300) return isText(response) || text === "" ? (text as unknown as T) : JSON.parse(text);
    throw new KubernetesError(response.httpStatusCode, text.startsWith("{") ? JSON.parse(text).message : text);
  }
}

function isText({ headers }: ResponseContext): boolean {
  return headers["content-type"]?.startsWith("text/plain") === true;
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof KubernetesError && error.status === 404)) throw error;
}

/** The label selector for the pods of a workload, in the form of the API. */
export function selectorOf({ spec }: Manifest): string {
  return Object.entries(spec.selector.matchLabels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(",");
}
