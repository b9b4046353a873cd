import type { Manifest } from "../../lib/kubernetes-client.ts";
import type { Registered } from "./registrations.ts";

/** A rule of a Role, https://kubernetes.io/docs/reference/access-authn-authz/rbac/. */
interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

/** What both engines do with the objects of a stack. Server-side apply creates an object only with both `create` and `patch`. */
const managing = ["create", "delete", "get", "list", "patch", "watch"];

/** What both engines and `slipway` read to see whether a rollout succeeds, and why it does not. */
const observing: PolicyRule[] = [
  { apiGroups: [""], resources: ["events", "pods"], verbs: ["get", "list", "watch"] },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
  { apiGroups: ["apps"], resources: ["controllerrevisions", "replicasets"], verbs: ["get", "list", "watch"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
];

/** What the embedded engine does with a state in the cluster, and its lock. */
const keepingState: PolicyRule[] = [
  { apiGroups: [""], resources: ["secrets"], verbs: ["create", "delete", "get", "list", "update"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "delete", "get", "update"] },
];

/** What `slipway dev` connects to programs with. Newer clusters ask for `create`, although a connection by WebSocket is a GET. */
const developing: PolicyRule[] = [{ apiGroups: [""], resources: ["pods/portforward"], verbs: ["create", "get"] }];

/** The name of a kind's resource, as Kubernetes itself derives it (apimachinery, meta.UnsafeGuessKindToResource). */
function resourceOf(kind: string): string {
  const name = kind.toLowerCase();
  if (name === "endpoints") return name;
  if (name.endsWith("s")) return `${name}es`;
  return name.endsWith("y") ? `${name.slice(0, -1)}ies` : `${name}s`;
}

function groupOf(apiVersion: string): string {
  const [group, version] = apiVersion.split("/");
  return version === undefined ? "" : String(group);
}

/**
 * The least rights with which a stack is deployed to an existing namespace: a Role there, and a ClusterRole for the one object outside that
 * identifies the cluster.
 *
 * @param namespace The namespace of the stack's objects.
 * @param hasState Whether the state is there, too.
 * @param isDeveloped Whether `slipway dev` may run on the stack.
 */
export function rolesOf(
  resources: Registered[],
  name: string,
  { namespace, hasState, isDeveloped = false }: { namespace: string; hasState: boolean; isDeveloped?: boolean },
): [role: Manifest, clusterRole: Manifest] {
  const objects = resources.filter(({ type }) => type.startsWith("kubernetes:")).map(({ inputs }) => inputs as Manifest);
  const ofCluster = objects.filter(({ kind = "" }) => clusterKinds.includes(kind));
  const own = objects
    .filter((object) => !ofCluster.includes(object))
    .map(({ apiVersion = "", kind = "" }) => ({ group: groupOf(apiVersion), resource: resourceOf(kind) }));
  const byGroup = Map.groupBy(own, ({ group }) => group);
  const managed = [...byGroup].sort().map(([group, all]): PolicyRule => {
    return { apiGroups: [group], resources: [...new Set(all.map(({ resource }) => resource))].sort(), verbs: managing };
  });
  // Nobody may grant rights that they do not have.
  const granted = objects.flatMap((object) => (object.kind === "Role" ? (object["rules"] as PolicyRule[]) : []));
  const metadata = { name: `slipway-${name}`, namespace };
  const identity = { apiGroups: [""], resources: ["namespaces"], resourceNames: ["kube-system"], verbs: ["get"] };
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const rules = [...managed, ...observing, ...(isDeveloped ? developing : []), ...(hasState ? keepingState : []), ...granted];
  return [
    { apiVersion, kind: "Role", metadata, rules },
    {
      apiVersion,
      kind: "ClusterRole",
      metadata: { name: `slipway-${name}-${namespace}` },
      rules: [identity, ...managingOfCluster(ofCluster)],
    },
  ];
}

/** Kinds of objects in no namespace that a stack with a given namespace may have: the policies of sigstore's policy-controller. */
const clusterKinds = ["ClusterImagePolicy"];

/** Rights for objects in no namespace. The right to create one cannot be restricted to its name. */
function managingOfCluster(objects: Manifest[]): PolicyRule[] {
  const kinds = new Map(objects.map(({ apiVersion = "", kind = "" }) => [kind, groupOf(apiVersion)]));
  return [...kinds].sort().map(([kind, group]) => ({ apiGroups: [group], resources: [resourceOf(kind)], verbs: managing }));
}

/** What `slipway review` does besides the deployment of environments. */
const removing: PolicyRule[] = [
  { apiGroups: [""], resources: ["namespaces"], verbs: ["create", "delete", "get", "list", "patch"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["deletecollection"] },
];

/** The least rights with which review environments are deployed and deleted. They are in namespaces that do not exist yet, so it is a ClusterRole. */
export function environmentRoleOf(resources: Registered[], name: string): Manifest {
  const own = resources.filter(({ inputs }) => inputs["kind"] !== "Namespace");
  const [{ apiVersion, rules }] = rolesOf(own, name, { namespace: "", hasState: true });
  return {
    apiVersion: apiVersion!,
    kind: "ClusterRole",
    metadata: { name: `slipway-${name}-review` },
    rules: [...(rules as PolicyRule[]), ...removing],
  };
}

/** Bindings of roles to a user, a group or a ServiceAccount. */
export function bindingsOf(roles: Manifest[], subject: Subject): Manifest[] {
  return roles.map(({ apiVersion, kind, metadata }) => ({
    apiVersion,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: metadata?.name },
    subjects: [subject],
  }));
}

interface Subject {
  kind: "User" | "Group" | "ServiceAccount";
  name: string;
  apiGroup?: string;
  namespace?: string;
}

/** Reads a subject such as `user:jane`, `group:deployers` or `serviceaccount:ci/deployer`. Undefined if it has another form. */
export function parseSubject(text: string): Subject | undefined {
  const [, kind, namespace, name] = /^(user|group|serviceaccount):(?:([a-z0-9-]+)\/(?=[a-z0-9.-]+$))?(.+)$/.exec(text) ?? [];
  if (kind === "serviceaccount") return namespace === undefined ? undefined : { kind: "ServiceAccount", name: name!, namespace };
  const rest = namespace === undefined ? name : `${namespace}/${name}`;
  if (kind === undefined || rest === undefined) return undefined;
  return { apiGroup: "rbac.authorization.k8s.io", kind: kind === "user" ? "User" : "Group", name: rest };
}
