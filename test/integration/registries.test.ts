import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { pollUntil } from "../../lib/poll.ts";
import { registryImageName } from "../../setup/registry-image.ts";
import { Checkout, docker, eventually, get, otherPort, ports } from "./checkout.ts";
import { sharedCheckout } from "./shared-stack.ts";
import { startRegistry, testLabels } from "./test-objects.ts";
import { signedFor } from "./tls.ts";
import { startTokenServer, type TokenServer } from "./token-server.ts";

// A registry with TLS by a private authority and users of its own, for the platform `kubernetes`. The cluster is that of another stack, whose node
// is told to trust the authority. The tests do not prove that registries of clouds behave in the same way.

const name = "integration-registries";
const own = `slipway-${name}`;
const host = "registries.localhost";
const web = { source: "app", host, replicas: 1, ingressClassName: "traefik" };
const port = otherPort + 6;

/** bcrypt of pa55word. */
const hash = "$2a$04$ybUbEPWgf1VMo3xspKKS4eIlMMAsZ/7fOUw0tJavsGMMW/vifcBfK";
const encoded = (user: string, password = "pa55word") => Buffer.from(`${user}:${password}`).toString("base64");

const running = new AsyncDisposableStack();
let folder: string;
let checkout: Checkout;
let cluster: KubernetesCluster;
let node: string;
/** Address of the registry: this machine and the node reach it there. */
let address: string;
let authority: string;

/** Sets the users of the registry, all with the password pa55word. */
const allow = (...users: string[]) => writeFileSync(join(folder, "htpasswd"), users.map((user) => `${user}:${hash}\n`).join(""));

const access = (username: string, password = "pa55word") => ({ username, password, ca: "registry-ca.pem" });
const settings = (more: object = {}) => ({
  context: "kubernetes-super-admin@kubernetes",
  kubeconfig: "cluster.yaml",
  registry: `${address}/team`,
  registryAccess: access("pusher"),
  pullCredentials: { username: "puller", password: "pa55word" },
  ports: { http: ports.http },
  ...more,
});
const configure = (more: object = {}, service: object = {}) => checkout.configure({ web: { ...web, ...service } }, settings(more));

/** Runs slipway with Docker's configuration in this file only. */
function dockerConfig(content: object, env: Record<string, string> = {}): Record<string, string> {
  mkdirSync(join(folder, "docker"), { recursive: true });
  writeFileSync(join(folder, "docker", "config.json"), JSON.stringify(content));
  return { DOCKER_CONFIG: join(folder, "docker"), ...env };
}
const storedIn = () => JSON.parse(readFileSync(join(folder, "docker", "config.json"), "utf8")) as object;

/** Asynchronous, because the token server runs in this process. */
async function login(
  input: string,
  env: Record<string, string>,
  options = ["--ca", "registry-ca.pem"],
  registry = address,
  user = "pusher",
): Promise<{ code: number | null; out: string }> {
  const args = ["login", registry, "--username", user, "--password-stdin", ...options];
  const child = spawn(join(checkout.folder, "slipway"), args, {
    cwd: checkout.folder,
    env: { ...process.env, NO_COLOR: "1", NODE_OPTIONS: "", ...env },
  });
  child.stdin.end(input);
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, out: out + errors };
}

let greeting = "Hello World";
function greet(now: string): void {
  checkout.edit("app/settings.go", `greeting: "${greeting}"`, `greeting: "${now}"`);
  greeting = now;
}

const answers = async (body: string) => {
  const answer = await eventually(
    () => get(host),
    (found) => found.body === body,
  );
  return answer.status;
};
const pullSecret = async () =>
  cluster.find({ apiVersion: "v1", kind: "Secret", metadata: { name: `${own}-registry`, namespace: own } }) as Promise<Manifest>;
const decoded = (secret: Manifest) =>
  JSON.parse(Buffer.from((secret["data"] as Record<string, string>)[".dockerconfigjson"]!, "base64").toString()) as object;
const pods = async () => (await cluster.select("v1", "Pod", own, "app.kubernetes.io/name=web")).map(({ metadata }) => metadata?.uid);

/** Tells containerd on the node how to reach a registry, as administrators of clusters do. */
function configureNode(registry: string, hosts: string, ca = ""): void {
  const script = `mkdir -p /etc/containerd/certs.d/${registry} && cd /etc/containerd/certs.d/${registry} && printf %s "$1" >hosts.toml && printf %s "$2" >ca.crt`;
  execFileSync("docker", ["exec", node, "sh", "-c", script, "sh", hosts, ca]);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-registries-"));
  execFileSync("chmod", ["755", folder]);
  const shared = sharedCheckout();
  shared.configure({ neighbour: { source: "app", replicas: 1 } });
  expect(await shared.run("up")).toMatchObject({ code: 0 });
  cluster = await shared.cluster();
  node = `slipway-${shared.stack}-node`;
  const { NetworkSettings } = await docker.getContainer(node).inspect();
  const gateway = Object.values(NetworkSettings.Networks)[0]!.Gateway;
  address = `${gateway}:${port}`;
  const signed = signedFor(gateway);
  authority = signed.authority;
  writeFileSync(join(folder, "certificate.pem"), signed.certificate);
  writeFileSync(join(folder, "key.pem"), signed.key);
  allow("pusher", "puller");
  const container = await docker.createContainer({
    name: own,
    Image: await registryImageName(),
    Env: [
      "REGISTRY_AUTH=htpasswd",
      "REGISTRY_AUTH_HTPASSWD_REALM=test",
      "REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd",
      "REGISTRY_HTTP_TLS_CERTIFICATE=/auth/certificate.pem",
      "REGISTRY_HTTP_TLS_KEY=/auth/key.pem",
      "REGISTRY_STORAGE_DELETE_ENABLED=true",
    ],
    Labels: testLabels,
    ExposedPorts: { "5000/tcp": {} },
    HostConfig: { Binds: [`${folder}:/auth:ro`], PortBindings: { "5000/tcp": [{ HostIp: gateway, HostPort: String(port) }] } },
  });
  running.defer(() => container.remove({ force: true, v: true }));
  await container.start();
  configureNode(address, `[host."https://${address}"]\n  ca = "/etc/containerd/certs.d/${address}/ca.crt"\n`, authority);
  checkout = running.use(new Checkout(name, "kubernetes"));
  writeFileSync(join(checkout.folder, "registry-ca.pem"), authority);
  const kubeconfig = readFileSync(join(shared.folder, ".slipway", shared.stack, "kubeconfig.yaml"), "utf8");
  writeFileSync(join(checkout.folder, "cluster.yaml"), kubeconfig);
  await pollUntil(() => ask("GET", "/v2/").then(() => true, () => false), { timeoutSeconds: 60 }); // prettier-ignore
});
afterAll(async () => {
  await running.disposeAsync();
  rmSync(folder, { recursive: true });
});

/** Sends a request to the registry. */
function ask(method: string, path: string, user = "pusher"): Promise<{ status: number; body: string }> {
  const headers = { authorization: `Basic ${encoded(user)}`, accept: "application/vnd.oci.image.manifest.v1+json" };
  return new Promise((done, failed) => {
    const outgoing = request(`https://${address}${path}`, { method, headers, ca: authority, agent: false }, (response) => {
      text(response).then((body) => done({ status: response.statusCode ?? 0, body }), failed);
    });
    outgoing.on("error", failed).end();
  });
}

const rejected = (registry = address) =>
  `slipway:kubernetes.registry: ${registry} does not allow a push to ${registry}/team/web with these credentials. Run slipway login ${registry} as a user who may push, or set registryAccess.username and password.`;

describe("before an up compiles anything", () => {
  const problems = async (more: object, env = dockerConfig({})) => {
    configure(more);
    const { code, out } = await checkout.run("up", env);
    expect(code).toBe(1);
    return out.split("\n").flatMap((line) => /^ +- (.*)$/.exec(line)?.[1] ?? []);
  };

  test("wrong and missing credentials, and a certificate of an unknown authority are reported, but not the compile error", async () => {
    checkout.edit("app/main.go", "func main() {", "func main() { this does not compile");
    const untrusted = `slipway:kubernetes.registry: the certificate of ${address} is not signed for it by an authority that this machine trusts. Set registryAccess.ca to the file with the authority's certificate.`;
    expect(await problems({ registryAccess: access("pusher", "wrong") })).toEqual([rejected()]);
    expect(await problems({ registryAccess: { ca: "registry-ca.pem" } })).toEqual([rejected()]);
    expect(await problems({ registryAccess: undefined })).toEqual([untrusted]);
    checkout.edit("app/main.go", "func main() { this does not compile", "func main() {");
  });

  test("a preview does not need the right to push", async () => {
    configure({ registryAccess: access("pusher", "wrong") });
    const { code, out } = await checkout.run("preview", dockerConfig({}));
    expect([code, out]).toEqual([0, expect.stringContaining("10 to create")]);
    expect(out).not.toContain("pa55word");
  });
});

describe("with credentials in the settings", () => {
  test("the image is pushed, and pods pull it with the Secret, which has only the credentials for this registry", async () => {
    configure();
    const { code, out } = await checkout.run("up", dockerConfig({}));
    expect([code, out]).toEqual([0, expect.stringContaining("answers HTTP 200")]);
    expect(await answers("Hello World\n")).toBe(200);
    const secret = await pullSecret();
    expect(secret["type"]).toBe("kubernetes.io/dockerconfigjson");
    expect(decoded(secret)).toEqual({ auths: { [address]: { username: "puller", password: "pa55word", auth: encoded("puller") } } });
    const [pod] = await cluster.select("v1", "Pod", own, "app.kubernetes.io/name=web");
    expect(pod!["spec"].imagePullSecrets).toEqual([{ name: `${own}-registry` }]);
    expect(pod!["spec"].containers[0].image).toContain(`${address}/team/web@sha256:`);
    const state = (await checkout.run("state export")).out;
    expect(state).toContain("kubernetes:core/v1:Secret");
    for (const secretText of ["pa55word", encoded("puller"), encoded("pusher")]) expect(state).not.toContain(secretText);
  });

  test("an unchanged up changes nothing, and pushes again what the registry has lost", async () => {
    expect(await checkout.run("up", dockerConfig({}))).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\n10 unchanged \(time\)\n/) as string,
    });
    const image = (JSON.parse((await checkout.run("outputs")).out) as { images: { web: string } }).images.web;
    const path = `/v2/team/web/manifests/${image.split("@")[1]}`;
    expect(await ask("DELETE", path)).toMatchObject({ status: 202 });
    expect(await checkout.run("up", dockerConfig({}))).toMatchObject({
      code: 0,
      out: expect.stringContaining("+ slipway:RegistryPush web") as string,
    });
    expect(await ask("GET", path)).toMatchObject({ status: 200 });
  });

  test("other credentials for pulling update the Secret, and no pod; the next image is pulled with them", async () => {
    const before = await pods();
    allow("pusher", "successor");
    configure({ pullCredentials: { username: "successor", password: "pa55word" } });
    const { code, out } = await checkout.run("up", dockerConfig({}));
    expect([code, out]).toEqual([0, expect.stringMatching(/\n1 updated, 9 unchanged \(time\)\n/)]);
    expect(out).not.toContain("pa55word");
    expect(await pods()).toEqual(before);
    greet("Hello Registry");
    expect(await checkout.run("up", dockerConfig({}))).toMatchObject({ code: 0 });
    expect(await answers("Hello Registry\n")).toBe(200);
  });

  test("revoked credentials for pulling fail the rollout with the cause, and the previous version keeps serving", async () => {
    allow("pusher");
    greet("Hello Nobody");
    configure({ pullCredentials: { username: "successor", password: "pa55word" } }, { rollout: { progressDeadlineSeconds: 10 } });
    const { code, out } = await checkout.run("up", dockerConfig({}));
    expect([code, out]).toEqual([1, expect.stringContaining("401 Unauthorized")]);
    expect((await get(host)).body).toBe("Hello Registry\n");
    greet("Hello Registry");
    allow("pusher", "puller");
    configure();
    expect(await checkout.run("up", dockerConfig({}))).toMatchObject({ code: 0 });
  });

  test("revoked credentials for pushing are reported, and nothing changes", async () => {
    allow("puller");
    const { code, out } = await checkout.run("up", dockerConfig({}));
    expect([code, out]).toEqual([1, expect.stringContaining(rejected())]);
    allow("pusher", "puller");
    expect((await get(host)).body).toBe("Hello Registry\n");
  });
});

describe("slipway login", () => {
  const fromDocker = { registryAccess: { ca: "registry-ca.pem" }, pullCredentials: { fromDocker: true } };

  test("rejects wrong credentials and an unknown authority, and stores nothing", async () => {
    const env = dockerConfig({});
    expect(await login("wrong\n", env)).toEqual({
      code: 1,
      out: `error: ${address}: the registry rejects the user or the password. Enter them again; some registries want a token in place of the password. Nothing was stored.\n`,
    });
    expect(await login("pa55word\n", env, [])).toEqual({
      code: 1,
      out: `error: ${address}: its certificate is not signed for it by an authority that this machine trusts. Use --ca with the file of the authority's certificate. Nothing was stored.\n`,
    });
    expect(storedIn()).toEqual({});
  });

  test("stores the credentials where Docker does; up pushes with them, and pods pull with them", async () => {
    const env = dockerConfig({});
    const file = join(folder, "docker", "config.json");
    expect(await login("pa55word\n", env)).toEqual({ code: 0, out: `Logged in to ${address} as pusher. Stored in ${file}.\n` });
    expect(storedIn()).toEqual({ auths: { [address]: { auth: encoded("pusher") } } });
    greet("Hello Docker");
    configure(fromDocker);
    const { code, out } = await checkout.run("up", env);
    expect([code, out]).toEqual([0, expect.stringContaining("answers HTTP 200")]);
    expect(await answers("Hello Docker\n")).toBe(200);
    expect(decoded(await pullSecret())).toEqual({
      auths: { [address]: { username: "pusher", password: "pa55word", auth: encoded("pusher") } },
    });
  });

  test("stores them with the credential helper that Docker has, and up asks it", async () => {
    const helper = join(folder, "docker-credential-file");
    const store = join(folder, "store.json");
    writeFileSync(helper, `#!/bin/sh\ncase $1 in store) cat >"${store}";; get) read server; cat "${store}";; esac\n`, { mode: 0o755 });
    const env = dockerConfig({ credHelpers: { [address]: "file" } }, { PATH: `${folder}:${process.env["PATH"]}` });
    expect(await login("pa55word\n", env)).toEqual({
      code: 0,
      out: `Logged in to ${address} as pusher. Stored in docker-credential-file.\n`,
    });
    expect(JSON.parse(readFileSync(store, "utf8"))).toEqual({ ServerURL: address, Username: "pusher", Secret: "pa55word" });
    greet("Hello Helper");
    expect(await checkout.run("up", env)).toMatchObject({ code: 0 });
    expect(await answers("Hello Helper\n")).toBe(200);
  });

  test("without a login, up names the command for it", async () => {
    const { code, out } = await checkout.run("up", dockerConfig({}));
    expect([code, out]).toEqual([1, expect.stringContaining(rejected())]);
    expect(out).toContain(
      `slipway:kubernetes.pullCredentials.fromDocker: is true, and Docker has no credentials for ${address} on this machine. Run slipway login ${address}, or set username and password.`,
    );
  });
});

describe("a registry with bearer authentication", () => {
  const bearerPort = port + 2;
  const bearer = `127.0.0.1:${bearerPort}`;
  const withBearer = new AsyncDisposableStack();
  let tokens: TokenServer;

  beforeAll(async () => {
    tokens = withBearer.use(await startTokenServer(bearer, { pusher: "pull,push", puller: "pull" }));
    writeFileSync(join(folder, "tokens.pem"), tokens.certificate);
    const env = [
      "REGISTRY_AUTH=token",
      `REGISTRY_AUTH_TOKEN_REALM=${tokens.realm}`,
      `REGISTRY_AUTH_TOKEN_SERVICE=${bearer}`,
      "REGISTRY_AUTH_TOKEN_ISSUER=slipway-test",
      "REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE=/auth/tokens.pem",
    ];
    withBearer.use(await startRegistry(`${own}-bearer`, bearerPort, { env, binds: [`${folder}:/auth:ro`] }));
  });
  afterAll(() => withBearer.disposeAsync());

  const loginThere = (user: string, password: string, env: Record<string, string>) => login(`${password}\n`, env, [], bearer, user);

  test("slipway login gets a token, and stores nothing without one", async () => {
    const env = dockerConfig({});
    expect(await loginThere("pusher", "wrong", env)).toMatchObject({
      code: 1,
      out: expect.stringContaining("the registry rejects the user or the password") as string,
    });
    expect(storedIn()).toEqual({});
    expect(await loginThere("pusher", "pa55word", env)).toMatchObject({ code: 0 });
    expect(tokens.granted.at(-1)).toBe("pusher ");
  });

  test("the right to push is that of the token, and an image is pushed with it", async () => {
    const setUp = (user: string) => {
      const access = { username: user, password: "pa55word" };
      configure(
        { registry: `${bearer}/team`, registryAccess: access, pullCredentials: undefined },
        { rollout: { progressDeadlineSeconds: 10 } },
      );
    };
    setUp("puller");
    const { code, out } = await checkout.run("up", dockerConfig({}));
    expect([code, out]).toEqual([1, expect.stringContaining(rejected(bearer))]);
    setUp("pusher");
    // The node does not reach loopback addresses of this machine, so only the push succeeds.
    expect((await checkout.run("up", dockerConfig({}))).out).toMatch(/[+~±] slipway:RegistryPush web/);
    expect(tokens.granted.at(-1)).toMatch(/^pusher repository:team\/web:.*push/);
  });
});

describe("credentials in the environment", () => {
  const push = { registryAccess: { ca: "registry-ca.pem" } };

  test("are those of SLIPWAY_REGISTRY_USERNAME, otherwise those in DOCKER_AUTH_CONFIG", async () => {
    configure(push);
    const wrong = JSON.stringify({ auths: { [address]: { auth: encoded("pusher", "wrong") } } });
    const right = JSON.stringify({ auths: { [address]: { auth: encoded("pusher") } } });
    const user = { SLIPWAY_REGISTRY_USERNAME: "pusher", SLIPWAY_REGISTRY_PASSWORD: "pa55word" };
    greet("Hello Variable");
    expect(await checkout.run("up", dockerConfig({}, { DOCKER_AUTH_CONFIG: wrong }))).toMatchObject({ code: 1 });
    expect(await checkout.run("up", dockerConfig({}, { DOCKER_AUTH_CONFIG: wrong, ...user }))).toMatchObject({ code: 0 });
    expect(await answers("Hello Variable\n")).toBe(200);
    greet("Hello Docker");
    expect(await checkout.run("up", dockerConfig({}, { DOCKER_AUTH_CONFIG: right }))).toMatchObject({ code: 0 });
  });
});

test("down removes the Secret with everything else", async () => {
  expect(await checkout.run("down", dockerConfig({}))).toMatchObject({ code: 0 });
  expect(await pullSecret()).toBeUndefined();
});

describe("a registry without TLS that the cluster names (KEP-1755)", () => {
  const inCluster = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "local-registry-hosting", namespace: "kube-public" } };
  let plain: string;
  beforeAll(async () => {
    plain = `${address.split(":")[0]}:${port + 1}`;
    // Published on the gateway too: this machine and the node reach it there.
    running.use(await startRegistry(`${own}-plain`, port + 1, { ip: address.split(":")[0] }));
    configureNode("registry.cluster.example", `server = "http://${plain}"\n[host."http://${plain}"]\n`);
    const hosting = `host: "${plain}"\nhostFromContainerRuntime: "registry.cluster.example"\nhelp: "https://example.org"\n`;
    await cluster.apply({ ...inCluster, data: { "localRegistryHosting.v1": hosting } }, false);
  });
  afterAll(() => cluster.remove(inCluster, 60));
  const found = { registry: undefined, pullCredentials: undefined };

  test("is not used without TLS unless the settings allow it", async () => {
    configure({ ...found, registryAccess: undefined });
    const { code, out } = await checkout.run("up", dockerConfig({}));
    expect([code, out]).toEqual([
      1,
      expect.stringContaining(
        `slipway:kubernetes.registry: ${plain} answers without TLS. Set registryAccess.plainHttp to true if its network is safe, or give it a certificate.`,
      ),
    ]);
  });

  test("gets the images under its own name, and pods have the name that their runtime knows", async () => {
    configure({ ...found, registryAccess: { plainHttp: true } });
    expect((await checkout.run("preview", dockerConfig({}))).out).toContain(
      `note: registry of the cluster of the context "kubernetes-super-admin@kubernetes": ${plain} (kube-public/local-registry-hosting)`,
    );
    const { code, out } = await checkout.run("up", dockerConfig({}));
    expect([code, out]).toEqual([0, expect.stringContaining("answers HTTP 200")]);
    const [pod] = await cluster.select("v1", "Pod", own, "app.kubernetes.io/name=web");
    expect(pod!["spec"].containers[0].image).toMatch(/^registry\.cluster\.example\/web@sha256:[0-9a-f]{64}$/);
    expect(await checkout.run("up", dockerConfig({}))).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\n9 unchanged \(time\)\n/) as string,
    });
  });

  test("without it, the error says what to set", async () => {
    await cluster.remove(inCluster, 60);
    const { code, out } = await checkout.run("preview", dockerConfig({}));
    expect([code, out]).toEqual([
      1,
      expect.stringContaining(
        "slipway:kubernetes.registry: is required, because web is built from source, and the cluster names no local registry of its own. Set the registry to which its image is pushed, such as ghcr.io/acme/shop, or loadImages for nodes in Docker.",
      ),
    ]);
  });
});

describe("without a registry, images are loaded into nodes that are containers in Docker, such as those of kind", () => {
  const containerd = (...args: string[]) =>
    execFileSync("docker", ["exec", node, "ctr", "--namespace", "k8s.io", ...args], { encoding: "utf8" });
  const loadImages = { registry: undefined, registryAccess: undefined, pullCredentials: undefined, loadImages: true };
  const image = async () => (JSON.parse((await checkout.run("outputs")).out) as { images: { web: string } }).images.web;

  test("a service runs, an unchanged up loads nothing, and a new version is loaded", async () => {
    configure(loadImages);
    const { code, out } = await checkout.run("up", dockerConfig({}));
    expect([code, out]).toEqual([0, expect.stringContaining("answers HTTP 200")]);
    expect(await image()).toMatch(/^slipway\.local\/slipway-integration-registries\/web@sha256:[0-9a-f]{64}$/);
    expect(containerd("images", "list", "--quiet")).toContain(await image());
    expect(await checkout.run("up", dockerConfig({}))).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\n\d+ unchanged \(time\)\n/) as string,
    });
    greet("Hello Node");
    expect(await checkout.run("up", dockerConfig({}))).toMatchObject({ code: 0 });
    expect(await answers("Hello Node\n")).toBe(200);
  });

  test("an image that a node has lost is loaded again", async () => {
    containerd("images", "remove", await image());
    expect(await checkout.run("up", dockerConfig({}))).toMatchObject({
      code: 0,
      out: expect.stringContaining("+ slipway:NodeImage web") as string,
    });
    expect(containerd("images", "list", "--quiet")).toContain(await image());
  });
});
