import type * as pulumi from "@pulumi/pulumi";
import { AdmissionEngine, type SupplyChainSettings } from "../../../config/schema/supply-chain.ts";
import { readTrust, type Trust } from "../../../lib/attestations/trust.ts";
import type { Requirement } from "../../../lib/attestations/requirement.ts";
import { UserError } from "../../../lib/user-error.ts";
import { kyvernoPolicy } from "./kyverno.ts";
import { sigstorePolicies } from "./policy-controller.ts";

/** What a policy for images says, for no particular engine. */
export interface AdmissionArgs {
  /** Unique in the cluster. */
  name: string;
  namespace: pulumi.Input<string>;
  /** Repositories of the stack's images, as the nodes pull them. */
  repositories: pulumi.Input<string>[];
  /** Starts of the names of images that are not checked. */
  except: string[];
  require: Requirement[];
  /** Without keys that have ended. */
  trust: Trust;
  /** Whether the registry has no TLS. */
  plainHttp: boolean;
  labels: Record<string, string>;
}

/** An object of one of the engines. */
export interface PolicyObject {
  /** Name of the resource in the stack. */
  resource: string;
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: pulumi.Input<string>; labels: Record<string, string> };
  spec: object;
}

/** Label with which policy-controller checks a namespace, https://docs.sigstore.dev/policy-controller/overview/#enable-policy-controller-admission-controller-for-namespaces. */
export const sigstoreLabel = { "policy.sigstore.dev/include": "true" };

/**
 * The policies with which the engine in a cluster checks images as `slipway:supplyChain` asks for; none without `admission`.
 *
 * @param today Keys that ended before are left out.
 * @throws UserError if a key cannot be read, or all have ended.
 */
export function admissionPolicies(
  { admission, require = [], keys, identities, trustedRoot }: SupplyChainSettings,
  args: Omit<AdmissionArgs, "except" | "require" | "trust">,
  today = new Date().toISOString().slice(0, 10),
): PolicyObject[] {
  if (admission === undefined) return [];
  const all = readTrust({ ...(keys && { keys }), ...(identities && { identities }), ...(trustedRoot !== undefined && { trustedRoot }) });
  const trust = { ...all, keys: all.keys.filter(({ until }) => until === undefined || until >= today) };
  if (trust.keys.length + trust.identities.length === 0)
    throw new UserError("slipway:supplyChain.admission: all public keys have ended. Add a key that counts, or an identity.");
  const { engine, except = [] } = admission;
  const full = { ...args, except, require, trust };
  return engine === AdmissionEngine.Kyverno ? [kyvernoPolicy(full)] : sigstorePolicies(full);
}
