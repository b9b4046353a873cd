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
  const { newName, compose, calledAt, assume } = unit;
  const { ports = [], expose = [] } = compose;
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
    return { settings: convertPublish(unit, {}), named: {} };
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
  return {
    settings: {
      port,
      ...(further.length > 0 && { ports: Object.fromEntries(further.map((target) => [named[target], target])) }),
      ...(host !== undefined && { host }),
      ...convertPublish(unit, { named, routed: host === undefined ? undefined : { port, host } }),
    },
    port,
    named,
  };
}

/** What clients outside the stack reach otherwise: by a name, or through the host of HTTP. */
interface Reached {
  named?: Record<number, string>;
  routed?: { port: number; host: string };
}

/** The published ports, except the one that has a host. */
function convertPublish({ newName, compose, platform, taken, note, assume }: Unit, { named = {}, routed }: Reached): Settings {
  const publish: Record<string, Settings> = {};
  for (const [i, { target, published: at, protocol = "tcp", host_ip: ip }] of (compose.ports ?? []).entries()) {
    if (at === undefined) continue;
    const notPublished = (why: string) => note(`ports[${i}]`, `${ip ? `${ip}:` : ""}${at} is not published, because ${why}`);
    const [port, key] = [Number(at), `${at}/${protocol}`];
    if (protocol === "tcp" && target === routed?.port) notPublished(`HTTP is routed by host; use ${routed.host}, or set another host`);
    else if (protocol !== "tcp" && protocol !== "udp") notPublished(`only TCP and UDP are supported (got ${protocol})`);
    else if (!Number.isInteger(port)) notPublished(`it is no single port; set one in services.${newName}.publish`);
    else if (platform === "eks" || platform === "kubernetes")
      notPublished(`its load balancer needs the IP ranges of the clients; set services.${newName}.publish with sourceRanges`);
    else if (platform === "swarm" && isLoopback(ip))
      notPublished(`Swarm publishes on every address; set services.${newName}.publish if others may connect, too`);
    else if (taken.has(key))
      notPublished(`the port is in use, by the stack itself or another service; set another one in services.${newName}.publish`);
    else {
      taken.add(key);
      const name = freeName(protocol === "tcp" ? (named[target] ?? `tcp-${target}`) : `udp-${target}`, publish);
      const isNamed = protocol === "tcp" && named[target] === name;
      publish[name] = {
        port,
        ...(!isNamed && target !== port && { targetPort: target }),
        ...(protocol === "udp" && { protocol: "UDP" }),
      };
    }
  }
  if (Object.keys(publish).length === 0) return {};
  assume(["publish"], "As in the Compose file. Remove what only services of this stack connect to.");
  return { publish };
}

function isLoopback(ip: string | undefined): boolean {
  return ip?.startsWith("127.") === true || ip === "::1";
}

function freeName(name: string, taken: object): string {
  let free = name;
  for (let i = 2; free in taken; i++) free = `${name}-${i}`;
  return free;
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
