import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments, stringify } from "yaml";
import { inTotoMediaType } from "../../lib/attestations/statement.ts";
import { mediaTypes } from "../../lib/oci.ts";
import { referrersOf } from "../../lib/registry-client.ts";
import { newPassphraseKey, seal } from "../../lib/secrets.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { ageSecret, fluxNamespace } from "../../review/render/flux.ts";
import { Checkout, eventually, get, otherPort, passphraseVariable, ports, type Run } from "./checkout.ts";
import { startFlux, type Flux } from "./flux.ts";
import { startGitServer } from "./git-server.ts";
import { withContext } from "./kubeconfig.ts";
import { sharedCheckout } from "./shared-stack.ts";

// What `slipway render --for flux` writes, deployed by Flux's own controllers on a real cluster. The tests do not prove anything about Argo CD, about
// External Secrets, or about registries and repositories with credentials.

const name = "integration-gitops";
const namespace = `slipway-${name}`;
const host = "gitops.localhost";
const packedHost = "gitops-packed.localhost";
const artifact = `oci://127.0.0.1:${ports.registry}/gitops/manifests:test`;
const manifestUrl = `http://127.0.0.1:${ports.registry}/v2/gitops/manifests/manifests/test`;
const running = new AsyncDisposableStack();
let checkout: Checkout;
let cluster: KubernetesCluster;
let flux: Flux;
let recipient: string;
let passphrase: ReturnType<typeof newPassphraseKey>;
let digest: string | undefined;

const service = { source: "app", replicas: 1 };
const settings = {
  context: "someone",
  kubeconfig: "cluster.yaml",
  registry: `127.0.0.1:${ports.registry}/gitops`,
  ports: { http: ports.http },
};

/** Writes the stack file, with the greeting as an encrypted secret. */
function configure(greeting: string, others: object = {}): void {
  const secretEnv = { GREETING: { secure: seal(passphrase.key, greeting) } };
  const web = { ...service, host, ingressClassName: "traefik", after: ["migrate"], secretEnv };
  checkout.configure({ web, ...others }, settings, { "slipway:jobs": { migrate: { source: "migrate" } } });
  const file = join(checkout.folder, `stacks/Pulumi.${name}.yaml`);
  writeFileSync(file, stringify({ encryptionsalt: passphrase.salt, ...(parse(readFileSync(file, "utf8")) as object) }));
}

const render = (...options: string[]): Promise<Run> =>
  checkout.run("render", {}, ["--out", join(checkout.folder, "manifests"), "--for", "flux", ...options]);
const push = () => render("--push", artifact, "--push-images", "--secrets", "sops", "--age", recipient);
const digestIn = ({ out }: Run) => /^oci:\S+ {2}(sha256:[0-9a-f]{64})$/m.exec(out)?.[1];
const files = () =>
  readdirSync(join(checkout.folder, "manifests"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .sort();
const contents = () => Object.fromEntries(files().map((file) => [file, readFileSync(join(checkout.folder, "manifests", file), "utf8")]));
const object = (apiVersion: string, kind: string, named: string) => ({ apiVersion, kind, metadata: { name: named, namespace } });
const job = () => cluster.find(object("batch/v1", "Job", "migrate"));
const podOf = async (app: string) => {
  const pods = await cluster.select("v1", "Pod", namespace, `app.kubernetes.io/name=${app}`);
  return pods.toSorted((a, b) => Date.parse(String(b.metadata!.creationTimestamp)) - Date.parse(String(a.metadata!.creationTimestamp)))[0]!;
};
const apply = async (file: string) => {
  for (const document of parseAllDocuments(readFileSync(join(checkout.folder, "manifests", file), "utf8")))
    await cluster.apply(document.toJS() as Manifest, false);
};
/** Like `flux reconcile source`, so that a test does not wait for the interval. */
const fetchNow = (kind: string) =>
  cluster.merge({
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind,
    metadata: { name: namespace, namespace: fluxNamespace, annotations: { "reconcile.fluxcd.io/requestedAt": new Date().toISOString() } },
  });
const kustomizations = async () => (await cluster.list("kustomize.toolkit.fluxcd.io/v1", "Kustomization")).items as Manifest[];

/** Waits until a page has a text. If it never has, the error has what Flux says. */
async function answers(of: string, body: string): Promise<void> {
  const asked = eventually(
    () => get(of),
    (answer) => answer.status === 200 && answer.body === `${body}\n`,
  );
  await asked.catch(async (error: Error) => {
    const states = (await kustomizations()).map(({ metadata, status }) => [metadata?.name, status?.conditions]);
    throw new Error(`${error.message}\n${JSON.stringify(states)}\n${flux.log()}`);
  });
}

/**
 * Waits until everything of the newest revision is ready. What waits for pods is deleted only after its timeout:
 * https://fluxcd.io/flux/components/kustomize/kustomizations/#health-checks.
 */
async function settled(kind: string): Promise<void> {
  const metadata = { name: namespace, namespace: fluxNamespace };
  const source = await cluster.find({ apiVersion: "source.toolkit.fluxcd.io/v1", kind, metadata });
  const isReady = ({ type, status }: { type: string; status: string }) => type === "Ready" && status === "True";
  await eventually(kustomizations, (all) =>
    all.every(({ status }) => status?.lastAppliedRevision === source!["status"].artifact.revision && status.conditions.some(isReady)),
  );
}

beforeAll(async () => {
  const shared = sharedCheckout();
  shared.configure({ neighbour: { source: "app", host: "neighbour.localhost", replicas: 1 } });
  expect(await shared.run("up")).toMatchObject({ code: 0 });
  cluster = await shared.cluster();
  const kubeconfig = readFileSync(join(shared.folder, ".slipway", shared.stack, "kubeconfig.yaml"), "utf8");
  flux = running.use(await startFlux(cluster, kubeconfig, otherPort + 1));
  checkout = running.use(new Checkout(name, "kubernetes"));
  writeFileSync(join(checkout.folder, "cluster.yaml"), withContext(kubeconfig, "someone"));
  mkdirSync(join(checkout.folder, "migrate"));
  writeFileSync(join(checkout.folder, "migrate/go.mod"), "module migrate\n\ngo 1.24\n");
  const program =
    'package main\n\nimport (\n\t"fmt"\n\t"time"\n)\n\nfunc main() {\n\ttime.Sleep(2 * time.Second)\n\tfmt.Println("migrated")\n}\n';
  writeFileSync(join(checkout.folder, "migrate/main.go"), program);
  const { PULUMI_CONFIG_PASSPHRASE: before } = process.env;
  Object.assign(process.env, passphraseVariable);
  passphrase = newPassphraseKey();
  if (before === undefined) delete process.env["PULUMI_CONFIG_PASSPHRASE"];
  else process.env["PULUMI_CONFIG_PASSPHRASE"] = before;
  const key = execFileSync("go", ["run", "filippo.io/age/cmd/age-keygen"], {
    cwd: "lib/sops",
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  recipient = /# public key: (age1\w+)/.exec(key)![1]!;
  await cluster.apply(
    { apiVersion: "v1", kind: "Secret", metadata: { name: ageSecret, namespace: fluxNamespace }, stringData: { "age.agekey": key } },
    false,
  );
  configure("Hello Flux", { extra: service });
});
afterAll(() => running.disposeAsync());

test("images that no registry has are reported, and then nothing is written", async () => {
  const { code, out } = await render();
  expect([code, out]).toEqual([
    1,
    expect.stringMatching(/gitops\/web@sha256:[0-9a-f]{64}: is built from a source, and was not pushed\. Add --push-images\.\n/),
  ]);
  expect(out).toContain("gitops/migrate@sha256:");
  expect(existsSync(join(checkout.folder, "manifests"))).toBe(false);
});

test("Flux deploys an artifact: the job first, then the services, with Secrets that it decrypts", async () => {
  const pushed = await push();
  expect([pushed.code, pushed.out]).toEqual([0, expect.stringContaining(`\n${artifact}  sha256:`)]);
  digest = digestIn(pushed);
  expect(Object.values(contents()).join("")).not.toContain("Hello Flux");
  await apply("bootstrap.yaml");
  await answers(host, "Hello Flux");
  const [done, deployment, pod] = await Promise.all([job(), cluster.find(object("apps/v1", "Deployment", "web")), podOf("web")]);
  expect(done!["status"].succeeded).toBe(1);
  const ended = Date.parse(done!["status"].completionTime);
  expect(Date.parse(String(deployment!.metadata!.creationTimestamp))).toBeGreaterThanOrEqual(ended);
  expect(pod["spec"].containers[0].image).toMatch(/gitops\/web@sha256:[0-9a-f]{64}$/);
  await settled("OCIRepository");
});

test("an unchanged stack gives the same files and the same artifact, and no job runs", async () => {
  const before = contents();
  const first = await job();
  const again = await push();
  expect([again.code, digestIn(again)]).toEqual([0, digest]);
  expect(contents()).toEqual(before);
  expect((await job())!.metadata!.uid).toBe(first!.metadata!.uid);
});

test("after a change the job runs again, before new pods start, and a changed secret restarts the pods", async () => {
  const [first, pod] = await Promise.all([job(), podOf("web")]);
  checkout.edit("migrate/main.go", '"migrated"', '"migrated again"');
  configure("Hello again", { extra: service });
  expect(await push()).toMatchObject({ code: 0 });
  await fetchNow("OCIRepository");
  await answers(host, "Hello again");
  const [second, newPod] = await Promise.all([job(), podOf("web")]);
  expect(second!.metadata!.uid).not.toBe(first!.metadata!.uid);
  expect(newPod.metadata!.uid).not.toBe(pod.metadata!.uid);
  expect(Date.parse(String(newPod.metadata!.creationTimestamp))).toBeGreaterThanOrEqual(Date.parse(second!["status"].completionTime));
  await settled("OCIRepository");
});

test("a service that is removed is pruned, and the others stay", async () => {
  expect(await cluster.find(object("apps/v1", "Deployment", "extra"))).toBeDefined();
  const pod = await podOf("web");
  configure("Hello again");
  const { code, out } = await push();
  expect([code, out]).toEqual([0, expect.stringMatching(/manifests\/services\/extra\/kustomization\.yaml {2}removed\n/)]);
  expect(files().filter((file) => file.includes("extra"))).toEqual([]);
  await fetchNow("OCIRepository");
  await eventually(
    () => cluster.find(object("apps/v1", "Deployment", "extra")),
    (found) => found === undefined,
  );
  await answers(host, "Hello again");
  expect((await podOf("web")).metadata!.uid).toBe(pod.metadata!.uid);
  await settled("OCIRepository");
});

test("deleting what was applied deletes everything", async () => {
  await cluster.remove(
    { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization", metadata: { name: namespace, namespace: fluxNamespace } },
    120,
  );
  await eventually(
    () => cluster.find({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }),
    (found) => found === undefined,
  );
  await eventually(kustomizations, (left) => left.length === 0);
});

test("Flux deploys a folder of a git repository, and what was pushed to it later", async () => {
  const repositories = mkdtempSync(join(tmpdir(), "slipway-git-"));
  running.defer(() => rmSync(repositories, { recursive: true }));
  const { url } = running.use(await startGitServer(repositories, otherPort + 4));
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=Dev", "-c", "user.email=dev@example.org", ...args], {
      cwd: checkout.folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
  git("init", "--quiet", "--bare", "--initial-branch=main", join(repositories, "shop.git"));
  git("init", "--quiet", "--initial-branch=main");
  git("remote", "add", "origin", `${url}/shop.git`);
  git("remote", "set-url", "--push", "origin", join(repositories, "shop.git"));
  git("commit", "--quiet", "--allow-empty", "--message", "Start");
  const built = { cwd: join(checkout.folder, "app"), env: { ...process.env, CGO_ENABLED: "0" } };
  execFileSync("go", ["build", "-o", "../packed/web", "."], built);
  writeFileSync(join(checkout.folder, "packed/Dockerfile"), 'FROM scratch\nCOPY web /web\nUSER 65532:65532\nENTRYPOINT ["/web"]\n');
  const packed = { source: "packed", builder: "dockerfile", replicas: 1, host: packedHost, ingressClassName: "traefik" };
  const deploy = async (greeting: string) => {
    const web = { ...service, host, ingressClassName: "traefik", env: { GREETING: greeting } };
    checkout.configure({ packed, web }, settings, { "slipway:supplyChain": { attest: { sbom: true, provenance: true } } });
    const unbuilt = "packed: is built from a Dockerfile, so the digest of its image is known only after the push. Add --push-images.";
    expect(await render()).toMatchObject({ code: 1, out: expect.stringContaining(unbuilt) as string });
    expect(await render("--push-images")).toMatchObject({ code: 0 });
    git("add", "manifests");
    git("commit", "--quiet", "--message", greeting);
    git("push", "--quiet", "origin", "main");
  };
  await deploy("Hello git");
  // As with up, images have their attestations: two bills of materials and provenance.
  const images = Object.values(contents()).flatMap((text) => [...text.matchAll(/image: (\S+\/(?:packed|web)@sha256:[0-9a-f]{64})/g)]);
  expect(images).toHaveLength(2);
  for (const [, image] of images) expect(await referrersOf(image!, { artifactTypes: [inTotoMediaType] })).toHaveLength(3);
  await apply("bootstrap.yaml");
  await answers(host, "Hello git");
  await answers(packedHost, "Hello World");
  await deploy("Hello commit");
  await fetchNow("GitRepository");
  await answers(host, "Hello commit");

  // An artifact names the commit, and is not pushed again for a commit that does not change it.
  writeFileSync(join(checkout.folder, ".git/info/exclude"), "/*\n");
  const commit = git("rev-parse", "HEAD").toString().trim();
  const first = await render("--push", artifact, "--push-images");
  expect([first.code, first.out]).toEqual([0, expect.stringContaining(`\n${artifact}  sha256:`)]);
  const { annotations } = (await (await fetch(manifestUrl, { headers: { accept: mediaTypes.manifest } })).json()) as {
    annotations: object;
  };
  expect(annotations).toEqual({
    "org.opencontainers.image.source": `${url}/shop.git`,
    "org.opencontainers.image.revision": `main@sha1:${commit}`,
    "org.opencontainers.image.created": git("log", "-1", "--format=%cI").toString().trim(),
  });
  git("commit", "--quiet", "--allow-empty", "--message", "Nothing");
  expect(digestIn(await render("--push", artifact, "--push-images"))).toBe(digestIn(first));
});
