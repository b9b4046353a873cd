import { isAbsolute, normalize } from "node:path";
import { gitFacts, placeholdersIn } from "../components/git-facts.ts";
import { problemsWithWebService, publishedName, routeKey } from "../components/rules/web-service.ts";
import { isByDigest, isById } from "../lib/image-reference.ts";
import { collect, type Problem, type Report } from "../lib/problem.ts";
import { isBelow, isMap, type Path } from "../lib/property-path.ts";
import type { ServiceSettings } from "./schema/service.ts";

type Services = Record<string, ServiceSettings>;

/** What is wrong with the services of a stack, each by itself and together. `names` also has those whose shape is invalid. */
export function problemsWithServices(services: Services, names: string[]): Problem[] {
  const problems = Object.entries(services).flatMap(([name, service]) =>
    collect((report) => {
      checkImage(service, report);
      checkCalls(name, service, names, report);
      report(
        ["rollout", "maxSurge"],
        service.kind === "stateful" && service.rollout?.maxSurge !== undefined && "requires kind stateless. Remove it",
      );
      for (const { path, message } of problemsWithWebService(name, { ...service, image: withKnownImage(service.image) }))
        report(path, message);
    }).map(({ path, message }) => ({ path: ["services", name, ...path], message })),
  );
  return [...problems, ...problemsWithRoutes(services), ...problemsWithObjects(services)];
}

/** A placeholder for an image that is still to be built, or has no name. */
const unknownImage = `built@sha256:${"0".repeat(64)}`;

/** The image if its name can be checked. */
export function withKnownImage(image: string | undefined): string {
  return image === undefined || isById(image) ? unknownImage : image;
}

/** Path of the program in images of the builder `go`. */
const program = "/app";

export function checkImage(service: ServiceSettings, report: Report): void {
  const { source, image, builder, dockerfile, platforms = [], volumes = {} } = service;
  report([], (source === undefined) === (image === undefined) && "must have either source (to build) or image (existing)");
  for (const key of ["builder", "dockerfile", "build", "package", "platforms"] as const)
    report([key], image !== undefined && service[key] !== undefined && "requires source. Remove it");
  report(
    ["platforms"],
    new Set(platforms).size < platforms.length && `must not repeat a platform (got ${platforms.join(", ")}). Remove the duplicate`,
  );
  if (builder === "dockerfile") {
    report(["package"], service.package !== undefined && "requires builder go. Remove it, and name the package in the Dockerfile");
    report(
      ["platforms"],
      platforms.length > 1 && `must be one platform with builder dockerfile (got ${platforms.join(", ")}). Name one, or set builder: go`,
    );
    report(["build"], service.build !== undefined && "requires builder: go. Remove it, and set the options in the Dockerfile");
    const { file } = dockerfile ?? {};
    report(
      ["dockerfile", "file"],
      file !== undefined &&
        (isAbsolute(file) || normalize(file).startsWith("..")) &&
        `must be a path below source (got "${file}"). Move the file there, or set source to a folder above it`,
    );
  } else if (source !== undefined) {
    checkBuild(service.build, report);
    report(["dockerfile"], dockerfile !== undefined && "requires builder: dockerfile. Set it, or remove dockerfile");
    const paths: [Path, string][] = [
      ...(["files", "secretFiles", "secretFolders"] as const).flatMap((key) =>
        Object.keys(service[key] ?? {}).map((path): [Path, string] => [[key, path], path]),
      ),
      ...Object.entries(volumes).map(([volume, { mountPath }]): [Path, string] => [["volumes", volume, "mountPath"], mountPath]),
    ];
    for (const [at, path] of paths)
      report(
        at,
        `${path}/`.startsWith(`${program}/`) && `must not be at or below ${program}, the program (got "${path}"). Choose another path`,
      );
  }
}

function checkBuild({ ldflags, env = {}, assets = [], base }: NonNullable<ServiceSettings["build"]> = {}, report: Report): void {
  if (ldflags !== undefined) {
    const unknown = placeholdersIn(ldflags).find((name) => !gitFacts.includes(name as never));
    const known = gitFacts.map((name) => `{{${name}}}`).join(", ");
    report(
      ["build", "ldflags"],
      unknown !== undefined && `has {{${unknown}}}, which is not known. Known: ${known}; they are the same for the same commit`,
    );
    report(
      ["build", "ldflags"],
      /\$[({]|`/.test(ldflags) &&
        `is not run by a shell, whose result could differ in each build (got "${ldflags}"). Use ${known}, or write the value`,
    );
  }
  for (const name of Object.keys(env))
    report(
      ["build", "env", name],
      !/^(GO|CGO_)[A-Z0-9_]*$/.test(name)
        ? "must begin with GO or CGO_. Remove it, or set it in env for the running program"
        : name === "CGO_ENABLED"
          ? env[name] !== "0" &&
            base === undefined &&
            "must be 0, because the image has no C library. Remove it, or set build.base to an image that has it"
          : /^(GOOS|GOARCH|GOAMD64|GOARM|GOARM64)$/.test(name) && "is set by platforms. Remove it",
    );
  report(["build", "base"], base !== undefined && !isByDigest(base) && `must be an image by tag or by digest (got "${base}")`);
  for (const [i, asset] of assets.entries()) {
    const path = normalize(asset).replace(/\/$/, "");
    report(
      ["build", "assets", i],
      (isAbsolute(asset) || path.startsWith("..") || path === ".") &&
        `must be a path below source (got "${asset}"). Name the files and folders that the program reads`,
    );
    report(
      ["build", "assets", i],
      /^(app|etc|tmp)(\/|$)/.test(path) && `must not be "app", "etc" or "tmp", which the image has already (got "${asset}"). Rename it`,
    );
  }
}

export function checkCalls(name: string, { calls = [] }: Pick<ServiceSettings, "calls">, names: string[], report: Report): void {
  const others = names.filter((other) => other !== name);
  for (const [i, called] of calls.entries())
    report(
      ["calls", i],
      !others.includes(called) && `must be another service of the stack (got "${called}"). Other services: ${others.join(", ") || "none"}`,
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
    const message = `must be the route of one service (got ${host}${path} for ${owners.join(" and ")}). Change one of them`;
    return [{ path: ["services", last.name, ...last.path], message }];
  });
}

/** Services of a stack share a namespace, so no two of them may create an object of the same kind and name. */
export function problemsWithObjects(services: Services): Problem[] {
  const objects = Object.entries(services).flatMap(([service, settings]) =>
    objectsOf(service, settings).map((object) => ({ service, ...object })),
  );
  return duplicates(objects, ({ kind, name }) => `${kind} ${name}`).map((group) => {
    const last = group.at(-1)!;
    const owners = group.map(({ service }) => service).join(" and ");
    return {
      path: ["services", last.service, ...last.path],
      message: `creates the ${last.kind} "${last.name}" a second time (for ${owners}). Choose another name`,
    };
  });
}

/** The objects of a service whose names may be those of another service's object. */
function objectsOf(service: string, settings: ServiceSettings): { kind: string; name: string; path: string[] }[] {
  const { kind, volumes = {}, secretEnv = {}, secretFiles = {}, tls, gateway, publish = {} } = settings;
  const all: [kind: string, name: string, path: string[]][] = [["Service", service, []]];
  if (Object.keys(publish).length > 0) all.push(["Service", publishedName(service), ["publish"]]);
  if (kind === "stateful") all.push(["Service", `${service}-pods`, []]);
  else
    for (const [volume, args] of Object.entries(volumes))
      if (args.kind === "persistent") all.push(["PersistentVolumeClaim", `${service}-${volume}`, ["volumes", volume]]);
  if (Object.keys({ ...secretEnv, ...secretFiles }).length > 0) all.push(["Secret", service, []]);
  if (tls?.clusterIssuer !== undefined) all.push(["Secret", tls.secretName ?? `${service}-tls`, ["tls", "secretName"]]);
  if (gateway?.className !== undefined) all.push(["Gateway", gateway.name ?? service, ["gateway", "name"]]);
  return all.map(([kind, name, path]) => ({ kind, name, path }));
}

/** Settings that anyone can read, and those for secret values. */
const secretFields = { env: "secretEnv", files: "secretFiles" };

/** Secret values in settings that anyone can read. */
export function problemsWithSecrets(root: "services" | "jobs", given: Record<string, unknown>, secretPaths: Path[]): Problem[] {
  return [...problemsWithSecretValues(root, given, secretPaths), ...problemsWithSecretBuildArgs(root, secretPaths)];
}

function problemsWithSecretBuildArgs(root: string, secretPaths: Path[]): Problem[] {
  const message =
    "is secret, but whoever can pull the image can read it. Mount it with dockerfile.secrets, or give the program the value at run time, in secretEnv or secretFiles";
  return secretPaths.filter((path) => isBelow(path, `${root}.*.dockerfile.args`)).map((path) => ({ path, message }));
}

function problemsWithSecretValues(root: string, services: Record<string, unknown>, secretPaths: Path[]): Problem[] {
  return Object.entries(services).flatMap(([name, service]) =>
    Object.entries(secretFields).flatMap(([field, secretField]) => {
      const values = isMap(service) ? service[field] : undefined;
      const paths = isMap(values) ? Object.keys(values).map((key) => [root, name, field, key]) : [];
      const isSecret = (path: Path) => secretPaths.some((secret) => secret.every((part, i) => part === path[i]));
      const message = `is secret, but anyone who can see the service's objects can read it. Move it to ${secretField}`;
      return paths.filter(isSecret).map((path) => ({ path, message }));
    }),
  );
}

/** Groups of items with the same key. */
function duplicates<T>(items: T[], key: (item: T) => string): T[][] {
  return [...Map.groupBy(items, key).values()].filter((group) => group.length > 1);
}
