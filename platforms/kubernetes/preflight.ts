import { problemsWithWebService } from "../../components/rules/web-service.ts";
import { withKnownImage } from "../../config/services.ts";
import type { Configuration } from "../../config/settings.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { missingClasses } from "../kubernetes-shared/classes.ts";
import { ifHidden } from "../kubernetes-shared/forbidden.ts";
import { settingProblem } from "../setting-problem.ts";
import { problemsWithEngine } from "./admission.ts";
import { adaptedTo } from "./adapted.ts";
import { problemsWithFlavour } from "./flavour-rules.ts";
import { builtInClasses } from "./ingress-controllers.ts";
import { look } from "./look.ts";
import { problemsWithStoredCredentials } from "./pull-credentials.ts";
import { problemsWithRegistry } from "./registry.ts";

/**
 * Checks, also before a preview, that the cluster answers and is the expected one, that it has the namespace, the Secret and the classes that
 * the stack uses, and that its nodes run the images that are built for it. Before an update, it also checks that the registry accepts them.
 * What the deployer may not read is not checked.
 */
export async function preflight(configuration: Configuration): Promise<string[]> {
  const { kubernetes, services, jobs } = configuration;
  if (kubernetes === undefined) return [];
  const seen = await look(kubernetes);
  if (typeof seen === "string") return [seen];
  const { cluster, id, flavour } = seen;
  if (kubernetes.cluster !== undefined && kubernetes.cluster !== id) {
    const message = `must be ${id}, the UID of the namespace kube-system in the cluster of the context "${kubernetes.context}" (got "${kubernetes.cluster}"). Correct it, or the context`;
    return [settingProblem(["kubernetes", "cluster"], message)];
  }
  const { namespace, pullSecret } = kubernetes;
  const adapted = adaptedTo(seen, services);
  const found = await Promise.all([
    missing(cluster, "Namespace", namespace, ["kubernetes", "namespace"]),
    missing(cluster, "Secret", pullSecret, ["kubernetes", "pullSecret"], namespace),
    missingClasses(adapted, cluster, builtInClasses(flavour)),
    problemsWithRegistry({ ...configuration, kubernetes }, cluster),
    problemsWithEngine(configuration, cluster),
  ]);
  const stored = problemsWithStoredCredentials(kubernetes);
  const ofFlavour = kubernetes.flavour === undefined ? problemsWithFlavour(kubernetes, flavour, { services, jobs }) : [];
  // The settings themselves are right; what is wrong now is so because of what the cluster has.
  const ofAdapted = Object.entries(adapted).flatMap(([name, service]) =>
    problemsWithWebService(name, { ...service, image: withKnownImage(service.image) }).map(({ path, message }) => ({
      path: ["services", name, ...path],
      message,
    })),
  );
  return [
    ...found.flat(),
    ...stored.map((message) => settingProblem(["kubernetes", "pullCredentials", "fromDocker"], message)),
    ...problemsWithNodes({ services, jobs }, seen.nodes ?? []),
    ...[...ofFlavour, ...ofAdapted].map(({ path, message }) => settingProblem(path, message)),
  ];
}

async function missing(
  cluster: KubernetesCluster,
  kind: string,
  name: string | undefined,
  path: string[],
  namespace?: string,
): Promise<string[]> {
  if (name === undefined) return [];
  const manifest = { apiVersion: "v1", kind, metadata: { name, namespace } };
  const exists = await cluster.find(manifest).then(Boolean, ifHidden(true));
  const where = namespace === undefined ? "the cluster" : `the namespace ${namespace}`;
  return exists ? [] : [settingProblem(path, `must be an existing ${kind} of ${where} (got "${name}"). Create it, or correct the name`)];
}

/** Services and jobs that are built for a processor that no node has. */
function problemsWithNodes({ services, jobs }: Pick<Configuration, "services" | "jobs">, nodes: Manifest[]): string[] {
  const infos = nodes.map(({ status }) => status.nodeInfo as { operatingSystem: string; architecture: string });
  const known = [...new Set(infos.map(({ operatingSystem, architecture }) => `${operatingSystem}/${architecture}`))].sort();
  // Nodes may only start once there are pods.
  if (known.length === 0) return [];
  const usual = `linux/${process.arch === "x64" ? "amd64" : process.arch}`;
  const built = Object.entries({ services, jobs }).flatMap(([root, all]) =>
    Object.entries(all).map(([name, one]) => ({ path: [root, name, "platforms"], ...one })),
  );
  return built
    .filter(({ source, platforms = [usual] }) => source !== undefined && !platforms.some((platform: string) => known.includes(platform)))
    .map(({ path, platforms }) => {
      const got = platforms === undefined ? `that of this machine, ${usual}` : platforms.join(", ");
      return settingProblem(path, `must have a platform of the cluster's nodes (got ${got}). Set ${known.join(" or ")}`);
    });
}
