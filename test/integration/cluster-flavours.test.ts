import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { adaptedTo } from "../../platforms/kubernetes/adapted.ts";
import { look, type SeenCluster } from "../../platforms/kubernetes/look.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { startApiServer, type ApiServer } from "./api-server.ts";
import { Checkout, eventually, get, otherPort, passphraseVariable, ports } from "./checkout.ts";
import { assignedId, openShift, project } from "./openshift.ts";
import { withContext } from "./kubeconfig.ts";
import { sharedCheckout } from "./shared-stack.ts";

// Flavours of clusters, emulated on real API servers: what Slipway recognises them by, and what decides on whether pods run and are reached.
// The tests do not prove that clouds and distributions have nothing else.

const name = "integration-flavours";
const context = "someone";
const host = "flavours.localhost";
const namespace = project.metadata.name;

const running = new AsyncDisposableStack();

describe("a cluster with the API groups, the ingress class and the security context constraint of OpenShift", () => {
  let checkout: Checkout;
  let cluster: KubernetesCluster;
  const web = { source: "app", replicas: 1, rollout: { progressDeadlineSeconds: 20 } };
  const settings = {
    context,
    kubeconfig: "cluster.yaml",
    namespace,
    registry: `127.0.0.1:${ports.registry}/team`,
    ports: { http: ports.http },
  };
  /** The namespace of Traefik is that of the routers, or is not. */
  const labelRouters = (value: string | null) =>
    cluster.merge({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "kube-system", labels: { "policy-group.network.openshift.io/ingress": value as string } },
    });

  beforeAll(async () => {
    const shared = sharedCheckout();
    shared.configure({ neighbour: { source: "app", host: "neighbour.localhost", replicas: 1 } });
    expect(await shared.run("up")).toMatchObject({ code: 0 });
    cluster = await shared.cluster();
    const theirs = readFileSync(join(shared.folder, ".slipway", shared.stack, "kubeconfig.yaml"), "utf8");
    checkout = new Checkout(name, "kubernetes");
    writeFileSync(join(checkout.folder, "cluster.yaml"), withContext(theirs, context));
    for (const manifest of openShift) await cluster.apply(manifest, false);
    // Traefik serves no Routes, so it gets an Ingress of its own.
    await cluster.apply(
      {
        apiVersion: "networking.k8s.io/v1",
        kind: "Ingress",
        metadata: { name: "route", namespace },
        spec: {
          ingressClassName: "traefik",
          rules: [
            { host, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { name: "http" } } } }] } },
          ],
        },
      },
      false,
    );
  });
  afterAll(async () => {
    await checkout.run("down");
    await labelRouters(null);
    for (const manifest of [...openShift].reverse()) await cluster.remove(manifest, 120);
    await checkout[Symbol.asyncDispose]();
  });

  test("is recognised, and a preview says so and rejects users that were set by hand", async () => {
    checkout.configure({ web: { ...web, user: 1000 } }, settings);
    const { code, out } = await checkout.run("preview");
    expect([code, out]).toEqual([
      1,
      expect.stringContaining(
        "slipway:services.web.user: must be omitted, because the cluster assigns the IDs of pods (got 1000). Remove it and let the image run with any user, or set kubernetes.userIds: fixed and have an administrator grant the ServiceAccount a security context constraint such as nonroot-v2.",
      ),
    ]);
  });

  test("rejects the pods of other clusters", async () => {
    checkout.configure({ web }, { ...settings, flavour: "generic" });
    const { code, out } = await checkout.run("up");
    expect([code, out]).toEqual([
      1,
      expect.stringContaining("restricted-v2: .spec.securityContext.runAsUser must be in the range of the project"),
    ]);
    expect(out).toContain(`note: cluster of the context "${context}": generic Kubernetes (slipway:kubernetes.flavour)\n`);
    expect(await checkout.run("down")).toMatchObject({ code: 0 });
  });

  test("runs a service with the IDs that it assigns, to HTTP 200 from the namespaces of its routers and from no others", async () => {
    // Traefik is the default class of this cluster.
    checkout.configure({ web: { ...web, host, ingressClassName: "openshift-default" } }, settings);
    const { code, out } = await checkout.run("up");
    expect([code, out]).toEqual([0, expect.stringContaining(`note: cluster of the context "${context}": OpenShift (detected)\n`)]);
    // Traefik keeps connections open, so this is tried first.
    const blocked = await get(host).catch(() => ({ status: 0 }));
    expect(blocked.status).not.toBe(200);
    await labelRouters("");
    const answer = await eventually(
      () => get(host),
      ({ status }) => status === 200,
    );
    expect(answer).toEqual({ status: 200, body: "Hello World\n" });
    const [pod] = (await cluster.select("v1", "Pod", namespace, "app.kubernetes.io/name=web")).filter(
      ({ metadata }) => metadata?.deletionTimestamp === undefined,
    );
    expect(pod!["spec"].securityContext).toEqual({
      fsGroup: assignedId,
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(pod!["spec"].containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      runAsUser: assignedId,
    });
    const ingress = await cluster.find({ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "web", namespace } });
    expect(ingress!["spec"].ingressClassName).toBe("openshift-default");
    const outputs = JSON.parse((await checkout.run("outputs")).out) as { cluster: object };
    expect(outputs.cluster).toMatchObject({ context, namespace, flavour: "openshift" });
  });

  test("an unchanged up says what the cluster is and changes nothing", async () => {
    const { code, out } = await checkout.run("up");
    expect([code, out]).toEqual([0, expect.stringMatching(/OpenShift \(detected\)\n7 unchanged \(time\)\n/)]);
  });

  test("a preview as JSON has only JSON on standard output", () => {
    const env = { ...process.env, NO_COLOR: "1", SLIPWAY_ENGINE: "embedded", NODE_OPTIONS: "", ...passphraseVariable };
    const { stdout, stderr } = spawnSync(join(checkout.folder, "slipway"), ["preview", "--stack", name, "--json"], {
      env,
      encoding: "utf8",
    });
    expect((JSON.parse(stdout) as { changeSummary: object }).changeSummary).toEqual({ same: expect.any(Number) as number });
    expect(stderr).toContain(`note: cluster of the context "${context}": OpenShift (detected)\n`);
  });
});

describe("the classes, nodes and pods of other distributions", () => {
  let api: ApiServer;
  const created: Manifest[] = [];

  beforeAll(async () => {
    api = running.use(await startApiServer("slipway-integration-flavours", otherPort + 5));
    const config = parse(readFileSync(join(api.folder, "kubeconfig.yaml"), "utf8"));
    writeFileSync(join(api.folder, "cluster.json"), JSON.stringify({ ...config, contexts: [{ ...config.contexts[0], name: context }] }));
  });
  afterAll(() => running.disposeAsync());
  afterEach(async () => {
    for (const manifest of created.splice(0)) await api.cluster.remove(manifest, 60);
  });

  /** Without controllers, a namespace would stay in its deletion. */
  const isKept = ({ kind }: Manifest) => kind === "Namespace" || kind === "ServiceAccount";
  const create = async (manifest: Manifest) => {
    await api.cluster.apply(manifest, false);
    if (!isKept(manifest)) created.push(manifest);
  };
  const node = (labels: Record<string, string>, providerID?: string) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "node", labels },
    spec: { providerID },
  });
  const ingressClass = (name: string, controller: string, isDefault: boolean) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name, annotations: { "ingressclass.kubernetes.io/is-default-class": String(isDefault) } },
    spec: { controller },
  });
  const controllerPod = (inNamespace: string, labels: Record<string, string>) => [
    ...(inNamespace === "kube-system" ? [] : [{ apiVersion: "v1", kind: "Namespace", metadata: { name: inNamespace } }]),
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: inNamespace } },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "controller", namespace: inNamespace, labels },
      spec: { containers: [{ name: "controller", image: "controller" }] },
    },
  ];

  test.each([
    [
      "minikube with its ingress add-on",
      [
        node({ "minikube.k8s.io/name": "minikube" }),
        ingressClass("nginx", "k8s.io/ingress-nginx", true),
        ...controllerPod("ingress-nginx", { "app.kubernetes.io/name": "ingress-nginx" }),
      ],
      "minikube",
      { ingressClassName: "nginx", namespace: "ingress-nginx", podLabels: { "app.kubernetes.io/name": "ingress-nginx" } },
    ],
    [
      "MicroK8s with its ingress add-on, whose pods have labels of their own",
      [
        node({ "microk8s.io/cluster": "true" }),
        ingressClass("public", "k8s.io/ingress-nginx", true),
        ingressClass("nginx", "k8s.io/ingress-nginx", false),
        ...controllerPod("ingress", { name: "nginx-ingress-microk8s" }),
      ],
      "microk8s",
      { ingressClassName: "public", namespace: "ingress", podLabels: { name: "nginx-ingress-microk8s" } },
    ],
    [
      "kind with an ingress controller",
      [
        node({}, "kind://docker/kind/kind-control-plane"),
        ingressClass("nginx", "k8s.io/ingress-nginx", true),
        ...controllerPod("ingress-nginx", { "app.kubernetes.io/name": "ingress-nginx" }),
      ],
      "kind",
      { ingressClassName: "nginx", namespace: "ingress-nginx", podLabels: { "app.kubernetes.io/name": "ingress-nginx" } },
    ],
    [
      "RKE2, whose charts have prefixed names",
      [
        ingressClass("nginx", "k8s.io/ingress-nginx", true),
        ...controllerPod("kube-system", { "app.kubernetes.io/name": "rke2-ingress-nginx" }),
      ],
      "generic",
      { ingressClassName: "nginx", namespace: "kube-system", podLabels: { "app.kubernetes.io/name": "rke2-ingress-nginx" } },
    ],
    [
      "k3d and K3s, with Traefik in kube-system",
      [
        ingressClass("traefik", "traefik.io/ingress-controller", true),
        ...controllerPod("kube-system", { "app.kubernetes.io/name": "traefik" }),
      ],
      "generic",
      { ingressClassName: "traefik", namespace: "kube-system", podLabels: { "app.kubernetes.io/name": "traefik" } },
    ],
  ])("%s", async (_name, manifests, flavour, { ingressClassName, ...ingressController }) => {
    for (const manifest of manifests) await create(manifest);
    const seen = (await look({ context, kubeconfig: join(api.folder, "cluster.json") })) as SeenCluster;
    expect(seen.flavour).toBe(flavour);
    expect(adaptedTo(seen, { web: { host } })).toEqual({ web: { host, ingressClassName, network: { ingressController } } });
  });

  test("a Gateway without the Gateway API, and autoscaling without metrics, are named in a preview", async () => {
    await using checkout = new Checkout("integration-flavours-lacking", "kubernetes");
    const settings = { context, kubeconfig: join(api.folder, "cluster.json"), registry: "registry.example/team" };
    await create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-flannel" } });
    const selector = { matchLabels: { app: "flannel" } };
    const template = { metadata: { labels: selector.matchLabels }, spec: { containers: [{ name: "flannel", image: "flannel" }] } };
    await create({
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "kube-flannel-ds", namespace: "kube-flannel" },
      spec: { selector, template },
    });
    checkout.configure({ web: { source: "app", host, expose: "gateway", gateway: { className: "approuting-istio" } } }, settings);
    const rejected = await checkout.run("preview");
    expect([rejected.code, rejected.out]).toEqual([
      1,
      expect.stringContaining("slipway:services.web.gateway.className: needs the Gateway API, which the cluster does not have"),
    ]);
    checkout.configure({ web: { source: "app", autoscaling: { maxReplicas: 3 } } }, settings);
    const { code, out } = await checkout.run("preview");
    expect(code).toBe(0);
    expect(out.split("\n").filter((line) => /^(note|warning): /.test(line))).toEqual([
      `note: cluster of the context "${context}": generic Kubernetes (detected)`,
      "warning: slipway:services.web.autoscaling: has no effect, because the cluster has no metrics (API group metrics.k8s.io). Let an administrator install metrics-server, or set replicas.",
      "warning: the cluster's network plugin does not enforce network policies: pods of other namespaces can reach these services, and these services everything. Let an administrator install one that does, such as Calico or Cilium.",
    ]);
  });
});
