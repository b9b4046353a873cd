import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { ExitCode } from "../../cli/exit-code.ts";
import { supplyChainSettings } from "../../config/schema/supply-chain.ts";
import { newKeyPair } from "../../lib/attestations/key-file.ts";
import { command } from "../../lib/command.ts";
import type { Deployment } from "../../lib/deployment-record.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { admissionPolicies } from "../../platforms/kubernetes-shared/admission/admission.ts";
import { settle } from "../unit/harness.ts";
import { startApiServer, type ApiServer } from "./api-server.ts";
import { Checkout, eventually, get, otherPort, ports } from "./checkout.ts";
import { DevSession } from "./dev-session.ts";
import { asServiceAccount, withContext } from "./kubeconfig.ts";
import { attacks, underLoad } from "./load.ts";
import { sharedCheckout } from "./shared-stack.ts";

// The platform `kubernetes`: the cluster of another stack is somebody else's cluster. The tests do not prove that other distributions behave in
// the same way, or that credentials of a cloud are accepted.

const name = "integration-existing";
const own = `slipway-${name}`;
const host = "existing.localhost";
const context = "someone";
const web = { source: "app", host, replicas: 1, ingressClassName: "traefik" };
const registry = `127.0.0.1:${ports.registry}/team`;

const running = new AsyncDisposableStack();
let checkout: Checkout;
let cluster: KubernetesCluster;
let other: ApiServer;

const write = (kubeconfig: string) => writeFileSync(join(checkout.folder, "cluster.yaml"), withContext(kubeconfig, context));
const reached = { context, registry, ports: { http: ports.http } };
const settings = { ...reached, kubeconfig: "cluster.yaml" };
const namespaces = async (of: KubernetesCluster) => (await of.list("v1", "Namespace")).items.map(({ metadata }) => metadata?.name);
const uidOf = async (of: KubernetesCluster) =>
  (await of.find({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } }))!.metadata!.uid!;
let theirs: string;

beforeAll(async () => {
  const shared = sharedCheckout();
  shared.configure({ neighbour: { source: "app", host: "neighbour.localhost", replicas: 1 } });
  expect(await shared.run("up")).toMatchObject({ code: 0 });
  cluster = await shared.cluster();
  theirs = readFileSync(join(shared.folder, ".slipway", shared.stack, "kubeconfig.yaml"), "utf8");
  checkout = running.use(new Checkout(name, "kubernetes"));
  other = running.use(await startApiServer("slipway-integration-other-cluster", otherPort + 5));
  write(theirs);
});
afterAll(() => running.disposeAsync());

test("a service runs in a namespace of its own, and an unchanged up changes nothing", async () => {
  checkout.configure({ web }, settings);
  const { code, out } = await checkout.run("up");
  expect([code, out]).toEqual([0, expect.stringMatching(/\n9 created \(time\)\n/)]);
  expect(out).toContain(`web  http://${host}:${ports.http}/  answers HTTP 200`);
  expect(
    await eventually(
      () => get(host),
      ({ status }) => status === 200,
    ),
  ).toMatchObject({ status: 200 });
  expect(await checkout.run("up")).toMatchObject({ code: 0, out: expect.stringMatching(/\n9 unchanged \(time\)\n/) as string });
  const outputs = JSON.parse((await checkout.run("outputs")).out) as Record<string, unknown>;
  expect(outputs["cluster"]).toEqual({ id: await uidOf(cluster), context, namespace: own, flavour: "generic" });
});

test("another cluster behind the same context is rejected before anything is sent, and can be accepted by its UID", async () => {
  const uids = [await uidOf(other.cluster), await uidOf(cluster)];
  const before = await namespaces(other.cluster);
  write(readFileSync(join(other.folder, "kubeconfig.yaml"), "utf8"));
  const message = `slipway:kubernetes.context: "${context}" leads to another cluster (${uids[0]}) than the one that stack "${name}" is on (${uids[1]}). Nothing was changed. Correct the context, or set slipway:kubernetes.cluster to ${uids[0]} to move the stack there.\n`;
  for (const command of ["preview", "up", "down"]) {
    const { code, out } = await checkout.run(command);
    expect([command, code, out]).toEqual([command, 1, expect.stringContaining(message)]);
  }
  expect(await namespaces(other.cluster)).toEqual(before);
  // Its class and its pods are not there, so that only what the preview says of the cluster is looked at.
  checkout.configure({ web: { source: "app", replicas: 1 } }, { ...settings, cluster: uids[0] });
  const { code, out } = await checkout.run("preview");
  expect([code, out]).toEqual([0, expect.stringContaining(`ClusterIdentity ${own}  to create`)]);
  expect(await namespaces(other.cluster)).toEqual(before);
  checkout.configure({ web }, settings);
  write(theirs);
});

test("slipway dev replaces a program in its pod, rejects a session from another folder before it deploys, and restores the Deployment", async () => {
  checkout.configure({ web }, settings, { "slipway:dev": true });
  const session = new DevSession(checkout);
  try {
    await session.next("watching");
    const pods = async () => (await cluster.select("v1", "Pod", own, "app.kubernetes.io/name=web")).map(({ metadata }) => metadata?.name);
    const before = await pods();
    checkout.edit("app/main.go", "greeting: settings.greeting", 'greeting: "developed"');
    const { image } = await session.next("running");
    expect((await get(host)).body).toBe("developed\n");
    expect(await pods()).toEqual(before);
    expect(await session.pushed(image)).toBe(`${registry}/web@${image}`);

    const elsewhere = new Checkout(name, "kubernetes");
    try {
      elsewhere.configure({ web }, settings, { "slipway:dev": true });
      writeFileSync(join(elsewhere.folder, "cluster.yaml"), withContext(theirs, context));
      const { code, out } = await elsewhere.run("dev");
      expect(code).toBe(ExitCode.Locked);
      expect(out).toMatch(
        new RegExp(
          `^error: Stack "${name}" is being developed on by \\S+ \\(process ${session.pid}\\), since \\S+\\. Wait until that session has ended\\.\n$`,
        ),
      );
    } finally {
      rmSync(elsewhere.folder, { recursive: true });
    }
    expect((await get(host)).body).toBe("developed\n");
  } finally {
    expect((await session.end()).code).toBe(0);
  }
  await eventually(
    () => get(host),
    ({ body }) => body === "Hello World\n",
  );
  const { spec } = (await cluster.find({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: own } }))!;
  expect(spec.template.spec.initContainers).toBeUndefined();
  checkout.edit("app/main.go", 'greeting: "developed"', "greeting: settings.greeting");
  checkout.configure({ web }, settings);
});

test("down deletes what the stack created, and nothing else, and names an object that a finalizer keeps", async () => {
  const neighbour = await get("neighbour.localhost");
  expect(neighbour.status).toBe(200);
  const stuck = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "stuck", namespace: own } };
  await cluster.apply({ ...stuck, metadata: { ...stuck.metadata, finalizers: ["example.org/files"] } }, false);
  const down = checkout.start("down");
  await eventually(
    async () => down.output(),
    (out) => out.includes("deleting, waiting for configmaps/stuck (finalizer example.org/files)"),
  );
  await cluster.merge({ ...stuck, metadata: { ...stuck.metadata, finalizers: null as never } });
  // The end of slipway dev has deployed the image without building it.
  expect(await down.run).toMatchObject({ code: 0, out: expect.stringMatching(/\n8 deleted \(time\)\n/) as string });
  expect(await namespaces(cluster)).not.toContain(own);
  expect(await get("neighbour.localhost")).toMatchObject({ status: 200 });
});

describe("in a namespace that was given", () => {
  const given = "team";
  const manifest = (kind: string, object: string, more: object = {}) => ({
    apiVersion: "v1",
    kind,
    metadata: { name: object, namespace: kind === "Namespace" ? undefined : given },
    ...more,
  });

  beforeAll(async () => {
    await cluster.apply(manifest("Namespace", given), false);
    await cluster.apply(manifest("ConfigMap", "someones"), false);
    await cluster.apply(manifest("Secret", "registry", { type: "Opaque", stringData: { a: "b" } }), false);
  });
  afterAll(() => cluster.remove(manifest("Namespace", given), 120));

  test("the kubeconfig may be one of several in KUBECONFIG, and pods pull with the Secret", async () => {
    writeFileSync(join(checkout.folder, "empty.yaml"), new KubeConfig().exportConfig());
    const list = ["empty.yaml", "cluster.yaml"].map((file) => join(checkout.folder, file)).join(":");
    checkout.configure({ web }, { ...reached, namespace: given, pullSecret: "registry", state: "file" });
    const { code, out } = await checkout.run("up", { KUBECONFIG: list });
    expect([code, out]).toEqual([0, expect.stringContaining(`web  http://${host}:${ports.http}/  answers HTTP 200`)]);
    expect(
      (
        await eventually(
          () => get(host),
          ({ status }) => status === 200,
        )
      ).status,
    ).toBe(200);
    const [pod] = await cluster.select("v1", "Pod", given, "app.kubernetes.io/name=web");
    expect(pod!["spec"].imagePullSecrets).toEqual([{ name: "registry" }]);
    // A state in a file says itself which cluster it is about.
    write(readFileSync(join(other.folder, "kubeconfig.yaml"), "utf8"));
    const elsewhere = await checkout.run("down", { KUBECONFIG: list });
    write(theirs);
    expect([elsewhere.code, elsewhere.out]).toEqual([1, expect.stringContaining(`"${context}" leads to another cluster`)]);
    expect(await checkout.run("down", { KUBECONFIG: list })).toMatchObject({ code: 0 });
  });

  test("down leaves the namespace and the objects of others", async () => {
    expect(await namespaces(cluster)).toContain(given);
    expect(await cluster.find(manifest("ConfigMap", "someones"))).toBeDefined();
    expect((await cluster.select("v1", "ServiceAccount", given, "app.kubernetes.io/part-of=slipway")).length).toBe(0);
  });

  test("an object that exists already is reported, and stays as it is", async () => {
    await cluster.apply(manifest("Service", "web", { spec: { ports: [{ port: 1 }] } }), false);
    checkout.configure({ web }, { ...settings, namespace: given });
    const { code, out } = await checkout.run("up");
    expect([code, out]).toEqual([
      1,
      expect.stringContaining("already exists in the cluster, and this stack did not create it. Delete it, or choose another name."),
    ]);
    expect((await cluster.find(manifest("Service", "web")))!["spec"].ports[0].port).toBe(1);
    await checkout.run("down");
    expect(await cluster.find(manifest("Service", "web"))).toBeDefined();
  });
});

describe("with policies for images", () => {
  // The engines' own schemas, without the engines: that they judge images by the policies, admission.test.ts proves of Kyverno.
  let crds: Manifest[];
  const policyOf = (apiVersion: string, kind: string, policy: string) => ({ apiVersion, kind, metadata: { name: policy, namespace: own } });
  const passphrase = { SLIPWAY_KEY_PASSPHRASE: "correct horse battery" };
  const trusted = { require: ["signature", "provenance"], keys: [{ file: "keys/slipway.pub" }], admission: { engine: "kyverno" } };

  beforeAll(async () => {
    const { privateKey, publicKey } = newKeyPair(passphrase.SLIPWAY_KEY_PASSPHRASE);
    mkdirSync(join(checkout.folder, "keys"));
    writeFileSync(join(checkout.folder, "keys/slipway.key"), privateKey);
    writeFileSync(join(checkout.folder, "keys/slipway.pub"), publicKey);
    const cwd = join(import.meta.dirname, "admission-crds");
    const sourceOf = async (module: string) =>
      (JSON.parse(await command("go", ["mod", "download", "-json", module], { cwd })) as { Dir: string }).Dir;
    const [kyverno, sigstore] = [await sourceOf("github.com/kyverno/api"), await sourceOf("github.com/sigstore/policy-controller")];
    const files = [
      join(kyverno, "config/crds/policies.kyverno.io_namespacedimagevalidatingpolicies.yaml"),
      join(sigstore, "config/300-clusterimagepolicy.yaml"),
    ];
    crds = files.map((file) => parse(readFileSync(file, "utf8")) as Manifest);
    // Its webhook converts between versions.
    for (const crd of crds) delete (crd["spec"] as { conversion?: object }).conversion;
    checkout.configure({ web }, settings, { "slipway:supplyChain": { ...trusted, sign: { key: "keys/slipway.key" } } });
  });
  afterAll(async () => {
    expect(await checkout.run("down", passphrase)).toMatchObject({ code: 0 });
    for (const crd of crds) await cluster.remove(crd, 120);
  });

  test("a cluster without the engine is reported before anything changes", async () => {
    for (const command of ["preview", "up"]) {
      const { code, out } = await checkout.run(command, passphrase);
      const missing =
        "slipway:supplyChain.admission.engine: needs Kyverno, which the cluster does not have with the kind NamespacedImageValidatingPolicy of policies.kyverno.io/v1. Let an administrator install it, or remove admission.";
      expect([command, code, out]).toEqual([command, 1, expect.stringContaining(missing)]);
    }
    expect(await namespaces(cluster)).not.toContain(own);
  });

  test("the policy is deployed before the services, and an unchanged up changes nothing", async () => {
    for (const crd of crds) await cluster.apply(crd, false);
    for (const api of ["policies.kyverno.io/v1", "policy.sigstore.dev/v1beta1"])
      await eventually(
        () => cluster.ask<{ resources: object[] }>(`/apis/${api}`),
        (answer) => (answer?.resources.length ?? 0) > 0,
      );
    const { code, out } = await checkout.run("up", passphrase);
    expect([code, out]).toEqual([0, expect.stringMatching(/\n10 created \(time\)\n/)]);
    const policy = await cluster.find(policyOf("policies.kyverno.io/v1", "NamespacedImageValidatingPolicy", own));
    expect(policy!["spec"]).toMatchObject({ validationActions: ["Deny"], attestors: [{ name: "key1" }] });
    expect(await checkout.run("up", passphrase)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\n10 unchanged \(time\)\n/) as string,
    });
    const rendered = await checkout.run("render", {}, ["--out", join(checkout.folder, "policies")]);
    expect([rendered.code, rendered.out]).toEqual([0, expect.stringContaining("namespacedimagevalidatingpolicy")]);
  });

  test("the schema of policy-controller accepts its policies", async () => {
    const root = join(checkout.folder, "keys/root.json");
    writeFileSync(root, JSON.stringify({ certificateAuthorities: [{ uri: "https://fulcio.sigstore.dev" }] }));
    const identities = [{ issuer: "https://issuer.example", subject: "https://subject.example" }];
    const admission = { engine: "policy-controller", except: ["docker.io/istio/"] };
    const supplyChain = supplyChainSettings.parse({ ...trusted, keys: [], identities, trustedRoot: root, admission });
    const policies = admissionPolicies(supplyChain, {
      name: own,
      namespace: own,
      repositories: [`${registry}/web`],
      plainHttp: false,
      labels: {},
    });
    for (const { resource: _, ...policy } of policies) {
      const object = (await settle(pulumi.output(policy))).value as Manifest;
      expect(await cluster.apply(object, true)).toMatchObject({ kind: "ClusterImagePolicy" });
    }
    expect(policies).toHaveLength(2);
  });
});

describe("a deployer with exactly the rights that slipway rbac prints", () => {
  const namespace = "limited";
  const object = (kind: string, name: string) => ({
    apiVersion: "v1",
    kind,
    metadata: { name, namespace: kind === "Namespace" ? undefined : namespace },
  });
  let role: Manifest;
  let clusterRoles: Manifest[];

  beforeAll(async () => {
    await cluster.apply(object("Namespace", namespace), false);
    await cluster.apply(object("ServiceAccount", "deployer"), false);
    checkout.configure({ web }, { ...settings, namespace });
    const { out } = await checkout.run("rbac", {}, ["--subject", `serviceaccount:${namespace}/deployer`, "--json"]);
    const printed = JSON.parse(out) as Manifest[];
    for (const manifest of printed) await cluster.apply(manifest, false);
    role = printed.find(({ kind }) => kind === "Role")!;
    clusterRoles = printed.filter(({ kind }) => kind?.startsWith("ClusterRole"));
    write(await asServiceAccount(theirs, namespace, "deployer"));
  });
  afterAll(async () => {
    write(theirs);
    for (const manifest of [...clusterRoles, object("Namespace", namespace)]) await cluster.remove(manifest, 120);
  });

  test("deploys, updates and rolls back, without a failed request", async () => {
    const { code, out } = await checkout.run("up");
    expect([code, out]).toEqual([0, expect.stringContaining(`web  http://${host}:${ports.http}/  answers HTTP 200`)]);
    expect(
      (
        await eventually(
          () => get(host),
          ({ status }) => status === 200,
        )
      ).body,
    ).toBe("Hello World\n");
    checkout.edit("app/settings.go", 'greeting: "Hello World"', 'greeting: "Hello Role"');
    const loads = await underLoad(host, attacks, async () => {
      expect(await checkout.run("up")).toMatchObject({ code: 0 });
      await eventually(
        () => get(host),
        ({ body }) => body === "Hello Role\n",
      );
      expect(await checkout.run("rollback")).toMatchObject({ code: 0 });
      await eventually(
        () => get(host),
        ({ body }) => body === "Hello World\n",
      );
    });
    expect(loads.map(({ failures }) => failures)).toEqual([[], []]);
    // Without requests the test would prove nothing.
    for (const { requests } of loads) expect(requests).toBeGreaterThan(20);
  });

  test("has a history of what each run did to users, and of the images by digest", async () => {
    const { code, out } = await checkout.run("history", {}, ["--json"]);
    expect([code, out]).toEqual([0, expect.stringMatching(/^\{/)]);
    const { deployments } = JSON.parse(out) as { deployments: Deployment[] };
    expect(deployments.map(({ id, command, result }) => [id, command, result])).toEqual([
      [3, "rollback", "succeeded"],
      [2, "up", "succeeded"],
      [1, "up", "succeeded"],
    ]);
    expect(deployments.slice(0, 2).map(({ impact }) => impact)).toEqual(["rolling update", "rolling update"]);
    const [rolledBack, updated, first] = deployments.map(({ images }) => images!["web"]);
    expect([rolledBack === first, updated === first, first]).toEqual([true, false, expect.stringMatching(/@sha256:[0-9a-f]{64}$/)]);
  });

  test("without one of them, a preview and an up name it and change nothing", async () => {
    const less = (role["rules"] as { resources: string[] }[]).map((rule) => ({
      ...rule,
      resources: rule.resources.filter((resource) => resource !== "ingresses"),
    }));
    await cluster.apply({ ...role, rules: less }, false);
    for (const command of ["preview", "up"]) {
      const { code, out } = await checkout.run(command);
      expect([command, code, out]).toEqual([
        command,
        1,
        expect.stringContaining(
          `these rights are missing in the namespace ${namespace}. An administrator gets a Role with them from slipway rbac --stack ${name}:\n  - ingresses.networking.k8s.io: create, delete, get, list, patch, watch\n`,
        ),
      ]);
    }
    await cluster.apply(role, false);
  });

  test("removes the stack", async () => {
    expect(await checkout.run("down")).toMatchObject({ code: 0 });
    expect(await cluster.select("apps/v1", "Deployment", namespace, "app.kubernetes.io/part-of=slipway")).toEqual([]);
    // The state was in the namespace, too.
    expect(await cluster.select("v1", "Secret", namespace, "dev.slipway/state")).toEqual([]);
  });
});
