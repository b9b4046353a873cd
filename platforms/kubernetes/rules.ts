import type { KubernetesSettings } from "../../config/schema/kubernetes.ts";
import type { Services } from "../../config/settings.ts";
import { collect, type Problem } from "../../lib/problem.ts";
import { problemsWithPullCredentials } from "./pull-credentials.ts";

/** What is wrong with services on a cluster that exists, besides what is wrong everywhere. */
export function problemsWithServices(settings: KubernetesSettings, services: Services): Problem[] {
  const { registryAccess, namespace, pullSecret } = settings;
  return collect((report) => {
    const { username, password } = registryAccess ?? {};
    report(
      ["kubernetes", "registryAccess"],
      (username === undefined) !== (password === undefined) && "must have both username and password, or neither. Set the other one",
    );
    report(
      ["kubernetes", "loadImages"],
      settings.loadImages && settings.registry !== undefined && "cannot be combined with registry. Remove one of them",
    );
    if (settings.loadImages)
      for (const [name, { builder }] of Object.entries(services))
        report(
          ["services", name, "builder"],
          builder === "dockerfile" &&
            "must be go, because kubernetes.loadImages loads only such images. Set registry instead of loadImages",
        );
    for (const { path, message } of problemsWithPullCredentials(settings)) report(path, message);
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
