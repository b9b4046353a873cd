import { nonRootUid } from "../lib/non-root.ts";
import { reasonLabel, rootCapabilities, SecurityLevel, restrictedCapability } from "../lib/security-level.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

/** User and group ID. */
export interface User {
  uid: number;
  gid: number;
}

/** What a service may do, with every default filled in. */
export interface Security {
  /** Undefined for the image's user, and for one that the cluster assigns. */
  user: User | undefined;
  /** Whether the cluster assigns the user, which is not root then. */
  isAssigned: boolean;
  /** Capabilities besides none. */
  capabilities: string[];
  readOnlyRootFilesystem: boolean;
  /** Why the service has the level `baseline`; undefined at `restricted`. */
  reason: string | undefined;
  /** The strictest Pod Security Standard that admits the pods. A writable root file system alone does not lower it. */
  podSecurity: SecurityLevel;
}

/** The arguments of a service that decide what it may do. */
export type SecuritySettings = Pick<WebServiceArgs, "user" | "group" | "security" | "assignedIds">;

/** Fills in the defaults. */
export function resolveSecurity({ user: given, group, security = {}, assignedIds: isAssigned = false }: SecuritySettings): Security {
  const isBaseline = security.level === SecurityLevel.Baseline;
  const uid = given ?? (isBaseline || isAssigned ? undefined : nonRootUid);
  const user = uid === undefined ? undefined : { uid, gid: group ?? uid };
  const mayBeRoot = user === undefined ? !isAssigned : user.uid === 0;
  const capabilities = security.capabilities ?? (isBaseline && mayBeRoot ? rootCapabilities : []);
  const isRestricted = !mayBeRoot && capabilities.every((capability) => capability === restrictedCapability);
  return {
    user,
    isAssigned,
    capabilities,
    readOnlyRootFilesystem: security.readOnlyRootFilesystem ?? !isBaseline,
    reason: isBaseline ? security.reason : undefined,
    podSecurity: isRestricted ? SecurityLevel.Restricted : SecurityLevel.Baseline,
  };
}

/** User and group as Docker takes them; undefined for the image's user. */
export function dockerUser({ user }: Security): string | undefined {
  return user && `${user.uid}:${user.gid}`;
}

/** Capabilities as Docker returns them. Without the prefix, a refresh would find a change. */
export function dockerCapabilities({ capabilities }: Pick<Security, "capabilities">): string[] {
  return capabilities.map((capability) => `CAP_${capability}`).sort();
}

/** Labels of a workload on Docker, with the reason for the level `baseline`, where policy rules find it. */
export function withReasonLabel<T>(labels: { label: string; value: T }[], { reason }: Security): { label: string; value: T | string }[] {
  return reason === undefined ? labels : [...labels, { label: reasonLabel, value: reason }];
}

/** The group that may read secret files, and whether others may too: if the group of the image's user is not known. */
export function secretFileAccess({ user }: Security): { gid: number; mode: number } {
  return user ? { gid: user.gid, mode: 0o440 } : { gid: 0, mode: 0o444 };
}
