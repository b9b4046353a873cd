import { createConfiguration, HttpMethod, KubeConfig, KubernetesObjectApi, ServerConfiguration, type KubernetesObject, type ResponseContext } from "@kubernetes/client-node";
import type { Properties } from "./provider.ts";

export type KubernetesManifest = KubernetesObject & Properties;

/** A refusal of the Kubernetes API, in its own words. */
export class KubernetesError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A client that hands objects over as they are: the typed one drops the fields that it does not know. */
export class KubernetesCluster extends KubernetesObjectApi {
  constructor(kubeconfig: string) {
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const cluster = config.getCurrentCluster();
    if (!cluster) throw new Error("the kubeconfig has no current context");
    super(createConfiguration({ baseServer: new ServerConfiguration(cluster.server, {}), authMethods: { default: config } }));
  }

  /** Server-side apply, unknown and doubled fields refused. */
  async apply(manifest: KubernetesManifest, options: { dryRun: boolean; force: boolean }): Promise<KubernetesManifest> {
    const request = this.configuration.baseServer.makeRequestContext(await this.specUriPath(manifest, "patch"), HttpMethod.PATCH);
    request.setHeaderParam("Content-Type", "application/apply-patch+yaml");
    request.setQueryParam("fieldManager", "slipway");
    request.setQueryParam("fieldValidation", "Strict");
    request.setQueryParam("force", String(options.force));
    if (options.dryRun) request.setQueryParam("dryRun", "All");
    request.setBody(JSON.stringify(manifest));
    return this.requestPromise<KubernetesManifest>(request);
  }

  async find(manifest: KubernetesManifest): Promise<KubernetesManifest | undefined> {
    const { apiVersion, kind, metadata } = manifest;
    return this.read<KubernetesManifest>({ apiVersion, kind, metadata: { name: String(metadata?.name), namespace: metadata?.namespace } }).catch(unlessMissing);
  }

  /** Deletes an object and waits until it is gone. */
  async remove(manifest: KubernetesManifest, timeoutSeconds: number): Promise<void> {
    const { apiVersion, kind, metadata } = manifest;
    const header = { apiVersion, kind, metadata: { name: metadata?.name, namespace: metadata?.namespace } };
    await this.delete(header, undefined, undefined, undefined, undefined, "Background").catch(unlessMissing);
    const until = Date.now() + timeoutSeconds * 1000;
    while ((await this.find(header)) !== undefined) {
      if (Date.now() > until) throw new Error(`not gone after ${timeoutSeconds} s`);
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }

  protected override async processResponse<T extends KubernetesObject>(response: ResponseContext): Promise<T> {
    const text = await response.body.text();
    if (response.httpStatusCode < 300) return JSON.parse(text);
    throw new KubernetesError(response.httpStatusCode, messageOf(text));
  }
}

function messageOf(body: string): string {
  try {
    return JSON.parse(body).message ?? body;
  } catch {
    return body;
  }
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof KubernetesError && error.status === 404) return undefined;
  throw error;
}
