/** How a registry is reached. */
export interface RegistryAccess {
  /** @default - the credentials in `DOCKER_AUTH_CONFIG` or in Docker's credential store, if any. */
  username?: string;
  password?: string;
  /** Certificates of authorities in PEM form, trusted besides those of the system. @default - none. */
  ca?: string;
  /** Whether the registry has no TLS. Loopback addresses need no setting. @default false */
  plainHttp?: boolean;
}

const known = new Map<string, RegistryAccess>();

/** Sets how this process reaches a registry. It replaces what was set before. */
export function setRegistryAccess(host: string, access: RegistryAccess): void {
  known.set(host, access);
}

/** How this process reaches registries, by host. Those that are missing are reached in the usual way. */
export function registryAccesses(): Record<string, RegistryAccess> {
  return Object.fromEntries(known);
}
