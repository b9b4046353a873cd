import { serviceDefaults } from "../../components/web-service-defaults.ts";
import type { Facts, SourceValue } from "./modules.ts";

/** Where a program listens, and how it gets to know the port. */
export interface Listener {
  /** Undefined if a variable has it and there is no default. */
  port?: number;
  isHttp: boolean;
  isLoopback: boolean;
  /** Variable with the port, or with the whole address. */
  env?: { name: string; isAddress: boolean };
  /** Flag with the port, or with the whole address. */
  flag?: { name: string; isAddress: boolean };
  at: string;
}

const loopback = /^(localhost|127\.[\d.]+|\[::1\]):/;

/** Ports and variables of metrics, profiles and administration, which are not what clients call. */
const auxiliaryPort = new Set([2112, 6060, 9090, 9100]);
const auxiliaryName = /METRIC|PPROF|DEBUG|ADMIN|PROM|HEALTH|SECURE|TLS|HTTPS/i;

/** The listeners of a program, the main one first. */
export function listenersOf({ listens, servers, routes }: Pick<Facts, "listens" | "servers" | "routes">): Listener[] {
  const servesHttp = servers.includes("http") || routes.length > 0;
  const listeners = listens.flatMap(({ values, isHttp, at }) => {
    const listener = listenerOf(values, isHttp || (servesHttp && !servers.includes("grpc")), at);
    return listener ? [listener] : [];
  });
  const score = ({ env, port, isHttp, isLoopback }: Listener) =>
    (env === undefined && port === undefined ? -100 : 0) +
    (env?.name === "PORT" ? 100 : 0) +
    (isHttp ? 20 : 0) +
    (isLoopback ? 0 : 10) +
    (auxiliaryPort.has(port ?? 0) || auxiliaryName.test(env?.name ?? "") ? -50 : 0);
  const sorted = listeners.map((listener) => ({ listener, score: score(listener) })).sort((a, b) => b.score - a.score);
  const all = sorted.map(({ listener }) => listener);
  return all.filter(({ port, env }, i) => all.findIndex((other) => other.port === port && other.env?.name === env?.name) === i);
}

function listenerOf(values: SourceValue[], isHttp: boolean, at: string): Listener | undefined {
  const parsed = values.flatMap(({ text, flag }) => {
    // `:8080`, `${HOST}:${PORT}`, or `8080` and `${ADDR}` as the whole text.
    const [, host = "", tail] = /^(?:(.*):)?(\d+|\$\{\w+\}|)$/.exec(text.replace(/^\w+:\/\//, "")) ?? [];
    if (tail === undefined) return [];
    const variable = /^\$\{(\w+)\}$/.exec(tail)?.[1];
    const isAddress = !text.includes(":");
    return [{ text, flag, host, variable, isAddress, port: /^\d+$/.test(tail) ? Number(tail) : undefined }];
  });
  if (values.length === 0) return { isHttp, isLoopback: false, at };
  const ports = parsed.flatMap(({ port }) => (port === undefined ? [] : [port]));
  const variables = parsed.filter(({ variable }) => variable !== undefined);
  const variable = variables.find(({ variable }) => variable === "PORT") ?? variables[0];
  // Port 0 is any free one, or means that it does not listen.
  const isOff = ports.includes(0);
  if (isOff && variable?.variable !== "PORT") return undefined;
  const fixed =
    parsed.find(({ port, host }) => port !== undefined && !/^\$\{/.test(host) && !loopback.test(`${host}:`)) ??
    parsed.find(({ port }) => port !== undefined);
  if (!variable && !fixed) return { isHttp, isLoopback: false, at };
  // A variable for a whole address may also be for a port alone: `8080` is its default then.
  const bare = fixed !== undefined && fixed.text === String(fixed.port);
  const flagged = parsed.find(({ flag }) => flag !== undefined);
  return {
    port: fixed?.port,
    isHttp,
    isLoopback:
      parsed.some(({ text }) => loopback.test(text)) && !parsed.some(({ text, port }) => port !== undefined && !loopback.test(text)),
    env: variable && { name: variable.variable!, isAddress: variable.isAddress && !bare && variable.variable !== "PORT" },
    flag: flagged && { name: flagged.flag!, isAddress: flagged.text.includes(":") },
    at,
  };
}

/** Settings that make a program listen on its port. */
export interface PortSettings {
  port?: number;
  env?: Record<string, string>;
  args?: string[];
}

/** What a service needs so that its main listener is at its port: nothing if the program reads PORT, which it gets. */
export function portSettings({ port, env, flag, isLoopback }: Listener): PortSettings {
  if (env?.name === "PORT" && !isLoopback) return {};
  const at = port ?? serviceDefaults.port;
  const own = at === serviceDefaults.port ? {} : { port: at };
  // The variable or flag is set if there is no default, or if the default is only reachable in the container.
  if (port !== undefined && !isLoopback) return own;
  if (env && env.name !== "PORT") return { ...own, env: { [env.name]: env.isAddress ? `:${at}` : String(at) } };
  if (flag?.isAddress) return { ...own, args: [`--${flag.name}=:${at}`] };
  return own;
}
