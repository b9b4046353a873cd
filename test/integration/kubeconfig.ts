import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";

interface Content {
  contexts: { name: string; context: { user: string } }[];
  users: object[];
}

/** A kubeconfig whose only context has another name, and whose current context must not be used. */
export function withContext(kubeconfig: string, name: string): string {
  const config = parse(kubeconfig) as Content;
  return JSON.stringify({ ...config, contexts: [{ ...config.contexts[0]!, name }], "current-context": "nobody" });
}

/** A kubeconfig with a token of a ServiceAccount instead of the credentials of an administrator. */
export async function asServiceAccount(kubeconfig: string, namespace: string, name: string): Promise<string> {
  const admin = new KubeConfig();
  admin.loadFromString(kubeconfig);
  const request = { name, namespace, body: { spec: { audiences: [], expirationSeconds: 3600 } } };
  const { status } = await admin.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken(request);
  const config = parse(kubeconfig) as Content;
  return JSON.stringify({ ...config, users: [{ name: config.contexts[0]!.context.user, user: { token: status!.token } }] });
}
