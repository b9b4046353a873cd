import { KubernetesError } from "./kubernetes-client.ts";

/** Errors of Node.js and OpenSSL in plain words, with a remedy: https://nodejs.org/api/errors.html, https://nodejs.org/api/tls.html#x509-certificate-error-codes. */
const plainWords: Record<string, string> = {
  ENOTFOUND: "the host name of the Kubernetes API is unknown. Check `server` in the kubeconfig, and connect to its network or VPN",
  EAI_AGAIN: "the host name of the Kubernetes API cannot be resolved at the moment. Check the connection to the network",
  ECONNREFUSED: "nothing listens at the address of the Kubernetes API. Start the cluster, or correct `server` in the kubeconfig",
  ECONNRESET: "the connection to the Kubernetes API was closed. Check the proxy and `server` in the kubeconfig",
  EHOSTUNREACH: "there is no route to the Kubernetes API. Connect to its network or VPN",
  ENETUNREACH: "there is no route to the Kubernetes API. Connect to its network or VPN",
  ETIMEDOUT: "the Kubernetes API does not answer. Connect to its network or VPN, or check the firewall",
  UND_ERR_CONNECT_TIMEOUT: "the Kubernetes API does not answer. Connect to its network or VPN, or check the firewall",
  CERT_HAS_EXPIRED: "the certificate of the Kubernetes API, or the client certificate, has expired. Renew it",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the certificate of the Kubernetes API is for another host name. Correct `server` or `tls-server-name` in the kubeconfig",
};

const untrusted =
  "the certificate of the Kubernetes API is not signed by the certificate authority in the kubeconfig. Correct `certificate-authority` or `certificate-authority-data`, or get a new kubeconfig";
for (const code of [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
])
  plainWords[code] = untrusted;

/** Why a cluster cannot be used, in plain words, with a remedy. */
export function connectionProblem(error: Error): string {
  if (error instanceof KubernetesError && error.status === 401)
    return "the Kubernetes API rejects the credentials of the kubeconfig. They are wrong or have expired: log in to the cluster again, or get a new kubeconfig";
  const codes = chainOf(error).map(({ code }) => code ?? "");
  const known = codes.map((code) => plainWords[code]).find((words) => words !== undefined);
  if (known !== undefined) return known;
  const plugin = chainOf(error).find(({ syscall }) => syscall?.startsWith("spawn"));
  if (plugin?.code === "ENOENT")
    return `the credential plugin "${plugin.path}" of the kubeconfig is not installed. Install it, or add it to the PATH`;
  // The program below `error` has said more than the errors around it.
  return chainOf(error).at(-1)!.message.trim().replace(/\.$/, "");
}

interface SystemError extends Error {
  code?: string;
  syscall?: string;
  path?: string;
  errors?: Error[];
}

/** The error and its causes. For an AggregateError, such as that of a host with several addresses, the first. */
function chainOf(error: SystemError): SystemError[] {
  const cause = error.cause instanceof Error ? error.cause : error.errors?.[0];
  return cause ? [error, ...chainOf(cause)] : [error];
}
