import { serviceDefaults } from "../../components/web-service-defaults.ts";
import type { Settings } from "./convert.ts";
import type { DockerfileFacts } from "./dockerfile.ts";
import type { KnownImage } from "./known-images.ts";
import type { Unit } from "./unit.ts";

/** Ports of well-known protocols other than HTTP: a published one does not get a host. */
const notHttp = new Set([
  21, 22, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2181, 3306, 4222, 5432, 5672, 6379, 7687, 8883, 9042, 9092,
  9093, 9094, 29092, 11211, 27017,
]);

export interface Ports {
  settings: Settings;
  /** The main port; undefined if nobody calls the service. */
  port?: number;
  /** Further ports by number. */
  named: Record<number, string>;
}

/** The ports of a service, and its host name if HTTP is published. */
export function convertPorts(unit: Unit, { known, dockerfile }: { known?: KnownImage; dockerfile?: DockerfileFacts }): Ports {
  const { newName, compose, calledAt, note, assume } = unit;
  const { ports = [], expose = [] } = compose;
  for (const [i, { protocol = "tcp", target }] of ports.entries())
    if (protocol !== "tcp")
      note(
        `ports[${i}]`,
        `is left out, because only TCP is supported (got ${target}/${protocol}); check that the service works without it`,
      );
  const published = ports.filter(({ protocol = "tcp" }) => protocol === "tcp");
  const exposed = expose.flatMap((text) => rangeOf(text));
  const fromKnown = known ? [known.port, ...Object.values(known.ports ?? {})] : [];
  const given = environmentPort(compose.environment);
  const declared = [...published.map(({ target }) => target), ...exposed];
  const certain = [
    ...new Set([
      ...declared,
      ...(known && declared.length === 0
        ? fromKnown
        : declared.length === 0
          ? []
          : fromKnown.filter((port) => calledAt.includes(port) || port === known?.port)),
    ]),
  ];
  const targets =
    certain.length > 0 ? certain : [...new Set([...(given === undefined ? [] : [given]), ...calledAt, ...(dockerfile?.exposed ?? [])])];
  if (targets.length === 0 && !unit.isCalled) {
    assume(["probes"], "The file names no port, so nobody calls it. If it listens, set port, and kind http or tcp here.");
    return { settings: {}, named: {} };
  }
  const http = published.find(({ target, published: at }) => at !== undefined && !notHttp.has(target));
  // The one that gets a host comes first.
  const port = http?.target ?? targets[0] ?? serviceDefaults.port;
  if (targets.length === 0) assume(["port"], `The file names no port. Set the one that the program listens on; it gets it as PORT.`);
  else if (certain.length === 0)
    assume(
      ["port"],
      given === undefined ? "From the settings of its callers, or from EXPOSE in the Dockerfile." : "From PORT in its environment.",
    );
  const further = targets.filter((target) => target !== port);
  const named = Object.fromEntries(further.map((target) => [target, nameOf(target, known)]));
  const host = http && `${newName}.localhost`;
  for (const [i, { target, published: at, protocol = "tcp", host_ip: ip }] of ports.entries()) {
    if (at === undefined || protocol !== "tcp") continue;
    note(
      `ports[${i}]`,
      target === port && host !== undefined
        ? `${ip ? `${ip}:` : ""}${at} is not published, because HTTP is routed by host; use ${host}, or set another host`
        : `${ip ? `${ip}:` : ""}${at} is not published, because only HTTP is exposed; services with ${newName} in their calls reach it at ${newName}:${target}`,
    );
  }
  return {
    settings: {
      port,
      ...(further.length > 0 && { ports: Object.fromEntries(further.map((target) => [named[target], target])) }),
      ...(host !== undefined && { host }),
    },
    port,
    named,
  };
}

function environmentPort(environment: Record<string, string | null> = {}): number | undefined {
  const value = environment["PORT"];
  return value && /^\d{2,5}$/.test(value) ? Number(value) : undefined;
}

function nameOf(port: number, known: KnownImage | undefined): string {
  return Object.entries(known?.ports ?? {}).find(([, number]) => number === port)?.[0] ?? `port-${port}`;
}

/** `8080`, `8080/tcp` and `8080-8082`. At most ten ports. */
function rangeOf(text: string): number[] {
  const [, first, last = first, protocol = "tcp"] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(String(text)) ?? [];
  if (first === undefined || protocol !== "tcp") return [];
  return Array.from({ length: Math.min(10, Number(last) - Number(first) + 1) }, (_, i) => Number(first) + i);
}
