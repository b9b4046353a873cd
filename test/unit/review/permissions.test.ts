import { bindingsOf, environmentRoleOf, parseSubject, rolesOf } from "../../../review/render/permissions.ts";

// That a deployer with these rights can deploy is tested in test/integration/existing-cluster.test.ts.

const registered = (...inputs: object[]) =>
  inputs.map((one) => ({ urn: "", type: "kubernetes:a:B", name: "", parent: undefined, inputs: one }));
const managing = ["create", "delete", "get", "list", "patch", "watch"];

test("a Role has one rule for the kinds of each API group, and what a stack grants to its pods", () => {
  const rules = [{ apiGroups: [""], resources: ["configmaps"], resourceNames: ["settings"], verbs: ["get"] }];
  const objects = registered(
    { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
    { apiVersion: "networking.k8s.io/v1", kind: "Ingress" },
    { apiVersion: "v1", kind: "Service" },
    { apiVersion: "v1", kind: "Service" },
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", rules },
  );
  const [role, clusterRole] = rolesOf(objects, "shop", { namespace: "team", hasState: false });
  expect(role).toEqual({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "slipway-shop", namespace: "team" },
    rules: [
      { apiGroups: [""], resources: ["services"], verbs: managing },
      { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "networkpolicies"], verbs: managing },
      { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"], verbs: managing },
      { apiGroups: [""], resources: ["events", "pods"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
      { apiGroups: ["apps"], resources: ["controllerrevisions", "replicasets"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
      ...rules,
    ],
  });
  expect(clusterRole.metadata).toEqual({ name: "slipway-shop-team" });
  expect(clusterRole["rules"]).toEqual([{ apiGroups: [""], resources: ["namespaces"], resourceNames: ["kube-system"], verbs: ["get"] }]);
});

test("policies of policy-controller are in no namespace, so the right to them is in the ClusterRole", () => {
  const apiVersion = "policy.sigstore.dev/v1beta1";
  const policies = registered({ apiVersion, kind: "ClusterImagePolicy" }, { apiVersion, kind: "ClusterImagePolicy" });
  const rule = { apiGroups: ["policy.sigstore.dev"], resources: ["clusterimagepolicies"], verbs: managing };
  const [role, clusterRole] = rolesOf(policies, "shop", { namespace: "team", hasState: false });
  expect(role["rules"]).not.toContainEqual(rule);
  expect((clusterRole["rules"] as object[]).slice(1)).toEqual([rule]);
  expect(environmentRoleOf(policies, "shop")["rules"]).toContainEqual(rule);
});

test("a stack that slipway dev runs on may connect to its pods", () => {
  const rulesFor = (isDeveloped: boolean) =>
    rolesOf([], "shop", { namespace: "team", hasState: false, isDeveloped })[0]["rules"] as unknown[];
  const rule = { apiGroups: [""], resources: ["pods/portforward"], verbs: ["create", "get"] };
  expect(
    [true, false].map((isDeveloped) => rulesFor(isDeveloped).filter((each) => JSON.stringify(each) === JSON.stringify(rule)).length),
  ).toEqual([1, 0]);
});

test("each role is bound to the subject", () => {
  const roles = rolesOf([], "shop", { namespace: "team", hasState: false });
  const subject = { kind: "ServiceAccount" as const, name: "deployer", namespace: "ci" };
  expect(bindingsOf(roles, subject)).toEqual([
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "slipway-shop", namespace: "team" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "slipway-shop" },
      subjects: [subject],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "slipway-shop-team" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "slipway-shop-team" },
      subjects: [subject],
    },
  ]);
});

const apiGroup = "rbac.authorization.k8s.io";
test.each([
  ["user:jane@example.org", { apiGroup, kind: "User", name: "jane@example.org" }],
  ["group:oidc:deployers", { apiGroup, kind: "Group", name: "oidc:deployers" }],
  ["group:team/deployers", { apiGroup, kind: "Group", name: "team/deployers" }],
  ["serviceaccount:ci/deployer", { kind: "ServiceAccount", name: "deployer", namespace: "ci" }],
  ["serviceaccount:deployer", undefined],
  ["jane", undefined],
  ["user:", undefined],
])("the subject %s", (text, subject) => {
  expect(parseSubject(text)).toEqual(subject);
});
