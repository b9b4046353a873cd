import type { Problem } from "../lib/problem.ts";
import { problemsWithWebService, routeKey } from "../components/rules/web-service.ts";
import type { ServiceSettings } from "./schema/service.ts";

type Services = Record<string, ServiceSettings>;
type Report = (path: (string | number)[], message: string | false) => void;

/** What holds between the services of a stack, and what each is held to. `names` has those too that could not be read. */
export function problemsWithServices(services: Services, names: string[]): Problem[] {
  const problems: Problem[] = [];
  for (const [name, service] of Object.entries(services)) {
    const report: Report = (path, message) => {
      if (message) problems.push({ path: ["services", name, ...path], message });
    };
    checkImage(service, report);
    checkCalls(name, service, names, report);
    report(
      ["rollout", "maxSurge"],
      service.kind === "stateful" && service.rollout?.maxSurge !== undefined && "is only for kind: stateless; leave it out",
    );
    const { image = noImage, ...args } = service;
    for (const { path, message } of problemsWithWebService(name, { ...args, image })) report(path, message);
  }
  return [...problems, ...problemsWithRoutes(services), ...problemsWithObjects(services)];
}

/** Stands for the image of a service that is built, which no rule looks at. */
const noImage = `built@sha256:${"0".repeat(64)}`;

/** Where the builder `go` puts the program. */
const program = "/app";

function checkImage(service: ServiceSettings, report: Report): void {
  const { source, image, builder, platforms = [], volumes = {} } = service;
  report([], (source === undefined) === (image === undefined) && "needs either `source` (to build) or `image` (by digest), and not both");
  for (const key of ["package", "platforms"] as const)
    report([key], image !== undefined && service[key] !== undefined && "is for what is built from `source`; leave it out");
  report(["platforms"], new Set(platforms).size < platforms.length && `has one twice: ${platforms.join(", ")}; leave it out`);
  if (builder === "dockerfile") {
    report(["package"], service.package !== undefined && "is only for builder: go; leave it out, and name the package in the Dockerfile");
    report(
      ["platforms"],
      platforms.length > 1 && `must be one with builder: dockerfile (got ${platforms.join(", ")}); name one, or set builder: go`,
    );
  } else if (source !== undefined) {
    const paths = [
      ...(["files", "secretFiles", "secretFolders"] as const).flatMap((key) =>
        Object.keys(service[key] ?? {}).map((path) => [[key, path], path] as const),
      ),
      ...Object.entries(volumes).map(([volume, { mountPath }]) => [["volumes", volume, "mountPath"], mountPath] as const),
    ];
    for (const [at, path] of paths)
      report(
        [...at],
        `${path}/`.startsWith(`${program}/`) && `must not be ${program} or below it, which is the program itself (got "${path}")`,
      );
  }
}

function checkCalls(name: string, { calls = [] }: ServiceSettings, names: string[], report: Report): void {
  const others = names.filter((other) => other !== name);
  for (const [i, called] of calls.entries())
    report(
      ["calls", i],
      !others.includes(called) && `must be another service of the stack (got "${called}"); known are ${others.join(", ") || "none"}`,
    );
}

function problemsWithRoutes(services: Services): Problem[] {
  const routes = Object.entries(services).flatMap(([name, { host, routes = [] }]) => [
    ...(host === undefined ? [] : [{ name, path: ["host"], route: { host } }]),
    ...routes.map((route, i) => ({ name, path: ["routes", i], route })),
  ]);
  return duplicates(routes, ({ route }) => routeKey(route)).flatMap((group) => {
    const owners = [...new Set(group.map(({ name }) => name))];
    const last = group.at(-1)!;
    if (owners.length === 1) return [];
    const { host, path = "/" }: { host: string; path?: string } = last.route;
    const message = `${host}${path} is there for ${owners.join(" and ")}; a path of a host leads to one of them`;
    return [{ path: ["services", last.name, ...last.path], message }];
  });
}

/** The services of a stack share a namespace, where there is one object of a kind and a name. */
function problemsWithObjects(services: Services): Problem[] {
  const objects = Object.entries(services).flatMap(([service, settings]) =>
    objectsOf(service, settings).map((object) => ({ service, ...object })),
  );
  return duplicates(objects, ({ kind, name }) => `${kind} ${name}`).map((group) => {
    const last = group.at(-1)!;
    const owners = group.map(({ service }) => service).join(" and ");
    return {
      path: ["services", last.service, ...last.path],
      message: `would make the ${last.kind} "${last.name}" twice, for ${owners}; choose another name`,
    };
  });
}

/** The objects of a service whose names are not its own alone. */
function objectsOf(service: string, settings: ServiceSettings): { kind: string; name: string; path: string[] }[] {
  const { kind, volumes = {}, secretEnv = {}, secretFiles = {}, tls, gateway } = settings;
  const all: [kind: string, name: string, path: string[]][] = [["Service", service, []]];
  if (kind === "stateful") all.push(["Service", `${service}-pods`, []]);
  else
    for (const [volume, args] of Object.entries(volumes))
      if (args.kind === "persistent") all.push(["PersistentVolumeClaim", `${service}-${volume}`, ["volumes", volume]]);
  if (Object.keys({ ...secretEnv, ...secretFiles }).length > 0) all.push(["Secret", service, []]);
  if (tls?.clusterIssuer !== undefined) all.push(["Secret", tls.secretName ?? `${service}-tls`, ["tls", "secretName"]]);
  if (gateway?.className !== undefined) all.push(["Gateway", gateway.name ?? service, ["gateway", "name"]]);
  return all.map(([kind, name, path]) => ({ kind, name, path }));
}

/** The fields that everybody may read, and where a secret goes instead. */
const instead = { env: "secretEnv", files: "secretFiles" };

/** Secrets where everybody may read them. `secret` has the paths of secret values. */
export function problemsWithSecrets(services: Record<string, unknown>, secret: PropertyKey[][]): Problem[] {
  return Object.entries(services).flatMap(([name, service]) =>
    Object.entries(instead).flatMap(([field, other]) => {
      const values = (service as Record<string, unknown> | null)?.[field];
      const keys = values !== null && typeof values === "object" ? Object.keys(values) : [];
      const paths = keys.map((key) => ["services", name, field, key]);
      const message = `holds a secret, which whoever may see the service's objects could read; put it into ${other}`;
      return paths.filter((path) => secret.some((at) => at.every((part, i) => part === path[i]))).map((path) => ({ path, message }));
    }),
  );
}

/** Groups of items with the same key. */
function duplicates<T>(items: T[], key: (item: T) => string): T[][] {
  return [...Map.groupBy(items, key).values()].filter((group) => group.length > 1);
}
