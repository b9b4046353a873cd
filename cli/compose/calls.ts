import type { ComposeProject, ComposeService } from "./project.ts";

/** A call of another service. */
export interface Call {
  service: string;
  /** The port in a URL such as `http://api:3000`, if one is named. */
  port?: number;
  /** Where the Compose file shows it. */
  from: string;
}

/** Variables that name no host, even if their value is a service's name: MYSQL_DATABASE, DB_USER, APP_NAME. */
const noHost = /(^|_)(user(name)?|database|db|db_?name|name|pass(word|wd)?|schema)$/i;

/** The services that a service calls: those it depends on, and those whose names are hosts in its settings. */
export function callsOf(name: string, compose: ComposeService, project: ComposeProject, files: Record<string, string>): Call[] {
  const calls: Call[] = [
    ...Object.keys(compose.depends_on ?? {}).map((service) => ({ service, from: "depends_on" })),
    ...(compose.links ?? []).map((link) => ({ service: String(link.split(":")[0]), from: "links" })),
  ];
  const texts: [from: string, text: string][] = [
    ...Object.entries(compose.environment ?? {})
      .filter(([key, value]) => !noHost.test(key) || !/^[\w-]+$/.test(value ?? ""))
      .map(([key, value]): [string, string] => [`environment.${key}`, value ?? ""]),
    ...[...(compose.entrypoint ?? []), ...(compose.command ?? [])].map((text): [string, string] => ["command", text]),
    ...Object.entries(files),
  ];
  for (const [other, { networks }] of Object.entries(project.services ?? {})) {
    if (other === name || !share(compose.networks, networks)) continue;
    const aliases = Object.values(networks ?? {}).flatMap((network) => network?.aliases ?? []);
    for (const host of [other, ...aliases])
      for (const [from, text] of texts) {
        const found = hostIn(text, host);
        if (found) calls.push({ service: other, from, ...(found.port !== undefined && { port: found.port }) });
      }
  }
  const known = new Set(Object.keys(project.services ?? {}));
  return calls.filter(({ service }) => known.has(service));
}

function share(one: ComposeService["networks"], other: ComposeService["networks"]): boolean {
  const [a, b] = [one, other].map((networks) => Object.keys(networks ?? { default: null }));
  return a!.some((network) => b!.includes(network));
}

/** Whether a text names a host: alone, in a URL, or with a port. Words in sentences and parts of paths do not count. */
function hostIn(text: string, host: string): { port?: number } | undefined {
  const escaped = host.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const [found, , port] = new RegExp(`(^|//|@|[\\s,;="'\\[(])${escaped}(?::(\\d{2,5}))?(?=$|[/\\s,;"'\\]?)])`, "m").exec(text) ?? [];
  if (found === undefined) return undefined;
  const isHost = port !== undefined || text.trim() === host || /\/\/|@/.test(found) || /^[,;\s]*[\w.-]+([,;][\w.:-]+)*$/.test(text);
  return isHost ? { ...(port !== undefined && { port: Number(port) }) } : undefined;
}
