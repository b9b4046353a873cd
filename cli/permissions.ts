import type { KubernetesSettings } from "../config/schema/kubernetes.ts";
import type { Stack } from "../config/stack-file.ts";
import { command } from "../lib/command.ts";
import type { KubernetesCluster, Manifest } from "../lib/kubernetes-client.ts";
import { throwIfAny } from "../lib/problem.ts";

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

/** One question to the cluster, https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/. */
interface Access {
  group: string;
  resource: string;
  verb: string;
  namespace?: string | undefined;
  name?: string;
}

async function isAllowed({ resource: all, ...rest }: Access, cluster: KubernetesCluster): Promise<boolean> {
  const [resource, subresource] = all.split("/");
  const resourceAttributes = { ...rest, resource, ...(subresource !== undefined && { subresource }) };
  const review = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", metadata: {}, spec: { resourceAttributes } };
  return (await cluster.create<Manifest>(review))["status"].allowed === true;
}

function accessesOf({ metadata, rules }: Manifest): Access[] {
  return (rules as Rule[]).flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          resourceNames.map((name) => ({ group, resource, verb, namespace: metadata?.namespace, ...(name !== undefined && { name }) })),
        ),
      ),
    ),
  );
}

/**
 * Asks the cluster whether the deployer may do what the stack needs in a given namespace. An administrator is asked for nothing else.
 *
 * @throws UserError that lists all rights that are missing.
 */
export async function rejectMissingRights(stack: Stack, { namespace }: KubernetesSettings, cluster: KubernetesCluster): Promise<void> {
  if (namespace === undefined || (await isAllowed({ group: "*", resource: "*", verb: "*", namespace }, cluster))) return;
  // In a process of its own: the program runs against mocks there.
  const printed = await command(process.execPath, [process.argv[1]!, "rbac", "--stack", stack.name, "--json"]);
  const needed = (JSON.parse(printed) as Manifest[]).flatMap(accessesOf);
  const answers = await Promise.all(needed.map((access) => isAllowed(access, cluster)));
  const missing = needed.filter((_access, i) => !answers[i]);
  const byResource = Map.groupBy(missing, ({ group, resource }) => (group === "" ? resource : `${resource}.${group}`));
  throwIfAny(
    [...byResource].map(([resource, all]) => `${resource}: ${[...new Set(all.map(({ verb }) => verb))].join(", ")}`),
    `Stack "${stack.name}" cannot be deployed, because these rights are missing in the namespace ${namespace}. An administrator gets a Role with them from slipway rbac --stack ${stack.name}:`,
  );
}
