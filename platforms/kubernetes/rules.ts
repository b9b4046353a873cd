import type { KubernetesSettings } from "../../config/schema/kubernetes.ts";
import type { Services } from "../../config/settings.ts";
import { collect, type Problem } from "../../lib/problem.ts";

/** What is wrong with services on a cluster that exists, besides what is wrong everywhere. */
export function problemsWithServices({ registry, namespace, pullSecret }: KubernetesSettings, services: Services): Problem[] {
  return collect((report) => {
    const built = Object.entries(services).find(([, { source }]) => source !== undefined);
    report(
      ["kubernetes", "registry"],
      registry === undefined &&
        built !== undefined &&
        `is required, because ${built[0]} is built from source. Set the registry to which its image is pushed, such as ghcr.io/acme/shop`,
    );
    report(
      ["kubernetes", "pullSecret"],
      pullSecret !== undefined &&
        namespace === undefined &&
        "requires kubernetes.namespace: in a new namespace there is no Secret yet. Set the namespace that has it, or remove pullSecret",
    );
    for (const [name, { tls, ingressClassName }] of Object.entries(services))
      for (const key of ["secretName", "clusterIssuer"] as const)
        report(
          ["services", name, "tls", key],
          ingressClassName === "alb" &&
            tls?.[key] !== undefined &&
            "must be omitted for the ingress class alb, which uses the certificate of AWS Certificate Manager for the host",
        );
    for (const [name, { publish = {} }] of Object.entries(services))
      for (const [key, { sourceRanges }] of Object.entries(publish))
        report(
          ["services", name, "publish", key, "sourceRanges"],
          sourceRanges === undefined && "is required: the IP ranges of the clients, such as 203.0.113.0/24, or 0.0.0.0/0 for everyone",
        );
  });
}
