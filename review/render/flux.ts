import { UserError } from "../../lib/user-error.ts";
import type { Properties } from "../../lib/values.ts";
import { annotated, isData, type ObjectContext } from "./gitops-object.ts";
import type { GitOpsArgs, PartFiles, Source } from "./gitops.ts";
import { PartKind } from "./parts.ts";

// The kinds are documented at https://fluxcd.io/flux/components/kustomize/kustomizations/ and https://fluxcd.io/flux/components/source/.

/** Namespace of Flux's objects, https://fluxcd.io/flux/installation/. */
export const fluxNamespace = "flux-system";

/** Name of the Secret with the age key in Flux's guide, https://fluxcd.io/flux/guides/mozilla-sops/#encrypting-secrets-using-age. */
export const ageSecret = "sops-age";

/** An object for Flux. A Job cannot be changed, so a changed one is created again. Data is not deleted when its service is removed. */
export function forFlux(object: Properties, { isKept }: ObjectContext): Properties {
  return annotated(object, {
    ...(object["kind"] === "Job" && { "kustomize.toolkit.fluxcd.io/force": "enabled" }),
    ...(isData(object, isKept) && { "kustomize.toolkit.fluxcd.io/prune": "disabled" }),
  });
}

/**
 * What applies the objects of a part, after those that it waits for, and waits until they are ready. All wait for the stack's own Kustomization, so
 * that a new order counts before the first object is applied.
 */
export function fluxKustomization(name: string, { part, folder, objects }: PartFiles, args: GitOpsArgs): object {
  const { source } = args;
  const root = source.kind === "git" ? source.path : ".";
  return {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: nameOf(name, part.name, part.kind), namespace: fluxNamespace },
    spec: {
      ...common(name, args),
      dependsOn: [name, ...part.after.map((other) => nameOf(name, other))].map((other) => ({ name: other })),
      path: pathOf(root, folder),
      timeout: `${timeoutSeconds(objects)}s`,
      wait: true,
    },
  };
}

/** What the user applies: the source, and what applies the rest of the files. */
export function fluxBootstrap(name: string, args: GitOpsArgs): object[] {
  const { source } = args;
  const metadata = { name, namespace: fluxNamespace };
  const root = {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata,
    spec: { ...common(name, args), path: pathOf(source.kind === "git" ? source.path : "."), timeout: "5m" },
  };
  const from = sourceSpec(source);
  return [...(from ? [{ apiVersion: "source.toolkit.fluxcd.io/v1", kind: kindOf(source), metadata, spec: from }] : []), root];
}

function sourceSpec(source: Source): object | undefined {
  if (source.kind === "oci") {
    const { repository, tag, plainHttp } = source;
    return { interval: "1m", url: `oci://${repository}`, ref: { tag }, ...(plainHttp && { insecure: true }) };
  }
  const { url, branch } = source;
  return url === undefined ? undefined : { interval: "1m", url, ref: { branch } };
}

function common(name: string, { source, hasEncrypted }: GitOpsArgs): object {
  return {
    interval: "10m",
    retryInterval: "1m",
    prune: true,
    sourceRef: { kind: kindOf(source), name },
    ...(hasEncrypted && { decryption: { provider: "sops", secretRef: { name: ageSecret } } }),
  };
}

function kindOf({ kind }: Source): string {
  return kind === "oci" ? "OCIRepository" : "GitRepository";
}

function pathOf(...folders: string[]): string {
  const path = folders.filter((folder) => folder !== ".").join("/");
  return `./${path}`;
}

/** No service has a name with a dot. */
function nameOf(stack: string, part: string, kind?: string): string {
  const name = part === "" && kind === PartKind.Rest ? `${stack}.rest` : `${stack}-${part}`;
  if (name.length <= 63) return name;
  throw new UserError(
    `${part}: Flux's Kustomization of it would be called ${name}, and can have at most 63 characters. Shorten the name of the stack or of ${part}.`,
  );
}

/** Longer than Kubernetes waits for the objects, so that it reports the failure first. */
function timeoutSeconds(objects: Properties[]): number {
  const limits = objects.map(({ kind, spec }) => {
    if (kind === "Deployment") return Number(spec?.progressDeadlineSeconds ?? 600);
    if (kind === "Job") return Number(spec?.activeDeadlineSeconds ?? 600);
    return kind === "StatefulSet" ? 600 : 240;
  });
  return Math.max(240, ...limits) + 60;
}
