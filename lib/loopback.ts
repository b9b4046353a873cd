/** Annotation of a Service of type NodePort whose ports only this machine reaches. */
export const loopbackAnnotation = "slipway.dev/loopback";

/** Whether a registry is on this machine: `127.0.0.1:5001`, `localhost` or `[::1]:5001`. */
export function isLoopback(registry: string): boolean {
  const host = registry.replace(/:\d+$/, "");
  return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
