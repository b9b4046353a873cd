import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import type { KubernetesCluster, KubernetesError } from "../../lib/kubernetes-client.ts";
import { parse } from "yaml";
import { readStack } from "../../config/stack-file.ts";
import { render } from "../render.ts";
import { eventually, get, ports, type Checkout } from "./checkout.ts";
import { namespace, sharedCheckout, stack } from "./shared-stack.ts";

const secretValue = "the secret greeting";
const services = {
  web: { source: "app", host: "web.localhost", replicas: 1, tls: {}, secretEnv: { GREETING: secretValue } },
  routed: { source: "app", host: "routed.localhost", replicas: 1, expose: "gateway", env: { GREETING: "Hello from the Gateway" } },
  ledger: {
    source: "app",
    kind: "stateful",
    replicas: 2,
    port: 80,
    volumes: {
      data: { kind: "persistent", mountPath: "/data", size: "10Mi" },
      scratch: { kind: "emptyDir", mountPath: "/tmp", size: "8Mi" },
    },
    files: { "/etc/ledger/settings.yaml": "limit: 10\n" },
  },
  caller: {
    source: "caller",
    host: "caller.localhost",
    calls: ["ledger"],
    probes: { kind: "tcp" },
    user: 10001,
    env: { TARGET: "http://ledger/" },
  },
  stranger: { source: "caller", host: "stranger.localhost", env: { TARGET: "http://ledger/" } },
};
let checkout: Checkout;
let cluster: KubernetesCluster;

beforeAll(async () => {
  checkout = sharedCheckout();
  cpSync("test/fixtures/caller", join(checkout.folder, "caller"), { recursive: true });
  checkout.configure(services);
  const { code, out } = await checkout.run("up");
  if (code !== 0) throw new Error(out);
  cluster = await checkout.cluster();
  await cluster.apply(certificate("web.localhost"), false);
});

/** A Secret with a self-signed certificate for a host, from Go's generate_cert.go. */
function certificate(host: string) {
  const folder = mkdtempSync(join(tmpdir(), "slipway-certificate-"));
  const goRoot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
  execFileSync("go", ["run", join(goRoot, "src/crypto/tls/generate_cert.go"), "--host", host], { cwd: folder, stdio: "ignore" });
  const data = { "tls.crt": readFileSync(join(folder, "cert.pem"), "base64"), "tls.key": readFileSync(join(folder, "key.pem"), "base64") };
  rmSync(folder, { recursive: true });
  return { apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata: { name: "web-tls", namespace }, data };
}

const find = (apiVersion: string, kind: string, name: string) => cluster.find({ apiVersion, kind, metadata: { name, namespace } });

/** Sends a request like a browser, with the port in the Host header. */
function request(client: typeof http | typeof https, port: number) {
  return new Promise<{ status?: number; body: string; location?: string }>((done, failed) => {
    const options = { host: "127.0.0.1", port, servername: "web.localhost", rejectUnauthorized: false };
    const outgoing = client.request({ ...options, headers: { host: `web.localhost:${port}` } }, (response) => {
      let body = "";
      const { statusCode: status, headers } = response;
      response.on("data", (part) => (body += part)).on("end", () => done({ status, body, location: headers.location }));
    });
    outgoing.on("error", failed).end();
  });
}

test("HTTPS uses the certificate of the Secret, and HTTP redirects to HTTPS", async () => {
  expect((await checkout.outputs()).urls["web"]).toBe(`https://web.localhost:${ports.https}/`);
  const names = () =>
    new Promise<string | undefined>((done, failed) => {
      const options = { host: "127.0.0.1", port: ports.https, servername: "web.localhost", rejectUnauthorized: false };
      const socket: TLSSocket = connect(options, () => {
        done(socket.getPeerCertificate().subjectaltname);
        socket.destroy();
      }).on("error", failed);
    });
  await eventually(names, (name) => name === "DNS:web.localhost");
  expect(await request(https, ports.https)).toEqual({ status: 200, body: `${secretValue}\n`, location: undefined });
  expect(await request(http, ports.http)).toMatchObject({ status: 301, location: `https://web.localhost:${ports.https}/` });
});

test("a secret value is in the Secret and nowhere else", async () => {
  expect(Buffer.from((await find("v1", "Secret", "web"))?.data.GREETING, "base64").toString()).toBe(secretValue);
  const kinds = [
    ["apps/v1", "Deployment"],
    ["apps/v1", "ReplicaSet"],
    ["v1", "Pod"],
    ["v1", "ConfigMap"],
    ["v1", "Event"],
  ] as const;
  for (const [apiVersion, kind] of kinds)
    expect(JSON.stringify((await cluster.list(apiVersion, kind, namespace)).items)).not.toContain(secretValue);
});

test("a changed secret causes a rollout, and an unchanged one does not", async () => {
  expect((await checkout.run("up")).out).toMatch(/\n\d+ unchanged \(time\)\n/);
  checkout.configure({ ...services, web: { ...services.web, secretEnv: { GREETING: "another secret" } } });
  const { code, out } = await checkout.run("up");
  expect(code).toBe(0);
  expect(out).not.toContain("another secret");
  expect(out).toMatch(/~ kubernetes:core\/v1:Secret web {2}updated/);
  expect(out).toMatch(/~ kubernetes:apps\/v1:Deployment web {2}updated/);
});

test("a Gateway created for the service routes to it", async () => {
  expect(
    await eventually(
      () => get("routed.localhost"),
      ({ status }) => status === 200,
    ),
  ).toEqual({
    status: 200,
    body: "Hello from the Gateway\n",
  });
});

test("every pod of a stateful service has a stable name and its own volume, and files are in a ConfigMap", async () => {
  for (const i of [0, 1]) {
    expect((await find("v1", "PersistentVolumeClaim", `data-ledger-${i}`))?.status.phase).toBe("Bound");
    expect((await find("v1", "Pod", `ledger-${i}`))?.status.containerStatuses[0].ready).toBe(true);
  }
  expect((await find("v1", "ConfigMap", "ledger"))?.data).toEqual({ "etc_2fledger_2fsettings.yaml": "limit: 10\n" });
});

test("a service, here on port 80, is reachable only from services that list it in calls", async () => {
  expect(await get("caller.localhost")).toEqual({ status: 200, body: "http://ledger/ says: Hello World\n" });
  const { status, body } = await get("stranger.localhost");
  expect(status).toBe(500);
  expect(body).toContain("connection refused"); // the node rejects the connection
});

test("an unknown class is rejected before anything changes", async () => {
  const { web, ledger } = services;
  checkout.configure({
    ...services,
    web: { ...web, ingressClassName: "nginx", priorityClassName: "gold" },
    ledger: { ...ledger, volumes: { ...ledger.volumes, data: { ...ledger.volumes.data, storageClass: "fast" } } },
    routed: { ...services.routed, gateway: { className: "cilium" }, network: { isolated: false } },
  });
  const { code, out } = await checkout.run("up");
  checkout.configure(services);
  expect(code).toBe(1);
  expect(out).toContain(
    [
      `Stack "${stack}" cannot be deployed:`,
      '      - slipway:services.web.ingressClassName: must be an existing IngressClass (got "nginx"). Known classes: traefik.',
      '      - slipway:services.web.priorityClassName: must be an existing PriorityClass (got "gold"). Known classes: system-cluster-critical, system-node-critical.',
      '      - slipway:services.routed.gateway.className: must be an existing GatewayClass (got "cilium"). Known classes: traefik.',
      '      - slipway:services.ledger.volumes.data.storageClass: must be an existing StorageClass (got "fast"). Known classes: local-path.',
    ].join("\n"),
  );
  expect(out).not.toMatch(/created|updated|replaced|deleted/);
});

// The cluster is upstream Kubernetes, so this does not test what EKS adds to it.
test("the Kubernetes API accepts all objects of the stacks on AWS, except IngressClassParams", async () => {
  const unknown = new Set<string>();
  for (const name of ["dev", "staging", "prod"]) {
    const manifests = await render(readStack(name));
    expect(manifests.length).toBe(name === "prod" ? 12 : 11);
    // All stacks are rendered for the same namespace. It must exist for the dry runs, and is deleted with the cluster.
    await cluster.apply(
      manifests.find(({ kind }) => kind === "Namespace")!,
      false,
    );
    for (const manifest of manifests)
      await cluster.apply(manifest, true).catch((error: KubernetesError) => {
        if (!error.isUnknownKind) throw error;
        unknown.add(String(manifest.kind));
      });
  }
  expect([...unknown]).toEqual(["IngressClassParams"]);
});

test("the example in docs/SERVICES.md has fewer than 30 lines and deploys unchanged", async () => {
  const [, yaml = ""] = /```yaml\n(.*?)```/s.exec(readFileSync("docs/SERVICES.md", "utf8")) ?? [];
  expect(yaml.trimEnd().split("\n").length).toBeLessThan(30);
  const partner = { apiVersion: "v1", kind: "Secret", metadata: { name: "partner", namespace }, stringData: { "api-key": "hush" } };
  await cluster.apply(partner, false);
  checkout.configure(parse(yaml).config["slipway:services"]);
  const { code, out } = await checkout.run("up");
  expect(out).toContain(`web  https://web.localhost:${ports.https}/  answers HTTP 200`);
  expect(code).toBe(0);
  expect((await find("apps/v1", "StatefulSet", "store"))?.status.readyReplicas).toBe(2);
  expect((await find("autoscaling/v2", "HorizontalPodAutoscaler", "web"))?.spec.maxReplicas).toBe(6);
});
