import type * as pulumi from "@pulumi/pulumi";
import { Protocol } from "../components/web-service-enums.ts";
import { serviceDefaults } from "../components/web-service-defaults.ts";
import type { Services } from "../config/settings.ts";
import type { ServiceSettings } from "../config/schema/service.ts";
import type { Problem } from "../lib/problem.ts";

/** A port that a service publishes. */
export interface PublishedPort {
  service: string;
  /** Its key in `publish`. */
  name: string;
  port: number;
  protocol: Protocol;
}

/** The ports that services publish, by port and with TCP first. */
export function publishedPorts(services: Services): PublishedPort[] {
  const all = Object.entries(services).flatMap(([service, { publish = {} }]) =>
    Object.entries(publish).map(([name, { port, protocol = serviceDefaults.protocol }]) => ({ service, name, port, protocol })),
  );
  return all.toSorted((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol));
}

/**
 * Published ports of which a machine has only one: those that two services publish, and those of the stack itself.
 *
 * @param own The platform's own TCP ports, by their key in its settings.
 */
export function problemsWithPublishedPorts(platform: string, own: Record<string, number>, services: Services): Problem[] {
  const owners = new Map(Object.entries(own).map(([key, port]) => [`${port}/${Protocol.TCP}`, `${platform}.ports.${key}`]));
  return publishedPorts(services).flatMap(({ service, name, port, protocol }) => {
    const key = `${port}/${protocol}`;
    const owner = owners.get(key);
    owners.set(key, owner ?? `services.${service}.publish.${name}`);
    // What one service publishes twice is wrong everywhere, and reported with the service.
    if (owner === undefined || owner.startsWith(`services.${service}.`)) return [];
    const message = `is published twice, also as ${owner} (got ${key}). Set another port`;
    return [{ path: ["services", service, "publish", name, "port"], message }];
  });
}

/** Where clients reach the published ports of a service, such as `tcp://127.0.0.1:5432`, by their names; undefined if there are none. */
export function addressesOf({ publish = {} }: ServiceSettings, host: pulumi.Output<string>): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(
    Object.entries(publish).map(([name, { port, protocol = serviceDefaults.protocol }]) => [
      name,
      host.apply((host) => `${protocol.toLowerCase()}://${host}:${port}`),
    ]),
  );
}
