import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { registryOf } from "../lib/docker-client.ts";
import type { RegistryAccess } from "../lib/registry-access.ts";
import type { KubernetesSettings } from "./schema/kubernetes.ts";

/** A registry, and how the settings and the environment say that it is reached. */
export interface ConfiguredRegistry {
  host: string;
  access: RegistryAccess;
}

/** The variables with credentials for a registry begin with one of these, and end with `_USERNAME` and `_PASSWORD`. */
export const CredentialVariables = {
  /** For the registry that a stack pushes to. */
  Registry: "SLIPWAY_REGISTRY",
  /** For the registry that a promotion copies from, if it is another one. */
  SourceRegistry: "SLIPWAY_SOURCE_REGISTRY",
} as const;
export type CredentialVariables = (typeof CredentialVariables)[keyof typeof CredentialVariables];

/** How the registry of the settings is reached: with the user of the settings, otherwise of the variables. Undefined without a registry. */
export function accessOf(
  { registry, registryAccess }: Pick<KubernetesSettings, "registry" | "registryAccess">,
  variables: CredentialVariables = CredentialVariables.Registry,
): ConfiguredRegistry | undefined {
  if (registry === undefined) return undefined;
  const { username, password = "", ca, plainHttp = false } = registryAccess ?? {};
  const fromEnvironment = process.env[`${variables}_USERNAME`];
  const login =
    username !== undefined
      ? { username, password }
      : fromEnvironment
        ? { username: fromEnvironment, password: process.env[`${variables}_PASSWORD`] ?? "" }
        : {};
  const certificates = ca === undefined ? undefined : authoritiesIn(ca);
  const access = { ...login, ...(certificates !== undefined && { ca: certificates }), ...(plainHttp && { plainHttp }) };
  return { host: registryOf(`${registry}/x`), access };
}

/** The content of a file with certificates. Undefined if it does not exist or has none. */
export function authoritiesIn(file: string): string | undefined {
  const path = resolve(file);
  const content = existsSync(path) ? readFileSync(path, "utf8") : "";
  return content.includes("-----BEGIN CERTIFICATE-----") ? content : undefined;
}
