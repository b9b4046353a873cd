import { findHost, mayNameHost } from "./hosts.ts";
import type { ComposeProject, ComposeService } from "./project.ts";

/** A call of another service. */
export interface Call {
  service: string;
  /** The port in a URL such as `http://api:3000`, if one is named. */
  port?: number;
  /** Where the Compose file shows it. */
  from: string;
}

/**
 * The services that a service calls: those it depends on, and those whose names are hosts in its settings.
 *
 * @param hosts Services by the names that resolve to them.
 * @param files Content of the files that it mounts, by path.
 */
export function callsOf(
  name: string,
  compose: ComposeService,
  project: ComposeProject,
  hosts: Record<string, string>,
  files: Record<string, string>,
): Call[] {
  const calls: Call[] = [
    ...Object.keys(compose.depends_on ?? {}).map((service) => ({ service, from: "depends_on" })),
    ...(compose.links ?? []).map((link) => ({ service: String(link.split(":")[0]), from: "links" })),
  ];
  const texts: [from: string, text: string][] = [
    ...Object.entries(compose.environment ?? {})
      .filter(([key, value]) => mayNameHost(key, value ?? ""))
      .map(([key, value]): [string, string] => [`environment.${key}`, value ?? ""]),
    ...[...(compose.entrypoint ?? []), ...(compose.command ?? [])].map((text): [string, string] => ["command", text]),
    ...Object.entries(files),
  ];
  const services = project.services ?? {};
  for (const [host, service] of Object.entries(hosts)) {
    if (service === name || !share(compose.networks, services[service]!.networks)) continue;
    for (const [from, text] of texts) {
      const found = findHost(text, host);
      if (found) calls.push({ service, from, ...found });
    }
  }
  return calls.filter(({ service }) => Object.hasOwn(services, service));
}

function share(one: ComposeService["networks"], other: ComposeService["networks"]): boolean {
  const [a, b] = [one, other].map((networks) => Object.keys(networks ?? { default: null }));
  return a!.some((network) => b!.includes(network));
}
