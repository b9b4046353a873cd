import type { Properties } from "../../lib/values.ts";
import { annotated, isData, type ObjectContext } from "./gitops-object.ts";
import type { GitOpsArgs } from "./gitops.ts";

/**
 * An object for Argo CD. Its wave is the stage: Argo CD waits for each wave until it is healthy (https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/).
 * A Job is a hook, so that each sync runs it again, and a changed one replaces the one before. PreSync would run it before its namespace and
 * configuration exist.
 */
export function forArgoCd(object: Properties, { stage, isKept }: ObjectContext): Properties {
  return annotated(object, {
    ...(stage > 0 && { "argocd.argoproj.io/sync-wave": String(stage) }),
    ...(object["kind"] === "Job" && {
      "argocd.argoproj.io/hook": "Sync",
      // Argo CD does not prune hooks, so one that succeeded is deleted at once.
      "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation,HookSucceeded",
    }),
    ...(isData(object, isKept) && { "argocd.argoproj.io/sync-options": "Prune=false,Delete=false" }),
  });
}

/** What the user applies, https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#applications. */
export function argoCdApplication(name: string, { source, namespace }: GitOpsArgs & { namespace: string | undefined }): object {
  const from =
    source.kind === "oci"
      ? { repoURL: `oci://${source.repository}`, targetRevision: source.tag, path: "." }
      : { repoURL: source.url ?? "", targetRevision: source.branch, path: source.path };
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name, namespace: "argocd" },
    spec: {
      project: "default",
      source: from,
      destination: { server: "https://kubernetes.default.svc", ...(namespace !== undefined && { namespace }) },
      syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ["ServerSideApply=true"] },
    },
  };
}
