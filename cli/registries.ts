import { accessOf, CredentialVariables } from "../config/registry-access.ts";
import type { KubernetesSettings } from "../config/schema/kubernetes.ts";
import { Platform } from "../config/schema/setting.ts";
import { platformOf, settingsIn, type Stack } from "../config/stack-file.ts";
import { registryOf } from "../lib/docker-client.ts";
import { isMap } from "../lib/property-path.ts";
import type { RegistryAccess } from "../lib/registry-access.ts";

/** How the registry of a stack is reached, by its host. The settings may be invalid. Empty if they name no registry. */
export function registriesOf(stack: Pick<Stack, "config">, variables?: CredentialVariables): Record<string, RegistryAccess> {
  const platform = platformOf(stack);
  const settings = settingsIn(stack, platform);
  return platform === Platform.Kubernetes ? ofKubernetes(settings, variables) : ofDocker(settings);
}

/** How registries are reached to copy images from one stack to another one. Each registry gets its own credentials only. */
export function registriesToCopy(from: Pick<Stack, "config">, to: Pick<Stack, "config">): Record<string, RegistryAccess> {
  return { ...registriesOf(from, CredentialVariables.SourceRegistry), ...registriesOf(to) };
}

function ofDocker({ registry }: { registry?: unknown }): Record<string, RegistryAccess> {
  const { repository, username, password = "" } = (isMap(registry) ? registry : {}) as Record<string, string | undefined>;
  return repository && username ? { [registryOf(`${repository}/x`)]: { username, password } } : {};
}

function ofKubernetes(settings: object, variables?: CredentialVariables): Record<string, RegistryAccess> {
  const { registry, registryAccess } = settings as KubernetesSettings;
  const found =
    typeof registry === "string" && accessOf({ registry, registryAccess: isMap(registryAccess) ? registryAccess : {} }, variables);
  return found ? { [found.host]: found.access } : {};
}
