import { Platform } from "../../config/schema/setting.ts";
import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";
import { problemWithObjectName } from "../../lib/kubernetes-names.ts";
import { throwIfAny } from "../../lib/problem.ts";
import type { SecretStore } from "../../review/render/external-secret.ts";
import { Controller } from "../../review/render/gitops.ts";
import { parseReference, type Reference } from "./source.ts";

/** What becomes of Secrets. */
export const SecretMode = { Omit: "omit", External: "external", Sops: "sops" } as const;
export type SecretMode = (typeof SecretMode)[keyof typeof SecretMode];

/** Options of `slipway render` as they are given. */
export interface GivenOptions {
  for: string | undefined;
  push: string | undefined;
  "push-images": boolean;
  secrets: string;
  "secret-store": string | undefined;
  "secret-key": string;
  age: string[];
}

/** Options of a rendering for a controller. */
export interface GitOpsOptions {
  controller: Controller;
  artifact: Reference | undefined;
  pushImages: boolean;
  secrets: SecretMode;
  /** Only for Secrets in a store. */
  store: SecretStore | undefined;
  /** Recipients for age. */
  recipients: string[];
}

const placeholders = ["{project}", "{stack}", "{secret}"];
const kinds = ["ClusterSecretStore", "SecretStore"];
const controllers: string[] = Object.values(Controller);
const modes: string[] = Object.values(SecretMode);

/**
 * Checks the options of a rendering. Undefined if it is not for a controller.
 *
 * @throws UserError with every problem.
 */
export function readOptions(given: GivenOptions, stack: Stack): GitOpsOptions | undefined {
  const problems = problemsWith(given, stack);
  throwIfAny(problems, `Stack "${stack.name}" cannot be rendered:`);
  if (given.for === undefined) return undefined;
  const [kind, name] = (given["secret-store"] ?? "").split("/");
  return {
    controller: given.for as Controller,
    artifact: given.push === undefined ? undefined : parseReference(given.push),
    pushImages: given["push-images"],
    secrets: given.secrets as SecretMode,
    store: given.secrets === SecretMode.External ? { kind: kind!, name: name!, key: given["secret-key"] } : undefined,
    recipients: given.age,
  };
}

function problemsWith(given: GivenOptions, stack: Stack): string[] {
  const { for: controller, push, secrets, age } = given;
  const store = given["secret-store"];
  const problems: (string | undefined)[] = [];
  if (controller === undefined) {
    const needing = [
      push !== undefined && "--push",
      given["push-images"] && "--push-images",
      secrets !== SecretMode.Omit && "--secrets",
      store !== undefined && "--secret-store",
      age.length > 0 && "--age",
    ].filter((option) => option !== false);
    return needing.map((option) => `${option}: is only for a GitOps controller. Add --for flux or --for argocd.`);
  }
  if (!controllers.includes(controller)) problems.push(`--for: must be ${controllers.join(" or ")} (got "${controller}").`);
  problems.push(...problemsWithStack(stack));
  if (push !== undefined && parseReference(push) === undefined)
    problems.push(`--push: must be an artifact by tag, such as oci://ghcr.io/acme/shop-manifests:${stack.name} (got "${push}").`);
  if (!modes.includes(secrets)) problems.push(`--secrets: must be ${modes.join(", ")} (got "${secrets}").`);
  if (secrets === SecretMode.Sops && controller === Controller.ArgoCd)
    problems.push("--secrets: Argo CD does not decrypt files of SOPS by itself. Use --secrets external, or --for flux.");
  if (secrets === SecretMode.External) problems.push(problemWithStore(store), problemWithKey(given["secret-key"]));
  else if (store !== undefined) problems.push("--secret-store: is only for --secrets external. Add it, or leave the store out.");
  if (age.length > 0 && secrets !== SecretMode.Sops)
    problems.push("--age: is only for --secrets sops. Add it, or leave the recipients out.");
  return problems.filter((problem) => problem !== undefined);
}

/** Images, addresses and ARNs of other platforms are known only after their own deployment. */
function problemsWithStack(stack: Stack): string[] {
  const platform = platformOf(stack);
  if (platform !== Platform.Kubernetes)
    return [
      `its platform is ${platform}, and Flux and Argo CD deploy to clusters that exist. Set slipway:platform to kubernetes, and the cluster's context and registry.`,
    ];
  const { registry, loadImages } = settingsIn(stack, platform);
  if (loadImages === true)
    return ["slipway:kubernetes.loadImages: images in nodes are in no registry. Set slipway:kubernetes.registry instead."];
  const built = Object.entries({ ...settingsIn(stack, "services"), ...settingsIn(stack, "jobs") }).find(
    ([, one]) => (one as { source?: unknown } | undefined)?.source !== undefined,
  );
  return registry === undefined && built
    ? [`slipway:kubernetes.registry: is required, because ${built[0]} is built from source. Set the registry to which its image is pushed.`]
    : [];
}

function problemWithStore(store: string | undefined): string | undefined {
  const [kind, name, ...more] = (store ?? "").split("/");
  if (kinds.includes(kind!) && name && more.length === 0 && problemWithObjectName(name) === undefined) return undefined;
  const got = store === undefined ? "it is missing" : `got "${store}"`;
  return `--secret-store: must be the kind and the name of a store, such as ClusterSecretStore/vault (${got}).`;
}

function problemWithKey(key: string): string | undefined {
  const unknown = [...key.matchAll(/\{\w*\}/g)].map(([placeholder]) => placeholder).find((one) => !placeholders.includes(one));
  if (unknown !== undefined) return `--secret-key: has only the placeholders ${placeholders.join(", ")} (got "${unknown}").`;
  return key === "" ? "--secret-key: must not be empty." : undefined;
}
