import type { PolicyRuleId } from "../../../config/schema/policy-rule-ids.ts";
import type { Properties } from "../../../lib/values.ts";
import { listOf, type Resource } from "../../../review/policy/rule.ts";
import { hidden } from "../../../review/preview/secrets.ts";
import { digest, resource, verdictOn } from "./policy-samples.ts";

const deployment = (spec?: Properties) => resource("kubernetes:apps/v1:Deployment", { metadata: { name: "web" }, spec });
const statefulSet = (spec: Properties) => resource("kubernetes:apps/v1:StatefulSet", { metadata: { name: "web" }, spec });
const cronJob = (spec?: Properties) => resource("kubernetes:batch/v1:CronJob", { spec });
const barePod = (spec?: Properties) => resource("kubernetes:core/v1:Pod", { spec });
const pod = (spec: Properties) => deployment({ template: { spec } });
const containers = (...list: Properties[]) => pod({ containers: list.map((one, i) => ({ name: ["app", "proxy"][i], ...one })) });
const secure = (securityContext: Properties) => containers({ securityContext });
const variables = (...env: Properties[]) => containers({ env });

const job = { spec: { containers: [{ name: "app" }] } };
const noLimit = "has no memory limit (container app)";
const byTag = "uses an image by tag, which can be overwritten (container app)";
const asRoot = "may run as root (container app)";
const noProfile = "runs without a seccomp profile (container app)";
const unready = "has no readiness probe, so it gets requests before it is ready";
const noRequests = "has no CPU request or no memory request (container app)";

type Row = [rule: PolicyRuleId, situation: string, of: Resource, expected: string];

const pods: Row[] = [
  ["memory-limit", "a pod without a workload", barePod({ containers: [{ name: "app" }] }), noLimit],
  ["memory-limit", "an empty pod", barePod(), "passes"],
  ["memory-limit", "a workload without containers", pod({}), "passes"],
  ["memory-limit", "a workload without a specification", deployment(), "passes"],
  ["memory-limit", "the pods of a CronJob", cronJob({ jobTemplate: { spec: { template: job } } }), noLimit],
  ["memory-limit", "a Job", resource("kubernetes:batch/v1:Job", { spec: { template: job } }), noLimit],
  ["memory-limit", "a CronJob without pods", cronJob({ jobTemplate: {} }), "passes"],
  ["memory-limit", "a CronJob without Jobs", cronJob({}), "passes"],
  ["memory-limit", "a CronJob without a specification", cronJob(), "passes"],
  ["memory-limit", "no resources", containers({}), noLimit],
  ["memory-limit", "no limits", containers({ resources: {} }), noLimit],
  ["memory-limit", "only a limit of the CPU", containers({ resources: { limits: { cpu: 1 } } }), noLimit],
  ["memory-limit", "a limit", containers({ resources: { limits: { memory: "64Mi" } } }), "passes"],
  [
    "memory-limit",
    "containers and init containers",
    pod({ containers: [{ name: "app" }], initContainers: [{ name: "init" }] }),
    "has no memory limit (containers app, init)",
  ],
  [
    "memory-limit",
    "one of several containers",
    containers({ resources: { limits: { memory: "64Mi" } } }, {}),
    "has no memory limit (container proxy)",
  ],
  ["resource-requests", "no resources", containers({}), noRequests],
  ["resource-requests", "no requests", containers({ resources: {} }), noRequests],
  ["resource-requests", "no memory", containers({ resources: { requests: { cpu: "10m" } } }), noRequests],
  ["resource-requests", "no CPU", containers({ resources: { requests: { memory: "64Mi" } } }), noRequests],
  ["resource-requests", "both", containers({ resources: { requests: { cpu: "10m", memory: "64Mi" } } }), "passes"],
  ["image-by-digest", "a digest", containers({ image: `r.example/web:1@sha256:${digest}` }), "passes"],
  ["image-by-digest", "a digest that is too long", containers({ image: `r.example/web@sha256:${digest}0` }), byTag],
  ["image-by-digest", "a digest without a name", containers({ image: `sha256:${digest}` }), byTag],
  ["run-as-non-root", "the user of the image", containers({}), asRoot],
  ["run-as-non-root", "no setting", pod({ containers: [{ name: "app", securityContext: {} }], securityContext: {} }), asRoot],
  ["run-as-non-root", "a setting of the container", secure({ runAsNonRoot: true }), "passes"],
  ["run-as-non-root", "a setting of the pod", pod({ containers: [{ name: "app" }], securityContext: { runAsNonRoot: true } }), "passes"],
  [
    "run-as-non-root",
    "a container that differs from its pod",
    pod({ containers: [{ name: "app", securityContext: { runAsNonRoot: false } }], securityContext: { runAsNonRoot: true } }),
    asRoot,
  ],
  ["no-privilege-escalation", "the default of Kubernetes", containers({}), "allows privilege escalation (container app)"],
  ["no-capabilities", "the default of Kubernetes", containers({}), "keeps Linux capabilities (container app)"],
  ["no-capabilities", "nothing dropped", secure({ capabilities: { add: ["NET_ADMIN"] } }), "keeps Linux capabilities (container app)"],
  ["no-capabilities", "some dropped", secure({ capabilities: { drop: ["NET_RAW"] } }), "keeps Linux capabilities (container app)"],
  ["no-capabilities", "all dropped", secure({ capabilities: { drop: ["ALL"] } }), "passes"],
  ["no-capabilities", "one for low ports", secure({ capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } }), "passes"],
  [
    "no-capabilities",
    "another one added",
    secure({ capabilities: { drop: ["ALL"], add: ["CHOWN"] } }),
    "adds Linux capabilities (container app)",
  ],
  ["seccomp-profile", "the default of Kubernetes", containers({}), noProfile],
  ["seccomp-profile", "no setting", pod({ containers: [{ name: "app", securityContext: {} }], securityContext: {} }), noProfile],
  ["seccomp-profile", "a profile of the node", secure({ seccompProfile: { type: "Localhost", localhostProfile: "a.json" } }), "passes"],
  [
    "seccomp-profile",
    "a profile of the pod",
    pod({ containers: [{ name: "app" }], securityContext: { seccompProfile: { type: "RuntimeDefault" } } }),
    "passes",
  ],
  [
    "seccomp-profile",
    "a container that differs from its pod",
    pod({
      containers: [{ name: "app", securityContext: { seccompProfile: { type: "Unconfined" } } }],
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
    }),
    noProfile,
  ],
  ["no-privileged-container", "the default of Kubernetes", containers({}), "passes"],
  ["no-privileged-container", "not privileged", secure({ privileged: false }), "passes"],
  ["no-host-namespaces", "the network", pod({ hostNetwork: true }), "shares the network, process or IPC namespace of its node"],
  ["no-host-namespaces", "the IPC namespace", pod({ hostIPC: true }), "shares the network, process or IPC namespace of its node"],
  ["no-host-namespaces", "switched off", pod({ hostNetwork: false, hostPID: false }), "passes"],
  [
    "no-host-path",
    "one of several volumes",
    pod({
      volumes: [
        { name: "a", emptyDir: {} },
        { name: "b", hostPath: { path: "/" } },
      ],
    }),
    "mounts a directory of its node (hostPath)",
  ],
  ["no-host-path", "no volumes", pod({}), "passes"],
  ["read-only-root", "the default of Kubernetes", containers({}), "has a writable root filesystem (container app)"],
  ["readiness-probe", "no probe", containers({}), unready],
  ["readiness-probe", "no containers", pod({}), unready],
  ["readiness-probe", "a container beside another one", containers({ readinessProbe: { httpGet: {} } }, {}), "passes"],
  ["readiness-probe", "a Job", resource("kubernetes:batch/v1:Job", { spec: { template: job } }), "not concerned"],
  ["graceful-shutdown", "the default of Kubernetes", pod({}), "passes"],
  ["graceful-shutdown", "one second", pod({ terminationGracePeriodSeconds: 1 }), "passes"],
];

const plainText = (names: string) => `has ${names} in plain text`;
const configMap = (data?: Properties) => resource("kubernetes:core/v1:ConfigMap", { data });
const namespace = (metadata?: Properties) => resource("kubernetes:core/v1:Namespace", { metadata });
const notRestricted = 'does not enforce the Pod Security Standard "restricted"';
const service = (spec?: Properties) => resource("kubernetes:core/v1:Service", { spec });
const ingress = (spec?: Properties, metadata?: Properties) => resource("kubernetes:networking.k8s.io/v1:Ingress", { spec, metadata });
const https = { annotations: { "alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS":443}]' } };
const http = { annotations: { "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP":80}]' } };
const shop = { rules: [{ host: "shop.example.org" }] };
const role = (...rules: Properties[]) => resource("kubernetes:rbac.authorization.k8s.io/v1:Role", { rules });
const allRights = "allows all verbs or all resources (*)";
const binding = (inputs: Properties) => resource("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", inputs);
const storage = (provisioner: string, parameters?: Properties) =>
  resource("kubernetes:storage.k8s.io/v1:StorageClass", { provisioner, parameters });

const objects: Row[] = [
  [
    "no-plain-secret",
    "keys of a ConfigMap",
    configMap({ DB_PASSWORD: "x", GREETING: "hello", token: "y" }),
    plainText("DB_PASSWORD, token"),
  ],
  ["no-plain-secret", "a value in a ConfigMap that Pulumi marks as secret", configMap({ GREETING: hidden }), plainText("GREETING")],
  ["no-plain-secret", "an empty key", configMap({ DB_PASSWORD: "" }), "passes"],
  ["no-plain-secret", "a ConfigMap without data", configMap(), "passes"],
  ["no-plain-secret", "a variable from a Secret", variables({ name: "DB_PASSWORD", valueFrom: { secretKeyRef: {} } }), "passes"],
  ["no-plain-secret", "a variable by its name", variables({ name: "DB_PASSWORD", value: "x" }), plainText("DB_PASSWORD")],
  [
    "no-plain-secret",
    "a variable of an init container",
    pod({ initContainers: [{ env: [{ name: "API_KEY", value: "x" }] }] }),
    plainText("API_KEY"),
  ],
  ["no-plain-secret", "a container without variables", containers({}), "passes"],
  ["no-plain-secret", "data of another kind", resource("kubernetes:batch/v1:Job", { data: { DB_PASSWORD: "x" } }), "passes"],
  ["restricted-namespace", "no metadata", namespace(), notRestricted],
  ["restricted-namespace", "no labels", namespace({ name: "web" }), notRestricted],
  ["restricted-namespace", "only warnings", namespace({ labels: { "pod-security.kubernetes.io/warn": "restricted" } }), notRestricted],
  ["restricted-namespace", "the label", namespace({ labels: { "pod-security.kubernetes.io/enforce": "restricted" } }), "passes"],
  ["no-open-service", "a port of each node", service({ type: "NodePort" }), "is exposed without the ingress controller (type NodePort)"],
  [
    "no-open-service",
    "a load balancer for everyone",
    service({ type: "LoadBalancer" }),
    "is open to every address (type LoadBalancer without source ranges)",
  ],
  [
    "no-open-service",
    "a load balancer whose ranges are everyone's",
    service({ type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/8", "0.0.0.0/0"] }),
    "is open to every address (type LoadBalancer without source ranges)",
  ],
  ["no-open-service", "a load balancer for some", service({ type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/8"] }), "passes"],
  [
    "no-open-service",
    "a port of a node that only its machine reaches",
    resource("kubernetes:core/v1:Service", {
      metadata: { annotations: { "slipway.dev/loopback": "true" } },
      spec: { type: "NodePort" },
    }),
    "passes",
  ],
  ["no-open-service", "the default of Kubernetes", service({}), "passes"],
  ["no-open-service", "no specification", service(), "passes"],
  ["ingress-by-host", "one rule without a host", ingress({ rules: [{ host: "a.example" }, {}] }), "accepts requests for any host"],
  ["ingress-by-host", "a default backend without rules", ingress({ defaultBackend: {} }), "accepts requests for any host"],
  ["ingress-by-host", "a host in each rule", ingress({ rules: [{ host: "a.example" }, { host: "b.example" }] }), "passes"],
  ["ingress-by-host", "no specification", ingress(), "passes"],
  ["ingress-tls", "no certificate", ingress(shop), "has no TLS"],
  ["ingress-tls", "no annotations", ingress({ ...shop, ingressClassName: "alb" }, {}), "has no TLS"],
  ["ingress-tls", "a certificate", ingress({ ...shop, tls: [{ secretName: "shop" }] }), "passes"],
  ["ingress-tls", "a load balancer of AWS with HTTPS", ingress({ ...shop, ingressClassName: "alb" }, https), "passes"],
  ["ingress-tls", "a load balancer of AWS without HTTPS", ingress({ ...shop, ingressClassName: "alb" }, http), "has no TLS"],
  ["ingress-tls", "another controller with the annotation", ingress({ ...shop, ingressClassName: "nginx" }, https), "has no TLS"],
  ["ingress-tls", "localhost", ingress({ rules: [{ host: "localhost" }, { host: "web.localhost" }] }), "passes"],
  ["ingress-tls", "a host beside localhost", ingress({ rules: [{ host: "web.localhost" }, ...shop.rules] }), "has no TLS"],
  ["ingress-tls", "a host with a similar name", ingress({ rules: [{ host: "notlocalhost" }] }), "has no TLS"],
  ["ingress-tls", "no rules", ingress({}), "passes"],
  ["ingress-tls", "no specification", ingress(), "passes"],
  ["no-wildcard-rights", "all verbs in one rule", role({ verbs: ["get"], resources: ["pods"] }, { verbs: ["*"] }), allRights],
  ["no-wildcard-rights", "all resources", role({ verbs: ["get"], resources: ["pods", "*"] }), allRights],
  ["no-wildcard-rights", "a list", role({ verbs: ["get"], resources: ["pods/*"] }), "passes"],
  ["no-wildcard-rights", "no rules", resource("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", {}), "passes"],
  ["no-cluster-admin", "another role", binding({ roleRef: { kind: "ClusterRole", name: "view" } }), "passes"],
  ["no-cluster-admin", "no role", binding({}), "passes"],
  ["no-cluster-admin", "all rights", binding({ roleRef: { name: "cluster-admin" } }), "grants all permissions in the cluster"],
  ["encrypted-volumes", "no parameters", storage("ebs.csi.eks.amazonaws.com"), "creates unencrypted volumes"],
  ["encrypted-volumes", "switched off", storage("ebs.csi.aws.com", { encrypted: "false" }), "creates unencrypted volumes"],
  ["encrypted-volumes", "switched on", storage("ebs.csi.aws.com", { encrypted: "true" }), "passes"],
  ["encrypted-volumes", "another provisioner", storage("rancher.io/local-path"), "passes"],
];

const gap = "runs fewer pods than replicas during a rollout";
const rollout = (strategy: Properties, spec: Properties = {}) => deployment({ strategy, template: { spec } });
const claim = {
  volumes: [
    { name: "tmp", emptyDir: {} },
    { name: "data", persistentVolumeClaim: { claimName: "data" } },
  ],
};

const rollouts: Row[] = [
  ["rollout-without-gap", "the default of Kubernetes", deployment({}), gap],
  ["rollout-without-gap", "no specification", deployment(), gap],
  ["rollout-without-gap", "the default of the strategy", rollout({ type: "RollingUpdate" }), gap],
  ["rollout-without-gap", "a share of the pods", rollout({ rollingUpdate: { maxUnavailable: "25%" } }), gap],
  ["rollout-without-gap", "no pods", rollout({ rollingUpdate: { maxUnavailable: 0 } }), "passes"],
  ["rollout-without-gap", "no pods, as a text", rollout({ rollingUpdate: { maxUnavailable: "0" } }), "passes"],
  ["rollout-without-gap", "0 % of the pods", rollout({ type: "RollingUpdate", rollingUpdate: { maxUnavailable: "0%" } }), "passes"],
  ["rollout-without-gap", "all pods at once", rollout({ type: "Recreate" }), "stops all pods before new ones start"],
  ["rollout-without-gap", "all pods at once, of a writer to a volume", rollout({ type: "Recreate" }, claim), "passes"],
  [
    "rollout-without-gap",
    "all pods at once, with other volumes",
    rollout({ type: "Recreate" }, { volumes: [{ name: "tmp", emptyDir: {} }] }),
    "stops all pods before new ones start",
  ],
  ["rollout-without-gap", "a StatefulSet", statefulSet({}), "not concerned"],
];

test.each([...pods, ...objects, ...rollouts])("%s: %s", (rule, _, of, expected) => {
  expect(verdictOn(rule, [of])).toBe(expected);
});

const alone = "has one replica, so requests fail while its pod restarts";
const drained = "has no PodDisruptionBudget, so draining nodes can stop all its pods at once";
const reachable = "has no NetworkPolicy, so every pod in the cluster can reach it";
const oneNode = "can have all its pods on one node";
const needless = "mounts a token for the Kubernetes API, but its service account has no permissions";
const labels = { app: "web", tier: "front" };
const web = (spec: Properties = {}) => deployment({ ...spec, template: { metadata: { labels }, spec: spec["template"] } });
const scaler = (minReplicas: number | undefined, name = "web", kind = "Deployment") =>
  resource("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", { spec: { scaleTargetRef: { kind, name }, minReplicas } });
const ofKeda = resource("kubernetes:keda.sh/v1alpha1:ScaledObject", { spec: { scaleTargetRef: { kind: "Deployment", name: "web" } } });
const budget = (spec?: Properties) => resource("kubernetes:policy/v1:PodDisruptionBudget", { spec });
const policy = (spec?: Properties) => resource("kubernetes:networking.k8s.io/v1:NetworkPolicy", { spec });
const bind = (subject: Properties, type = "RoleBinding", metadata?: Properties) =>
  resource(`kubernetes:rbac.authorization.k8s.io/v1:${type}`, { metadata, subjects: [{ kind: "User", name: "ada" }, subject] });
const inShop = resource("kubernetes:apps/v1:Deployment", { metadata: { name: "web", namespace: "shop" }, spec: {} });
const account = { kind: "ServiceAccount", name: "default" };
const expression = { matchExpressions: [{ key: "app", operator: "In", values: ["web"] }] };
const two = web({ replicas: 2 });

const stacks: [rule: PolicyRuleId, situation: string, stack: [Resource, ...Resource[]], expected: string][] = [
  ["several-pods", "the default of Kubernetes", [web()], alone],
  ["several-pods", "no specification", [deployment()], alone],
  ["several-pods", "no metadata", [resource("kubernetes:apps/v1:Deployment", { spec: { replicas: 2 } }), scaler(1)], "passes"],
  ["several-pods", "two replicas", [two], "passes"],
  ["several-pods", "the minimum of an autoscaler instead of its replicas", [two, scaler(1)], alone],
  ["several-pods", "a minimum of two", [web(), scaler(2)], "passes"],
  ["several-pods", "an autoscaler without a minimum", [two, scaler(undefined)], "passes"],
  ["several-pods", "an autoscaler of another workload", [web(), scaler(2, "api")], alone],
  ["several-pods", "an autoscaler of another kind of workload", [web(), scaler(2, "web", "StatefulSet")], alone],
  ["several-pods", "an autoscaler without a target", [web(), resource(scaler(2).type, {})], alone],
  ["several-pods", "another object that refers to the workload", [web(), ofKeda, scaler(2)], "passes"],
  ["several-pods", "a writer to a volume", [web({ template: claim })], "passes"],
  ["several-pods", "other volumes", [web({ template: { volumes: [{ emptyDir: {} }] } })], alone],
  ["disruption-budget", "one replica needs none", [web()], "passes"],
  ["disruption-budget", "two replicas", [two], drained],
  ["disruption-budget", "a budget for its pods", [two, budget({ selector: { matchLabels: { app: "web" } } })], "passes"],
  ["disruption-budget", "a budget for all pods", [two, budget({ selector: {} })], "passes"],
  ["disruption-budget", "another label", [two, budget({ selector: { matchLabels: { app: "api" } } })], drained],
  ["disruption-budget", "one of two labels", [two, budget({ selector: { matchLabels: { app: "web", tier: "back" } } })], drained],
  ["disruption-budget", "an expression, which is not evaluated", [two, budget({ selector: expression })], drained],
  ["disruption-budget", "a budget without a selector selects nothing", [two, budget({})], drained],
  ["disruption-budget", "a budget without a specification", [two, budget()], drained],
  ["disruption-budget", "a selector of another kind", [two, resource("kubernetes:core/v1:Service", { spec: { selector: {} } })], drained],
  ["network-policy", "none", [web()], reachable],
  ["network-policy", "its labels", [web(), policy({ podSelector: { matchLabels: labels } })], "passes"],
  ["network-policy", "the labels of others", [web(), policy({ podSelector: { matchLabels: { app: "api" } } })], reachable],
  ["network-policy", "all pods", [web(), policy({ podSelector: {} })], "passes"],
  ["network-policy", "all pods by default", [web(), policy()], "passes"],
  ["network-policy", "an expression, which is not evaluated", [web(), policy({ podSelector: expression })], reachable],
  ["network-policy", "pods without labels", [deployment({ template: {} }), policy({ podSelector: { matchLabels: labels } })], reachable],
  ["network-policy", "no pods", [deployment({}), policy({ podSelector: { matchLabels: labels } })], reachable],
  ["network-policy", "no specification", [deployment(), policy({ podSelector: { matchLabels: labels } })], reachable],
  ["spread-pods", "one replica", [web()], "passes"],
  ["spread-pods", "two replicas", [two], oneNode],
  ["spread-pods", "a constraint", [web({ replicas: 2, template: { topologySpreadConstraints: [{}] } })], "passes"],
  ["spread-pods", "anti-affinity", [web({ replicas: 2, template: { affinity: { podAntiAffinity: {} } } })], "passes"],
  ["spread-pods", "affinity", [web({ replicas: 2, template: { affinity: { podAffinity: {} } } })], oneNode],
  ["no-account-token", "no bindings", [web()], needless],
  ["no-account-token", "a binding of the default account", [web(), bind({ kind: "ServiceAccount", name: "default" })], "passes"],
  [
    "no-account-token",
    "a binding in the whole cluster",
    [web({ template: { serviceAccountName: "web" } }), bind({ kind: "ServiceAccount", name: "web" }, "ClusterRoleBinding")],
    "passes",
  ],
  ["no-account-token", "a binding of its account", [inShop, bind({ ...account, namespace: "shop" })], "passes"],
  [
    "no-account-token",
    "a binding of its account in the whole cluster",
    [inShop, bind({ ...account, namespace: "shop" }, "ClusterRoleBinding")],
    "passes",
  ],
  [
    "no-account-token",
    "a binding of its account to a role in another namespace",
    [inShop, bind({ ...account, namespace: "shop" }, "RoleBinding", { namespace: "data" })],
    "passes",
  ],
  ["no-account-token", "a binding in its namespace", [inShop, bind(account, "RoleBinding", { namespace: "shop" })], "passes"],
  ["no-account-token", "a binding in another namespace", [inShop, bind(account, "RoleBinding", { namespace: "data" })], needless],
  [
    "no-account-token",
    "a binding of the account of the same name in another namespace",
    [inShop, bind({ ...account, namespace: "data" }, "RoleBinding", { namespace: "shop" })],
    needless,
  ],
  [
    "no-account-token",
    "a binding of the account of the same name in another namespace, in the whole cluster",
    [inShop, bind({ ...account, namespace: "data" }, "ClusterRoleBinding")],
    needless,
  ],
  ["no-account-token", "the namespace by default", [web(), bind({ ...account, namespace: "default" })], "passes"],
  ["no-account-token", "another namespace than that by default", [web(), bind({ ...account, namespace: "shop" })], needless],
  ["no-account-token", "a binding of another account", [web(), bind({ kind: "ServiceAccount", name: "web" })], needless],
  ["no-account-token", "a user with the name of the account", [web(), bind({ kind: "User", name: "default" })], needless],
  ["no-account-token", "a binding of nobody", [web(), resource("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", {})], needless],
  [
    "no-account-token",
    "another kind with subjects",
    [web(), bind({ kind: "ServiceAccount", name: "default" }, "RoleBindingRestriction")],
    needless,
  ],
  ["no-account-token", "no token", [web({ template: { automountServiceAccountToken: false } })], "passes"],
];

test.each(stacks)("%s: %s", (rule, _, stack, expected) => {
  expect(verdictOn(rule, stack)).toBe(expected);
});

test("a value and a list of values are read alike", () => {
  expect([undefined, null, "a", ["a", "b"], []].map((value) => listOf(value))).toEqual([[], [], ["a"], ["a", "b"], []]);
});
