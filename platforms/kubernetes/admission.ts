import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { AdmissionEngine } from "../../config/schema/supply-chain.ts";
import type { Configuration } from "../../config/settings.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { UserError } from "../../lib/user-error.ts";
import { admissionPolicies, sigstoreLabel, type AdmissionArgs } from "../kubernetes-shared/admission/admission.ts";
import { ifHidden } from "../kubernetes-shared/forbidden.ts";
import { helperName } from "../platform.ts";
import { settingProblem } from "../setting-problem.ts";

/** What an engine must serve, so that the cluster has it. */
const engines = {
  [AdmissionEngine.Kyverno]: {
    apiVersion: "policies.kyverno.io/v1",
    kind: "NamespacedImageValidatingPolicy",
    title: "Kyverno",
  },
  [AdmissionEngine.PolicyController]: {
    apiVersion: "policy.sigstore.dev/v1beta1",
    kind: "ClusterImagePolicy",
    title: "sigstore's policy-controller",
  },
} as const;

/** Problems with `slipway:supplyChain.admission`: the cluster does not have the engine, or the engine does not look at the namespace. */
export async function problemsWithEngine(
  { supplyChain, kubernetes }: Pick<Configuration, "supplyChain" | "kubernetes">,
  cluster: KubernetesCluster,
): Promise<string[]> {
  const { admission } = supplyChain;
  if (admission === undefined) return [];
  try {
    admissionPolicies(supplyChain, { name: "", namespace: "", repositories: [], plainHttp: false, labels: {} });
  } catch (error) {
    if (error instanceof UserError) return [error.message];
    throw error;
  }
  const { apiVersion, kind, title } = engines[admission.engine];
  const path = ["supplyChain", "admission", "engine"];
  const served = await cluster.ask<{ resources: { kind: string }[] }>(`/apis/${apiVersion}`);
  if (!served?.resources.some((resource) => resource.kind === kind))
    return [
      settingProblem(
        path,
        `needs ${title}, which the cluster does not have with the kind ${kind} of ${apiVersion}. Let an administrator install it, or remove admission`,
      ),
    ];
  const namespace = kubernetes?.namespace;
  if (admission.engine !== AdmissionEngine.PolicyController || namespace === undefined) return [];
  const [label, value] = Object.entries(sigstoreLabel)[0]!;
  const found = await cluster
    .find({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } })
    .catch(ifHidden<Manifest | undefined>(undefined));
  // What does not exist or may not be read is reported elsewhere, or by nobody.
  if (found === undefined || found.metadata?.labels?.[label] === value) return [];
  return [
    settingProblem(
      path,
      `needs the label ${label}=${value} on the namespace ${namespace}, without which nothing is checked there. Run kubectl label namespace ${namespace} ${label}=${value}`,
    ),
  ];
}

/** Labels of a namespace whose images are checked. */
export function admissionLabels({ supplyChain: { admission } }: Pick<Configuration, "supplyChain">): Record<string, string> {
  return admission?.engine === AdmissionEngine.PolicyController ? sigstoreLabel : {};
}

/** The policies of a stack. What they concern is created after them. */
export function createAdmissionPolicies(
  { supplyChain }: Pick<Configuration, "supplyChain">,
  args: Omit<AdmissionArgs, "except" | "require" | "trust">,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  return admissionPolicies(supplyChain, args).map(
    ({ resource, ...object }) => new k8s.apiextensions.CustomResource(resource, object, opts),
  );
}

/** The repositories of all images that a stack may run, with the helper's. */
export function repositoriesOf(
  { services, jobs }: Pick<Configuration, "services" | "jobs">,
  built: (name: string) => pulumi.Input<string>,
): pulumi.Input<string>[] {
  const all = Object.entries({ ...services, ...jobs });
  const existing = all.flatMap(([, { image }]) => (image === undefined ? [] : [image.replace(/(:[\w.-]+)?@.*$/, "")]));
  const own = all.flatMap(([name, { source }]) => (source === undefined ? [] : [built(name)]));
  return [...new Set(existing), ...own, built(helperName)];
}
