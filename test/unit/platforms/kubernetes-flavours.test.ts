import * as pulumi from "@pulumi/pulumi";
import { checkSettings } from "../../../config/check.ts";
import { Flavour } from "../../../config/schema/kubernetes.ts";
import type { Services } from "../../../config/settings.ts";
import { withoutPreflight } from "../../../lib/preflight.ts";
import { adaptedTo } from "../../../platforms/kubernetes/adapted.ts";
import { namespaceLabels, publishingOf, waitOf } from "../../../platforms/kubernetes/flavour-effects.ts";
import { flavourOf, type Signals } from "../../../platforms/kubernetes/flavour.ts";
import { withFlavour } from "../../../platforms/kubernetes/ingress-controllers.ts";
import type { SeenCluster } from "../../../platforms/kubernetes/look.ts";
import { enforcesNetworkPolicies } from "../../../platforms/kubernetes/network-policies.ts";
import { warningsOf } from "../../../platforms/kubernetes/warnings.ts";
import { loadPlatform } from "../../../platforms/platform.ts";
import slipway from "../../../program.ts";
import { inTemporaryFolder } from "../cluster-outputs.ts";
import { image } from "../docker-inputs.ts";
import { record } from "../harness.ts";

// What makes a flavour, and what it changes in the objects. That pods run with it is tested in test/integration/cluster-flavours.test.ts,
// for OpenShift, and on no cluster of a cloud.

inTemporaryFolder();

const host = "web.example.org";

describe("the flavour of a cluster", () => {
  const server = "https://192.0.2.1:6443";
  const node = (labels: object, providerID?: string) => ({ metadata: { labels }, spec: { providerID } }) as never;
  const openShift = ["route.openshift.io", "security.openshift.io"];

  test.each<[string, Partial<Signals>, Flavour]>([
    ["API groups of OpenShift", { groups: ["apps", ...openShift] }, "openshift"],
    ["OpenShift on AWS", { groups: openShift, version: "v1.32.5", nodes: [node({}, "aws:///eu-central-1a/i-1")] }, "openshift"],
    ["only one API group of OpenShift", { groups: ["route.openshift.io"] }, "generic"],
    ["the version of GKE", { version: "v1.33.4-gke.1172000" }, "gke"],
    ["the version of EKS", { version: "v1.33.3-eks-ace6451" }, "eks"],
    ["the version of k3s", { version: "v1.33.4+k3s1" }, "k3s"],
    ["the version of RKE2", { version: "v1.33.4+rke2r1" }, "rke2"],
    ["the address of EKS", { server: "https://ABC.gr7.eu-central-1.eks.amazonaws.com" }, "eks"],
    ["the address of AKS", { server: "https://shop-abc.hcp.westeurope.azmk8s.io:443" }, "aks"],
    ["a private address of AKS", { server: "https://shop-abc.privatelink.westeurope.azmk8s.io:443" }, "aks"],
    ["a host name that only contains that of AKS", { server: "https://azmk8s.io.example.org" }, "generic"],
    ["a node of AKS", { nodes: [node({ "kubernetes.azure.com/cluster": "shop" })] }, "aks"],
    ["a node of minikube", { nodes: [node({ "minikube.k8s.io/name": "minikube" })] }, "minikube"],
    ["a node of MicroK8s", { nodes: [node({ "microk8s.io/cluster": "true" })] }, "microk8s"],
    ["a node of kind", { nodes: [node({}, "kind://docker/kind/kind-control-plane")] }, "kind"],
    ["none of them", { version: "v1.36.0", groups: ["apps"], nodes: [node({})] }, "generic"],
    ["a deployer that may see nothing", {}, "generic"],
  ])("%s", (_name, signals, flavour) => {
    expect(flavourOf({ server, ...signals })).toBe(flavour);
  });
});

async function run(flavour: Flavour, services: object, { jobs = {}, ...more }: { jobs?: object; userIds?: string } = {}) {
  const program = async () => {
    pulumi.runtime.setAllConfig({
      "slipway:platform": "kubernetes",
      "slipway:services": JSON.stringify(services),
      "slipway:jobs": JSON.stringify(jobs),
      "slipway:kubernetes": JSON.stringify({ context: "shop", namespace: "team", registry: "registry.example/team", flavour, ...more }),
    });
    return withoutPreflight(slipway);
  };
  const { resources } = await record(program);
  return (kind: string, name = "web") =>
    resources.find((one) => one.type.startsWith("kubernetes:") && one.type.endsWith(`:${kind}`) && one.name === name)?.inputs;
}

const dns = (port = 53) => ["UDP", "TCP"].map((protocol) => ({ protocol, port }));
const problemsOf = async (kubernetes: object, services: object, jobs: object = {}) => {
  const given = { context: "shop", namespace: "team", ...kubernetes };
  const { problems } = await checkSettings({ platform: "kubernetes", services, jobs, kubernetes: given }, loadPlatform);
  return problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
};

describe("OpenShift", () => {
  const job = { migrate: { image, calls: ["web"] } };

  test("pods have no fixed IDs, and its routers and its DNS server are let in and out", async () => {
    const find = await run("openshift", { web: { image, host } }, { jobs: job });
    const { initContainers } = find("Job", "migrate")!["spec"].template.spec;
    expect(initContainers[0].securityContext).toEqual({
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    for (const [kind, name] of [
      ["Deployment", "web"],
      ["Job", "migrate"],
    ] as const)
      expect(find(kind, name)!["spec"].template.spec.securityContext).toEqual({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
    expect(find("Ingress")!["spec"]).toEqual({
      ingressClassName: "openshift-default",
      rules: [
        { host, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { name: "http" } } } }] } },
      ],
    });
    const { ingress, egress } = find("NetworkPolicy")!["spec"];
    expect(ingress).toEqual([
      {
        from: [
          { namespaceSelector: { matchLabels: { "policy-group.network.openshift.io/ingress": "" } }, podSelector: {} },
          { podSelector: { matchLabels: { "app.kubernetes.io/name": "migrate" } } },
        ],
        ports: [{ protocol: "TCP", port: 8080 }],
      },
    ]);
    const toDns = [{ to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "openshift-dns" } } }], ports: dns(5353) }];
    expect(egress).toEqual(toDns);
    expect(find("NetworkPolicy", "migrate")!["spec"].egress).toEqual([
      ...toDns,
      { to: [{ podSelector: { matchLabels: { "app.kubernetes.io/name": "web" } } }] },
    ]);
  });

  test("TLS ends at the router, with its certificate unless the service has one", async () => {
    const of = async (tls: object) => {
      const { metadata, spec } = (await run("openshift", { web: { image, host, tls, ingressClassName: "openshift-default" } }))("Ingress")!;
      return [metadata.annotations["route.openshift.io/termination"], spec.tls];
    };
    expect(await of({})).toEqual(["edge", [{}]]);
    expect(await of({ secretName: "cert" })).toEqual(["edge", [{ hosts: [host], secretName: "cert" }]]);
    expect(await of({ clusterIssuer: "letsencrypt" })).toEqual(["edge", [{ hosts: [host], secretName: "web-tls" }]]);
    expect(await problemsOf({}, { web: { image, host, tls: { redirect: false }, ingressClassName: "openshift-default" } })).toEqual([
      "services.web.tls.redirect: must not be false with ingress class openshift-default: OpenShift redirects HTTP of every Ingress with TLS. Remove it",
    ]);
  });

  test("users that were set by hand, and the level baseline, are problems with a remedy", async () => {
    const services = { web: { image, user: 1000, group: 1001 }, old: { image, security: { level: "baseline", reason: "old" } } };
    const remedy =
      "Remove it and let the image run with any user, or set kubernetes.userIds: fixed and have an administrator grant the ServiceAccount a security context constraint such as nonroot-v2";
    const expected = [
      `services.web.user: must be omitted, because the cluster assigns the IDs of pods (got 1000). ${remedy}`,
      `services.web.group: must be omitted, because the cluster assigns the IDs of pods (got 1001). ${remedy}`,
      "services.old.security.level: must not be baseline, because the cluster assigns the user of pods. Set restricted, or set kubernetes.userIds: fixed and have an administrator grant the ServiceAccount a security context constraint such as anyuid",
    ];
    expect(await problemsOf({ flavour: "openshift" }, services)).toEqual(expected);
    expect(await problemsOf({ userIds: "assigned" }, services)).toEqual(expected);
    expect(await problemsOf({ flavour: "openshift" }, { web: { image } }, { ...job, migrate: { image, user: 5 } })).toEqual([
      `jobs.migrate.user: must be omitted, because the cluster assigns the IDs of pods (got 5). ${remedy}`,
    ]);
    expect(await problemsOf({ flavour: "openshift", userIds: "fixed" }, services)).toEqual([]);
    expect(await problemsOf({ flavour: "generic" }, services)).toEqual([]);
  });

  test("IDs stay if the settings say so", async () => {
    const find = await run("openshift", { web: { image, user: 1000 } }, { userIds: "fixed" });
    expect(find("Deployment")!["spec"].template.spec.securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 });
  });
});

describe("GKE", () => {
  test("its classes are annotations, its load balancers are let in, and DNS may be answered by the node", async () => {
    const find = await run("gke", { web: { image, host } });
    const { metadata, spec } = find("Ingress")!;
    expect(metadata.annotations).toEqual({ "pulumi.com/skipAwait": "true", "kubernetes.io/ingress.class": "gce" });
    expect(spec.ingressClassName).toBeUndefined();
    expect(find("Service")!["metadata"].annotations).toEqual({ "cloud.google.com/neg": '{"ingress": true}' });
    const { ingress, egress } = find("NetworkPolicy")!["spec"];
    expect(ingress[0].from).toEqual([{ ipBlock: { cidr: "35.191.0.0/16" } }, { ipBlock: { cidr: "130.211.0.0/22" } }]);
    expect(egress).toEqual([{ ports: dns() }]);
    expect(find("Deployment")!["spec"].template.spec.securityContext.runAsUser).toBe(65532);
  });

  test("for an internal load balancer, the subnet of its proxies must be given", async () => {
    const web = { image, host, ingressClassName: "gce-internal" };
    expect(await problemsOf({}, { web })).toEqual([
      "services.web.network: blocks the ingress controller of class gce-internal. Set ingressController (its pods) or ingressCidrs (its addresses)",
    ]);
    const find = await run("gke", { web: { ...web, network: { ingressCidrs: ["10.9.0.0/24"] } } });
    expect(find("NetworkPolicy")!["spec"].ingress[0].from).toEqual(
      ["35.191.0.0/16", "130.211.0.0/22", "10.9.0.0/24"].map((cidr) => ({ ipBlock: { cidr } })),
    );
  });

  test("its load balancers check targets over HTTP", async () => {
    const web = { image, host, ingressClassName: "gce", probes: { kind: "tcp" } };
    expect(await problemsOf({}, { web })).toEqual([
      "services.web.probes.kind: must be http behind a load balancer of Google, which sends HTTP requests to check its targets (got tcp). Set http, or publish the port instead of a host",
    ]);
  });

  test("a default class of the cluster, or a class with the same name, takes precedence", () => {
    const facts = (classes: { name: string; controller: string; isDefault: boolean }[]) => ({
      flavour: Flavour.Gke,
      controllers: withFlavour({ classes, pods: {} }, Flavour.Gke),
    });
    const other = { name: "other", controller: "a", isDefault: true };
    expect(adaptedTo(facts([other]), { web: { host } })["web"]!.ingressClassName).toBe("other");
    expect(adaptedTo(facts([{ ...other, isDefault: false }]), { web: { host } })["web"]!.ingressClassName).toBe("gce");
    expect(facts([{ ...other, name: "gce" }]).controllers.classes.map(({ name }) => name)).toEqual(["gce", "gce-internal"]);
  });
});

test("a ServiceAccount for Azure's workload identity labels the pods", async () => {
  const serviceAccount = { annotations: { "azure.workload.identity/client-id": "5f5a9b52" } };
  const find = await run("aks", { web: { image, serviceAccount }, other: { image } }, { jobs: { migrate: { image, serviceAccount } } });
  const labelOf = (kind: string, name: string) => find(kind, name)!["spec"].template.metadata.labels["azure.workload.identity/use"];
  expect([labelOf("Deployment", "web"), labelOf("Deployment", "other"), labelOf("Job", "migrate")]).toEqual(["true", undefined, "true"]);
});

test("the proxy of a Gateway of AKS is let in by its name", async () => {
  const find = await run("aks", { web: { image, host, expose: "gateway", gateway: { className: "approuting-istio" } } });
  expect(find("NetworkPolicy")!["spec"].ingress[0].from).toEqual([
    { podSelector: { matchLabels: { "gateway.networking.k8s.io/gateway-name": "web" } } },
  ]);
});

describe("EKS", () => {
  const facts = (...groups: string[]) => ({ flavour: Flavour.Eks, groups, controllers: { classes: [], pods: {} } });

  test("a service behind its load balancer is reached from private addresses, and stops late", async () => {
    const find = await run("eks", { web: { image, host, ingressClassName: "alb" } });
    expect(find("Ingress")!["metadata"].annotations).toMatchObject({ "alb.ingress.kubernetes.io/target-type": "ip" });
    expect(find("NetworkPolicy")!["spec"].ingress[0].from).toEqual(
      ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].map((cidr) => ({ ipBlock: { cidr } })),
    );
    expect(find("NetworkPolicy")!["spec"].egress).toEqual([{ ports: dns() }]);
    const { containers } = find("Deployment")!["spec"].template.spec;
    expect(containers[0].lifecycle).toEqual({ preStop: { sleep: { seconds: 20 } } });
  });

  test("a certificate of the settings is a problem behind its load balancer", async () => {
    const web = { image, host, ingressClassName: "alb", tls: { secretName: "cert", clusterIssuer: "letsencrypt" } };
    expect(await problemsOf({}, { web })).toEqual(
      ["secretName", "clusterIssuer"].map(
        (key) =>
          `services.web.tls.${key}: must be omitted for the ingress class alb, which uses the certificate of AWS Certificate Manager for the host`,
      ),
    );
  });

  test("published ports get a load balancer of Auto Mode, or of the AWS Load Balancer Controller", () => {
    const annotations = {
      "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing",
      "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags": "a=b",
    };
    expect(publishingOf(facts("eks.amazonaws.com"), { a: "b" })).toEqual({ loadBalancerClass: "eks.amazonaws.com/nlb", annotations });
    expect(publishingOf(facts("elbv2.k8s.aws"), { a: "b" })).toEqual({ loadBalancerClass: "service.k8s.aws/nlb", annotations });
    expect(publishingOf(facts(), {})).toEqual({});
    expect(publishingOf({ flavour: Flavour.Generic, groups: ["elbv2.k8s.aws"] }, {})).toEqual({});
    const published: Services = { web: { publish: { smtp: { port: 25 } } } };
    expect(adaptedTo(facts(), published)["web"]!.shutdown).toEqual({ sleepSeconds: 20 });
    expect(adaptedTo({ ...facts(), flavour: Flavour.Generic }, published)).toEqual(published);
  });

  test("pods wait for the load balancer, and rollouts for nodes of Auto Mode", () => {
    expect(namespaceLabels(facts("eks.amazonaws.com", "elbv2.k8s.aws"))).toEqual({
      "eks.amazonaws.com/pod-readiness-gate-inject": "enabled",
      "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
    });
    expect([namespaceLabels(facts()), namespaceLabels({ flavour: Flavour.Gke })]).toEqual([{}, {}]);
    expect([waitOf(facts("eks.amazonaws.com")), waitOf(facts("elbv2.k8s.aws"))]).toEqual([{ awaitAtLeastSeconds: 600 }, {}]);
  });
});

describe("the classes of distributions are known by their names", () => {
  test.each([
    ["public", { namespace: "ingress", labels: { name: "nginx-ingress-microk8s" } }],
    ["webapprouting.kubernetes.azure.com", { namespace: "app-routing-system", labels: { app: "nginx" } }],
  ])("%s is nginx", async (ingressClassName, { namespace, labels }) => {
    const find = await run("generic", { web: { image, host, ingressClassName, tls: {}, connectRetries: 0 } });
    expect(find("Ingress")!["metadata"].annotations).toEqual({
      "pulumi.com/skipAwait": "true",
      "nginx.ingress.kubernetes.io/ssl-redirect": "true",
      "nginx.ingress.kubernetes.io/proxy-next-upstream": "off",
    });
    expect(find("NetworkPolicy")!["spec"].ingress[0].from).toEqual([
      { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } }, podSelector: { matchLabels: labels } },
    ]);
  });
});

describe("whether network policies are enforced", () => {
  const daemonSet = (name: string, args: string[] = []) =>
    ({ metadata: { name }, spec: { template: { spec: { containers: [{}, { args }] } } } }) as never;

  test.each<[string, Flavour, Parameters<typeof enforcesNetworkPolicies>[1], boolean | undefined]>([
    ["OpenShift, K3s and RKE2 enforce them", "k3s", [daemonSet("kube-flannel-ds")], true],
    ["Calico enforces them", "generic", [daemonSet("calico-node")], true],
    ["Cilium enforces them", "aks", [daemonSet("cilium"), daemonSet("azure-cns")], true],
    ["Dataplane V2 of GKE enforces them", "gke", [daemonSet("anetd")], true],
    ["Flannel alone does not", "generic", [daemonSet("kube-proxy"), daemonSet("kube-flannel-ds")], false],
    ["Flannel with Calico, which is Canal, does", "generic", [daemonSet("canal"), daemonSet("kube-flannel-ds")], true],
    ["the plugin of AWS does with its agent", "eks", [daemonSet("aws-node", ["--enable-network-policy=true"])], true],
    ["the plugin of AWS does not without", "eks", [daemonSet("aws-node", ["--enable-network-policy=false"])], false],
    ["nothing is claimed of an unknown plugin", "generic", [daemonSet("kube-proxy")], undefined],
    ["nothing is claimed of what the deployer may not see", "generic", undefined, undefined],
  ])("%s", (_name, flavour, daemonSets, expected) => {
    expect(enforcesNetworkPolicies(flavour, daemonSets)).toBe(expected);
  });
});

test("a cluster without metrics or enforcement is a warning only for stacks that need them", () => {
  const seen = {
    flavour: Flavour.Generic,
    groups: ["apps"],
    daemonSets: [{ metadata: { name: "kube-flannel" } }],
  } as unknown as SeenCluster;
  const scaled: Services = { web: { autoscaling: { maxReplicas: 3 } }, db: {} };
  expect(warningsOf({ services: scaled, jobs: {} }, seen)).toEqual([
    "slipway:services.web.autoscaling: has no effect, because the cluster has no metrics (API group metrics.k8s.io). Let an administrator install metrics-server, or set replicas.",
    "the cluster's network plugin does not enforce network policies: pods of other namespaces can reach these services, and these services everything. Let an administrator install one that does, such as Calico or Cilium.",
  ]);
  const open: Services = { web: { network: { isolated: false } } };
  expect(warningsOf({ services: open, jobs: {} }, seen)).toEqual([]);
  expect(warningsOf({ services: scaled, jobs: {} }, { ...seen, groups: ["metrics.k8s.io"], daemonSets: undefined })).toEqual([]);
  expect(warningsOf({ services: scaled, jobs: {} }, { ...seen, groups: undefined, daemonSets: undefined })).toEqual([]);
});
