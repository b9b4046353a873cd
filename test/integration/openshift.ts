import type { Manifest } from "../../lib/kubernetes-client.ts";

// What of OpenShift decides on whether a pod runs and is reached, on any API server. Routes are not served.

/** A project of OpenShift, with the IDs that it allocates to its pods. */
export const project = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: {
    name: "openshift-project",
    annotations: {
      "openshift.io/sa.scc.uid-range": "1000660000/10000",
      "openshift.io/sa.scc.supplemental-groups": "1000660000/10000",
    },
  },
};

/** The first ID of the project, which pods get. */
export const assignedId = 1000660000;

const customResource = (group: string, kind: string, plural: string, scope: string): Manifest => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope,
    names: { kind, plural, singular: kind.toLowerCase() },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
});

const pods = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": project.metadata.name } },
  resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
};
const range = `namespaceObject.metadata.annotations["openshift.io/sa.scc.uid-range"].split("/")`;
const variables = [
  { name: "first", expression: `int(${range}[0])` },
  { name: "count", expression: `int(${range}[1])` },
];
const inRange = (id: string) => `${id} >= variables.first && ${id} < variables.first + variables.count`;
/** All containers, with the field `securityContext` or without. */
const containers = `(object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : []))`;
const ofEach = (condition: string) => `${containers}.all(c, has(c.securityContext) && ${condition})`;

/**
 * The security context constraint restricted-v2, which every user gets: it assigns the IDs of the project to pods that name none, and rejects
 * what is outside of it.
 * https://github.com/openshift/cluster-kube-apiserver-operator/blob/master/bindata/bootkube/scc-manifests/0000_20_kube-apiserver-operator_00_scc-restricted-v2.yaml
 */
const assigning: Manifest = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "MutatingAdmissionPolicy",
  metadata: { name: "restricted-v2" },
  spec: {
    matchConstraints: pods,
    failurePolicy: "Fail",
    reinvocationPolicy: "Never",
    variables,
    matchConditions: [{ name: "names-no-user", expression: "!has(object.spec.securityContext.runAsUser)" }],
    mutations: [
      {
        patchType: "ApplyConfiguration",
        applyConfiguration: {
          expression: `Object{
            spec: Object.spec{
              securityContext: Object.spec.securityContext{ fsGroup: variables.first },
              containers: object.spec.containers.map(c, Object.spec.containers{
                name: c.name,
                securityContext: Object.spec.containers.securityContext{ runAsUser: variables.first }
              })
            }
          }`,
        },
      },
    ],
  },
};

const validating: Manifest = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicy",
  metadata: { name: "restricted-v2" },
  spec: {
    matchConstraints: pods,
    failurePolicy: "Fail",
    variables,
    validations: [
      {
        expression: `!has(object.spec.securityContext.runAsUser) || (${inRange("object.spec.securityContext.runAsUser")})`,
        message: "restricted-v2: .spec.securityContext.runAsUser must be in the range of the project",
      },
      {
        expression: ofEach(
          `(has(c.securityContext.runAsUser) ? (${inRange("c.securityContext.runAsUser")}) : has(object.spec.securityContext.runAsUser))`,
        ),
        message: "restricted-v2: runAsUser of a container must be in the range of the project",
      },
      {
        expression: `!has(object.spec.securityContext.fsGroup) || (${inRange("object.spec.securityContext.fsGroup")})`,
        message: "restricted-v2: .spec.securityContext.fsGroup must be in the range of the project",
      },
      {
        expression: ofEach(`has(c.securityContext.capabilities) && c.securityContext.capabilities.drop.exists(d, d == "ALL")`),
        message: "restricted-v2: containers must drop ALL capabilities",
      },
      {
        expression: ofEach(
          `!has(c.securityContext.capabilities.add) || c.securityContext.capabilities.add.all(a, a == "NET_BIND_SERVICE")`,
        ),
        message: "restricted-v2: containers may add NET_BIND_SERVICE only",
      },
      {
        expression: ofEach(
          `c.securityContext.allowPrivilegeEscalation == false && !(has(c.securityContext.privileged) && c.securityContext.privileged)`,
        ),
        message: "restricted-v2: containers must not be privileged or escalate privileges",
      },
      {
        expression: `has(object.spec.securityContext.seccompProfile) && object.spec.securityContext.seccompProfile.type == "RuntimeDefault"`,
        message: "restricted-v2: the seccomp profile must be RuntimeDefault",
      },
      {
        expression:
          "!(has(object.spec.hostNetwork) && object.spec.hostNetwork) && !(has(object.spec.hostPID) && object.spec.hostPID) && !(has(object.spec.hostIPC) && object.spec.hostIPC)",
        message: "restricted-v2: pods must not use the host",
      },
      {
        expression: `!has(object.spec.volumes) || object.spec.volumes.all(v, has(v.configMap) || has(v.downwardAPI) || has(v.emptyDir) || has(v.persistentVolumeClaim) || has(v.projected) || has(v.secret))`,
        message: "restricted-v2: kind of volume not allowed",
      },
    ],
  },
};

const binding = (kind: string, spec: object): Manifest => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: `${kind}Binding`,
  metadata: { name: "restricted-v2" },
  spec: { policyName: "restricted-v2", ...spec },
});

/** The API groups by which OpenShift is recognised, its ingress class, and its default security context constraint. */
export const openShift: Manifest[] = [
  project,
  customResource("route.openshift.io", "Route", "routes", "Namespaced"),
  customResource("security.openshift.io", "SecurityContextConstraints", "securitycontextconstraints", "Cluster"),
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name: "openshift-default" },
    spec: { controller: "openshift.io/ingress-to-route" },
  },
  assigning,
  binding("MutatingAdmissionPolicy", {}),
  validating,
  binding("ValidatingAdmissionPolicy", { validationActions: ["Deny"] }),
];
