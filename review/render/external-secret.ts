import type { Properties } from "../../lib/values.ts";
import { keysOf } from "./manifests.ts";

/** Where values of Secrets are. */
export interface SecretStore {
  /** `SecretStore` or `ClusterSecretStore`. */
  kind: string;
  name: string;
  /** Name of an entry in the store, with `{project}`, `{stack}` and `{secret}`. */
  key: string;
}

/**
 * An object from which the External Secrets Operator creates a Secret of the same name, with the same keys:
 * https://external-secrets.io/latest/api/externalsecret/. No value is in it.
 */
export function externalSecretOf(secret: Properties, store: SecretStore, { project, stack }: { project: string; stack: string }): object {
  const { metadata, type = "Opaque" } = secret as { metadata: Properties; type?: string };
  const { labels, annotations } = metadata;
  const values: Record<string, string> = { project, stack, secret: String(metadata["name"]) };
  const key = store.key.replaceAll(/\{(project|stack|secret)\}/g, (_, name: string) => values[name]!);
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata,
    spec: {
      refreshInterval: "1h",
      secretStoreRef: { kind: store.kind, name: store.name },
      target: { name: metadata["name"], template: { type, metadata: { ...(labels && { labels }), ...(annotations && { annotations }) } } },
      data: keysOf(secret).map((secretKey) => ({ secretKey, remoteRef: { key, property: secretKey } })),
    },
  };
}
