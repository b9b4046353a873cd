import type { ComposeProject } from "./project.ts";

/** Variables that name no host, even if their value is a service's name: MYSQL_DATABASE, DB_USER, APP_NAME. */
const noHost = /(^|_)(user(name)?|database|db|db_?name|name|pass(word|wd)?|schema)$/i;

/** Whether a variable can name a host. */
export function mayNameHost(variable: string, value: string): boolean {
  return !noHost.test(variable) || !/^[\w-]+$/.test(value);
}

/** The names by which Compose resolves each service: its own, its container's, and its aliases in networks. */
export function hostsOf({ services = {} }: ComposeProject): Record<string, string> {
  const hosts: Record<string, string> = Object.fromEntries(Object.keys(services).map((name) => [name, name]));
  for (const [name, { networks, container_name: container }] of Object.entries(services)) {
    const aliases = Object.values(networks ?? {}).flatMap((network) => network?.aliases ?? []);
    // The name of a service takes precedence over an alias of another one.
    for (const alias of [...(typeof container === "string" ? [container] : []), ...aliases]) hosts[alias] ??= name;
  }
  return hosts;
}

/** Where a text names a host: alone, in a URL, or with a port. Words in sentences and parts of paths do not count. */
function pattern(host: string): RegExp {
  const escaped = host.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(^|//|@|[\\s,;="'\\[(])${escaped}(?::(\\d{2,5}))?(?=$|[/\\s,;"'\\]?)])`, "gm");
}

function isHost(text: string, host: string, before: string, port: string | undefined): boolean {
  return port !== undefined || /\/\/|@/.test(before) || text.trim() === host || /^[,;\s]*[\w.-]+([,;][\w.:-]+)*$/.test(text);
}

/** Whether a text names a host, and the first port that it names with it. */
export function findHost(text: string, host: string): { port?: number } | undefined {
  const found = [...text.matchAll(pattern(host))].filter(([, before = "", port]) => isHost(text, host, before, port));
  if (found.length === 0) return undefined;
  const port = found.find(([, , number]) => number !== undefined)?.[2];
  return port === undefined ? {} : { port: Number(port) };
}

/** A text with another name for a host. */
export function renameHost(text: string, host: string, name: string): string {
  return text.replace(pattern(host), (all: string, before: string, port: string | undefined) =>
    isHost(text, host, before, port) ? `${before}${name}${port === undefined ? "" : `:${port}`}` : all,
  );
}
