import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { accessOf, authoritiesIn } from "../../config/registry-access.ts";
import type { KubernetesSettings } from "../../config/schema/kubernetes.ts";
import type { Configuration } from "../../config/settings.ts";
import { registryOf } from "../../lib/docker-client.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { isMap } from "../../lib/property-path.ts";
import { isLoopback } from "../../lib/loopback.ts";
import { notice } from "../../lib/notice.ts";
import { isPreflightOff } from "../../lib/preflight.ts";
import { registryAccesses, setRegistryAccess } from "../../lib/registry-access.ts";
import { checkPushes, type PushAnswer } from "../../lib/registry-client.ts";
import { ifHidden } from "../kubernetes-shared/forbidden.ts";
import { UserError } from "../../lib/user-error.ts";
import { dockerNodesOf } from "./docker-nodes.ts";
import { helperName, type Platform } from "../platform.ts";
import { settingProblem } from "../setting-problem.ts";
import { reach } from "./target.ts";

/** Where images are pushed to, and under which name the nodes pull them. */
export interface TargetRegistry {
  push: string;
  pull: string;
  /** Containers of nodes into which images are loaded; `push` is only a name then. @default - images are pushed */
  nodes?: string[];
}

/** Says how this process reaches the registry, for everything that it asks it for. */
export function useRegistryAccess(kubernetes: KubernetesSettings): void {
  const found = accessOf(kubernetes);
  if (found) setRegistryAccess(found.host, found.access);
}

/** Whether images stay on this machine: in nodes, or in a registry that only this machine can reach. One that the cluster names is such a registry. */
export function isOnThisMachine({ registry, loadImages }: KubernetesSettings): boolean {
  if (registry === undefined || loadImages) return true;
  return isLoopback(registryOf(`${registry}/x`));
}

/**
 * The registry of a stack. Tells the user if it is one that the cluster names.
 *
 * @param unknown The placeholder for a registry that only the cluster knows, when the cluster must not be asked.
 */
export async function targetRegistry(kubernetes: KubernetesSettings, unknown: string): Promise<TargetRegistry | undefined> {
  const { registry, context } = kubernetes;
  if (registry !== undefined) return { push: registry, pull: registry };
  if (isPreflightOff() && kubernetes.loadImages) return loaded([]);
  if (isPreflightOff()) return { push: unknown, pull: unknown };
  const reached = await reach(kubernetes);
  if (typeof reached === "string") throw new UserError(reached);
  if (kubernetes.loadImages) {
    const found = await dockerNodesOf(reached.cluster);
    if (found.problem !== undefined) throw new UserError(settingProblem(["kubernetes", "loadImages"], found.problem));
    return loaded(found.containers);
  }
  const found = await findRegistry(kubernetes, reached.cluster);
  if (found) notice("note", `registry of the cluster of the context "${context}": ${found.push} (kube-public/local-registry-hosting)`);
  return found;
}

/** Images that no registry has. The name cannot exist elsewhere: `.local` is for multicast DNS only (RFC 6762). */
function loaded(nodes: string[]): TargetRegistry {
  const name = `slipway.local/${pulumi.getProject()}-${pulumi.getStack()}`.toLowerCase();
  return { push: name, pull: name, nodes };
}

/** Where the image of a service is pushed to, and how. */
export function repositoryIn(target: TargetRegistry | undefined, service: string): ReturnType<Platform["registry"]> {
  const push = target?.push;
  const { username, password = "", ca, plainHttp } = (typeof push === "string" && registryAccesses()[registryOf(`${push}/x`)]) || {};
  const credentials = username === undefined ? undefined : { username, password: pulumi.secret(password) };
  return { repository: pulumi.interpolate`${push}/${service}`, credentials, ca, plainHttp, nodes: target?.nodes };
}

/** An image that was pushed, under the name that it has for the nodes. */
export function imageAsPulled(target: TargetRegistry | undefined, image: pulumi.Input<string>): pulumi.Input<string> {
  if (target === undefined || target.pull === target.push) return image;
  const { push, pull } = target;
  return pulumi.output(image).apply((ref) => (ref.startsWith(`${push}/`) ? `${pull}${ref.slice(push.length)}` : ref));
}

/** The registry of the settings, otherwise the one that the cluster says it has. */
export async function findRegistry(kubernetes: KubernetesSettings, cluster: KubernetesCluster): Promise<TargetRegistry | undefined> {
  const { registry } = kubernetes;
  if (registry !== undefined) return { push: registry, pull: registry };
  const found = await localRegistryOf(cluster);
  if (found) useRegistryAccess({ ...kubernetes, registry: found.push });
  return found;
}

/**
 * The local registry that kind's recipe, k3d and ctlptl record in a cluster. `host` is its name outside of the cluster, and
 * `hostFromContainerRuntime` the one in objects, if it is another:
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-cluster-lifecycle/generic/1755-communicating-a-local-registry
 */
async function localRegistryOf(cluster: KubernetesCluster): Promise<TargetRegistry | undefined> {
  const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "local-registry-hosting", namespace: "kube-public" } };
  const found = await cluster.find(manifest).catch(ifHidden<Manifest | undefined>(undefined));
  const hosting: unknown = parse((found?.["data"] as Record<string, string> | undefined)?.["localRegistryHosting.v1"] ?? "{}");
  const { host, hostFromContainerRuntime = host } = isMap(hosting) ? hosting : {};
  return typeof host === "string" && typeof hostFromContainerRuntime === "string"
    ? { push: host, pull: hostFromContainerRuntime }
    : undefined;
}

/** Services and jobs that are built, and with them the helper, if a job waits for services. */
function builtIn({ services, jobs }: Pick<Configuration, "services" | "jobs">): string[] {
  const built = Object.entries({ ...services, ...jobs }).flatMap(([name, { source }]) => (source === undefined ? [] : [name]));
  const usesHelper = Object.values(jobs).some(({ calls = [] }) => calls.length > 0);
  return [...built, ...(usesHelper ? [helperName] : [])];
}

/** Problems with the registry: it is missing, or, before an update, it would not accept the images. */
export async function problemsWithRegistry(
  { kubernetes, services, jobs }: Configuration & { kubernetes: KubernetesSettings },
  cluster: KubernetesCluster,
): Promise<string[]> {
  const { ca } = kubernetes.registryAccess ?? {};
  if (ca !== undefined && authoritiesIn(ca) === undefined)
    return [
      settingProblem(
        ["kubernetes", "registryAccess", "ca"],
        `must be a file with certificates in PEM form (got "${ca}"). Correct the path, which is relative to the project`,
      ),
    ];
  const built = builtIn({ services, jobs });
  if (built.length === 0) return [];
  if (kubernetes.loadImages) {
    const { problem } = await dockerNodesOf(cluster);
    return problem === undefined ? [] : [settingProblem(["kubernetes", "loadImages"], problem)];
  }
  const registry = await findRegistry(kubernetes, cluster);
  if (registry === undefined)
    return [
      settingProblem(
        ["kubernetes", "registry"],
        `is required, because ${built[0]} is built from source, and the cluster names no local registry of its own. Set the registry to which its image is pushed, such as ghcr.io/acme/shop, or loadImages for nodes in Docker`,
      ),
    ];
  // A preview pushes nothing, and may run where nobody may push, such as for a pull request.
  if (pulumi.runtime.isDryRun()) return [];
  const answers = await checkPushes(built.map((name) => `${registry.push}/${name}`));
  const byProblem = Map.groupBy(
    answers.map((answer, i) => ({ ...answer, repository: `${registry.push}/${built[i]}` })),
    ({ problem }) => problem,
  );
  return [...byProblem].flatMap(([problem, all]) =>
    problem === undefined
      ? []
      : [settingProblem(["kubernetes", "registry"], problemWith(all[0]!, all.map(({ repository }) => repository).join(", ")))],
  );
}

function problemWith({ problem, message }: PushAnswer, repositories: string): string {
  const host = registryOf(repositories);
  switch (problem) {
    case "unauthorized":
      return `${host} does not allow a push to ${repositories} with these credentials. Run slipway login ${host} as a user who may push, or set registryAccess.username and password`;
    case "missing":
      return `${host} does not have a place for ${repositories}. Create the repository or project there, or correct the registry`;
    case "unknownHost":
      return `the host name ${host} is unknown. Correct the registry, or connect to its network or VPN`;
    case "untrusted":
      return `the certificate of ${host} is not signed for it by an authority that this machine trusts. Set registryAccess.ca to the file with the authority's certificate`;
    case "plainHttp":
      return `${host} answers without TLS. Set registryAccess.plainHttp to true if its network is safe, or give it a certificate`;
    default:
      return `${host} cannot be asked whether it accepts a push to ${repositories} (${message}). Make sure that this machine reaches it`;
  }
}
