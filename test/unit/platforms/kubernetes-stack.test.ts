import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:https";
import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import { checkSettings } from "../../../config/check.ts";
import { withoutPreflight } from "../../../lib/preflight.ts";
import { loadPlatform } from "../../../platforms/platform.ts";
import { findIngressControllers, withIngressController } from "../../../platforms/kubernetes/ingress-controllers.ts";
import { look, type SeenCluster } from "../../../platforms/kubernetes/look.ts";
import { preflight } from "../../../platforms/kubernetes/preflight.ts";
import { reach } from "../../../platforms/kubernetes/target.ts";
import { KubernetesCluster } from "../../../lib/kubernetes-client.ts";
import slipway from "../../../program.ts";
import type { Configuration } from "../../../config/settings.ts";
import { inTemporaryFolder } from "../cluster-outputs.ts";
import { image } from "../docker-inputs.ts";
import { record } from "../harness.ts";
import { Answer, apiError, HttpApi } from "../http-api.ts";
import { selfSigned } from "../../integration/tls.ts";

// What the program makes of a cluster that exists. That it runs there is tested in test/integration/existing-cluster.test.ts.

inTemporaryFolder();

const kubernetes = { context: "shop" };
const uid = "5f5a9b52-4f1c-4bd1-9f5e-0a3c2ad1a1a0";

async function run(given: object, services: object = { web: { image, host: "web.example.org" } }, jobs: object = {}) {
  const program = async () => {
    pulumi.runtime.setAllConfig({
      "slipway:platform": "kubernetes",
      "slipway:services": JSON.stringify(services),
      "slipway:jobs": JSON.stringify(jobs),
      "slipway:kubernetes": JSON.stringify({ ...kubernetes, ...given }),
    });
    return withoutPreflight(slipway);
  };
  return record(program);
}

test("a stack consists of its identity, its namespace and the objects of its services, and creates nothing else", async () => {
  const { resources } = await run({});
  expect(resources.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
    "kubernetes:apps/v1:Deployment web",
    "kubernetes:core/v1:Namespace services",
    "kubernetes:core/v1:Service web",
    "kubernetes:core/v1:ServiceAccount web",
    "kubernetes:networking.k8s.io/v1:Ingress web",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy web",
    "kubernetes:policy/v1:PodDisruptionBudget web",
    "pulumi-nodejs:dynamic/slipway:ClusterIdentity slipway-test",
    "pulumi:providers:kubernetes slipway-test",
    "slipway:index:WebService web",
  ]);
});

test("the provider has the context, and never adopts objects that exist", async () => {
  writeFileSync("kube.yaml", "");
  const { resources } = await run({ kubeconfig: "kube.yaml" });
  const { inputs } = resources.find(({ type }) => type === "pulumi:providers:kubernetes")!;
  expect(inputs).toMatchObject({ context: "shop", kubeconfig: `${process.cwd()}/kube.yaml`, upsertExistingObjects: "false" });
});

test("a given namespace is not created, and a pull secret is the one of all pods", async () => {
  const { resources } = await run({ namespace: "team", pullSecret: "registry" }, { web: { image } }, { migrate: { image } });
  expect(resources.map(({ type }) => type)).not.toContain("kubernetes:core/v1:Namespace");
  const accounts = resources.filter(({ type }) => type === "kubernetes:core/v1:ServiceAccount");
  expect(accounts.map(({ name, inputs }) => [name, inputs["metadata"].namespace, inputs["imagePullSecrets"]]).sort()).toEqual([
    ["migrate", "team", [{ name: "registry" }]],
    ["web", "team", [{ name: "registry" }]],
  ]);
});

test("what a cluster that exists demands of settings is reported at once", async () => {
  const services = {
    web: { source: "app", publish: { smtp: { port: 25 } } },
    db: { image, aws: { policyArns: ["arn:aws:iam::aws:policy/A"] } },
  };
  const { problems } = await checkSettings(
    { platform: "kubernetes", services, kubernetes: { ...kubernetes, pullSecret: "a" } },
    loadPlatform,
  );
  expect(problems.map(({ path, message }) => `${path.join(".")}: ${message}`)).toEqual([
    "services.db.aws: is not supported on kubernetes (supported on eks): it needs a cluster that Slipway created. Set serviceAccount.annotations as your cluster's cloud needs them",
    "kubernetes.pullSecret: requires kubernetes.namespace: in a new namespace there is no Secret yet. Set the namespace that has it, or remove pullSecret",
    "services.web.publish.smtp.sourceRanges: is required: the IP ranges of the clients, such as 203.0.113.0/24, or 0.0.0.0/0 for everyone",
  ]);
  const { problems: missing } = await checkSettings({ platform: "kubernetes", services: { web: { image } } }, loadPlatform);
  expect(missing.map(({ path, message }) => `${path.join(".")}: ${message}`)).toEqual([
    "kubernetes.context: is missing: it must be a string",
  ]);
});

/** Writes a kubeconfig with the context `shop`. */
function kubeconfig(cluster: object, user: object = {}): { context: string; kubeconfig: string } {
  const content = {
    apiVersion: "v1",
    kind: "Config",
    // The client accepts plain HTTP only together with this.
    clusters: [
      {
        name: "c",
        cluster: { "insecure-skip-tls-verify": String((cluster as { server: string }).server).startsWith("http:"), ...cluster },
      },
    ],
    users: [{ name: "u", user }],
    contexts: [{ name: "shop", context: { cluster: "c", user: "u" } }],
    "current-context": "elsewhere",
  };
  writeFileSync("kubeconfig.yaml", stringify(content));
  return { context: "shop", kubeconfig: "kubeconfig.yaml" };
}

describe("a cluster that cannot be used is reported in plain words", () => {
  const prefix = 'slipway:kubernetes.context: "shop": ';

  test("a host name that is unknown", async () => {
    expect(await reach(kubeconfig({ server: "https://cluster.invalid" }))).toBe(
      `${prefix}the host name of the Kubernetes API is unknown. Check \`server\` in the kubeconfig, and connect to its network or VPN.`,
    );
  });

  test("an address where nothing listens", async () => {
    const server = createTcpServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    expect(await reach(kubeconfig({ server: `https://127.0.0.1:${port}` }))).toBe(
      `${prefix}nothing listens at the address of the Kubernetes API. Start the cluster, or correct \`server\` in the kubeconfig.`,
    );
  });

  test("an authority that the kubeconfig does not trust", async () => {
    const { certificate: cert, key } = selfSigned("127.0.0.1");
    const server = createTlsServer({ cert, key }, (_request, response) => response.end());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    expect(await reach(kubeconfig({ server: `https://127.0.0.1:${port}` }))).toBe(
      `${prefix}the certificate of the Kubernetes API is not signed by the certificate authority in the kubeconfig. Correct \`certificate-authority\` or \`certificate-authority-data\`, or get a new kubeconfig.`,
    );
    server.close();
  });

  test("credentials that have expired", async () => {
    using api = await new HttpApi().open("tcp");
    api.answers = { "GET /api/v1": apiError(401, "Unauthorized") };
    expect(await reach(kubeconfig({ server: api.host }))).toBe(
      `${prefix}the Kubernetes API rejects the credentials of the kubeconfig. They are wrong or have expired: log in to the cluster again, or get a new kubeconfig.`,
    );
  });

  test("a credential plugin that is not installed", async () => {
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "no-such-plugin", interactiveMode: "Never" };
    expect(await reach(kubeconfig({ server: "https://127.0.0.1:1" }, { exec }))).toBe(
      `${prefix}the credential plugin "no-such-plugin" of the kubeconfig is not installed. Install it, or add it to the PATH.`,
    );
  });

  test("a cluster that does not answer in time", async () => {
    const server = createTcpServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    expect(await reach(kubeconfig({ server: `http://127.0.0.1:${port}` }), 0.2)).toBe(
      `${prefix}the Kubernetes API at http://127.0.0.1:${port} has not answered within 0.8 s.`,
    );
    server.close();
  });

  test("a context that the kubeconfig does not have, and a kubeconfig that does not exist", async () => {
    const { kubeconfig: file } = kubeconfig({ server: "https://127.0.0.1:1" });
    expect(await reach({ context: "other", kubeconfig: file })).toBe(
      'slipway:kubernetes.context: is not in the kubeconfig (got "other"). Contexts: shop.',
    );
    expect(await reach({ context: "shop", kubeconfig: "missing.yaml" })).toBe(
      `slipway:kubernetes.kubeconfig: does not exist (got "${process.cwd()}/missing.yaml"). Correct the path, or KUBECONFIG.`,
    );
  });
});

/** What an API answers to be recognised as one with these kinds. */
const discovery = {
  "GET /api/v1": {
    resources: [
      ...["Namespace", "Node"].map((kind) => ({ kind, name: `${kind.toLowerCase()}s`, namespaced: false })),
      ...["Secret", "Pod"].map((kind) => ({ kind, name: `${kind.toLowerCase()}s`, namespaced: true })),
    ],
  },
  "GET /apis/networking.k8s.io/v1": { resources: [{ kind: "IngressClass", name: "ingressclasses", namespaced: false }] },
  "GET /apis/networking.k8s.io/v1/ingressclasses": { items: [] },
  "GET /api/v1/nodes": { items: [] },
  "GET /api/v1/namespaces/kube-system": { metadata: { name: "kube-system", uid } },
};
const node = (architecture: string) => ({ status: { nodeInfo: { operatingSystem: "linux", architecture } } });
const ingressClass = (name: string, controller: string, isDefault: boolean) => ({
  metadata: { name, annotations: { "ingressclass.kubernetes.io/is-default-class": String(isDefault) } },
  spec: { controller },
});

test("a preflight reports another cluster, a namespace and a Secret that do not exist, and images for other nodes", async () => {
  using api = await new HttpApi().open("tcp");
  api.answers = {
    ...discovery,
    "GET /api/v1/namespaces/team": apiError(404, "not found"),
    "GET /api/v1/namespaces/team/secrets/registry": apiError(404, "not found"),
    "GET /api/v1/nodes": { items: [node("riscv64"), node("riscv64")] },
  };
  const target = kubeconfig({ server: api.host });
  const check = (given: object, services: object) =>
    preflight({ supplyChain: {}, kubernetes: { ...target, ...given }, services, jobs: {} } as unknown as Configuration);
  const other = uid.replace("5", "6");
  expect(await check({ cluster: other }, {})).toEqual([
    `slipway:kubernetes.cluster: must be ${uid}, the UID of the namespace kube-system in the cluster of the context "shop" (got "${other}"). Correct it, or the context.`,
  ]);
  const services = { web: { source: "app", platforms: ["linux/arm64"] }, db: { image } };
  expect(await check({ namespace: "team", pullSecret: "registry", cluster: uid }, services)).toEqual([
    'slipway:kubernetes.namespace: must be an existing Namespace of the cluster (got "team"). Create it, or correct the name.',
    'slipway:kubernetes.pullSecret: must be an existing Secret of the namespace team (got "registry"). Create it, or correct the name.',
    "slipway:kubernetes.registry: is required, because web is built from source, and the cluster names no local registry of its own. Set the registry to which its image is pushed, such as ghcr.io/acme/shop, or loadImages for nodes in Docker.",
    "slipway:services.web.platforms: must have a platform of the cluster's nodes (got linux/arm64). Set linux/riscv64.",
  ]);
  expect(api.changes).toEqual([]);
});

test("what the deployer may not read is not checked", async () => {
  using api = await new HttpApi().open("tcp");
  const forbidden = apiError(403, "forbidden");
  api.answers = {
    ...discovery,
    "GET /api/v1/namespaces/team": forbidden,
    "GET /api/v1/nodes": forbidden,
    "GET /apis/networking.k8s.io/v1/ingressclasses": forbidden,
  };
  const services = { web: { source: "app", host: "web.example.org" } };
  using registry = await new HttpApi().open("tcp");
  registry.answers = { "GET /v2/": {}, "POST /v2/web/blobs/uploads/": new Answer(202, "", { location: "/v2/web/blobs/uploads/1" }) };
  const target = { ...kubeconfig({ server: api.host }), namespace: "team", registry: registry.host.replace("http://", "") };
  expect(await preflight({ supplyChain: {}, kubernetes: target, services, jobs: {} } as unknown as Configuration)).toEqual([]);
  api.answers["GET /api/v1/namespaces/kube-system"] = forbidden;
  expect(await preflight({ supplyChain: {}, kubernetes: target, services, jobs: {} } as unknown as Configuration)).toEqual([
    'slipway:kubernetes.context: "shop": the identity in it may not read the namespace kube-system, which identifies the cluster. Let it get that one namespace.',
  ]);
});

describe("the ingress controller is the one that the cluster has", () => {
  const traefik = { namespace: "edge", podLabels: { "app.kubernetes.io/name": "traefik" } };
  async function find() {
    using api = await new HttpApi().open("tcp");
    api.answers = {
      ...discovery,
      "GET /apis/networking.k8s.io/v1/ingressclasses": {
        items: [ingressClass("edge", "traefik.io/ingress-controller", true), ingressClass("other", "example.org/controller", false)],
      },
      "GET /api/v1/pods": { items: [{ metadata: { name: "traefik-1", namespace: "edge", labels: traefik.podLabels } }] },
    };
    const { kubeconfig: file, context } = kubeconfig({ server: api.host });
    return await findIngressControllers(new KubernetesCluster(`${process.cwd()}/${file}`, context));
  }

  test("a service without a class gets the default one, and its pods are let in", async () => {
    expect(withIngressController({ host: "a" }, await find())).toEqual({
      host: "a",
      ingressClassName: "edge",
      network: { ingressController: traefik },
    });
  });

  test("settings of the service stay", async () => {
    const found = await find();
    const own = { host: "a", network: { ingressCidrs: ["10.0.0.0/8"] } };
    expect(withIngressController(own as never, found)).toEqual({ ...own, ingressClassName: "edge" });
    expect(withIngressController({ host: "a", ingressClassName: "other" }, found)).toEqual({ host: "a", ingressClassName: "other" });
    expect(withIngressController({ port: 1 }, found)).toEqual({ port: 1 });
  });
});

describe("the flavour of a cluster", () => {
  const forbidden = apiError(403, "forbidden");
  const openShift = { groups: [{ name: "route.openshift.io" }, { name: "security.openshift.io" }] };

  test("is told by what everyone may read, and its rules are checked before anything changes", async () => {
    using api = await new HttpApi().open("tcp");
    api.answers = { ...discovery, "GET /version": { gitVersion: "v1.32.5" }, "GET /apis": openShift, "GET /api/v1/nodes": forbidden };
    const target = kubeconfig({ server: api.host });
    const seen = (await look(target)) as SeenCluster;
    expect([seen.flavour, seen.isDetected, seen.nodes, seen.daemonSets]).toEqual(["openshift", true, undefined, undefined]);
    const check = (given: object) =>
      preflight({
        supplyChain: {},
        kubernetes: { ...target, ...given },
        services: { web: { image, user: 5 } },
        jobs: {},
      } as unknown as Configuration);
    expect(await check({})).toEqual([
      "slipway:services.web.user: must be omitted, because the cluster assigns the IDs of pods (got 5). Remove it and let the image run with any user, or set kubernetes.userIds: fixed and have an administrator grant the ServiceAccount a security context constraint such as nonroot-v2.",
    ]);
    expect(await check({ userIds: "fixed" })).toEqual([]);
    expect(api.changes).toEqual([]);
  });

  test("is generic if the deployer may see nothing, and the one of the settings takes precedence", async () => {
    using api = await new HttpApi().open("tcp");
    api.answers = { ...discovery, "GET /version": forbidden, "GET /apis": forbidden, "GET /api/v1/nodes": forbidden };
    const target = kubeconfig({ server: api.host });
    expect(((await look(target)) as SeenCluster).flavour).toBe("generic");
    const given = (await look({ ...target, flavour: "gke" })) as SeenCluster;
    expect([given.flavour, given.isDetected]).toEqual(["gke", false]);
    expect(given.controllers.classes.map(({ name, isDefault }) => [name, isDefault])).toEqual([
      ["gce", true],
      ["gce-internal", false],
    ]);
  });

  test("a controller whose pods are not found is reported, because the network policy would block it", async () => {
    using api = await new HttpApi().open("tcp");
    api.answers = {
      ...discovery,
      "GET /apis/networking.k8s.io/v1/ingressclasses": { items: [ingressClass("edge", "example.org/controller", true)] },
    };
    const services = { web: { image, host: "web.example.org" } };
    expect(
      await preflight({ supplyChain: {}, kubernetes: kubeconfig({ server: api.host }), services, jobs: {} } as unknown as Configuration),
    ).toEqual([
      "slipway:services.web.network: blocks the ingress controller of class edge. Set ingressController (its pods) or ingressCidrs (its addresses).",
    ]);
  });
});
