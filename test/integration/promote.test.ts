import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { Checkout, eventually, get, otherPort, ports, type Run } from "./checkout.ts";
import { withContext } from "./kubeconfig.ts";
import { attacks, underLoad } from "./load.ts";
import { sharedCheckout } from "./shared-stack.ts";
import { startRegistry } from "./test-objects.ts";

// Promotion between two stacks with registries of their own, on one real cluster. The tests do not prove that a forge merges what is proposed.

const staging = "integration-promote-staging";
const prod = "integration-promote-prod";
const host = { staging: "staging.localhost", prod: "prod.localhost" };
const lockFile = `stacks/slipway-lock.${prod}.yaml`;
const running = new AsyncDisposableStack();
let checkout: Checkout;
/** The same folder, with other stacks. */
let target: Checkout;
let docker: Checkout;
let registry: string;

const service = (name: keyof typeof host) => ({ source: "app", host: host[name], replicas: 2, ingressClassName: "traefik" });
const settings = (of: string) => ({ context: "someone", kubeconfig: "cluster.yaml", registry: of, ports: { http: ports.http } });
const configureProd = (gate: object = {}, more: object = {}, of = `127.0.0.1:${ports.registry}/prod`) =>
  target.configure({ web: { ...service("prod"), ...more } }, settings(of), { "slipway:gate": { refuse: [], ...gate } });
const promote = (options: string[] = [], from = staging): Promise<Run> =>
  checkout.only(["promote", "--from", from, "--to", prod, ...options]);
const lock = () => parse(readFileSync(join(target.folder, lockFile), "utf8")) as { promoted: Record<string, Record<string, unknown>> };
const images = async (of: Checkout) => (JSON.parse((await of.run("outputs")).out) as { images: Record<string, string> }).images;
const digestOf = (image: string) => image.slice(image.indexOf("@") + 1);
const greets = (name: keyof typeof host, greeting: string) =>
  eventually(
    () => get(host[name]),
    ({ body }) => body === `Hello ${greeting}\n`,
  );
const greet = (before: string, after: string) =>
  checkout.edit("app/settings.go", `greeting: "Hello ${before}"`, `greeting: "Hello ${after}"`);

/** Attaches an artifact to an image, as signatures and SBOMs are: https://github.com/opencontainers/image-spec/blob/main/manifest.md. */
async function attach(image: string): Promise<string> {
  const [repository = "", digest = ""] = image.slice(registry.length + 1).split("@");
  const url = `http://${registry}/v2/${repository}`;
  const { headers } = await fetch(`${url}/manifests/${digest}`, { method: "HEAD", headers: { accept: "*/*" } });
  const blob = (text: string) => ({ digest: `sha256:${createHash("sha256").update(text).digest("hex")}`, size: text.length });
  for (const text of ["{}", "an SBOM"]) {
    const begun = await fetch(`${url}/blobs/uploads/`, { method: "POST" });
    const location = new URL(begun.headers.get("location")!, `http://${registry}`);
    location.searchParams.set("digest", blob(text).digest);
    expect((await fetch(location, { method: "PUT", body: text })).status).toBe(201);
  }
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: "application/spdx+json",
    config: { mediaType: "application/vnd.oci.empty.v1+json", ...blob("{}") },
    layers: [{ mediaType: "application/spdx+json", ...blob("an SBOM") }],
    subject: { mediaType: headers.get("content-type"), digest, size: Number(headers.get("content-length")) },
  });
  const imageManifest = "application/vnd.oci.image.manifest.v1+json";
  const imageIndex = "application/vnd.oci.image.index.v1+json";
  const put = async (reference: string, body: string, type: string) =>
    expect((await fetch(`${url}/manifests/${reference}`, { method: "PUT", body, headers: { "content-type": type } })).status).toBe(201);
  await put(blob(manifest).digest, manifest, imageManifest);
  // The registry has no API for referrers, so who attaches something lists it under a tag:
  // https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema.
  const descriptor = { mediaType: imageManifest, artifactType: "application/spdx+json", ...blob(manifest) };
  await put(digest.replace(":", "-"), JSON.stringify({ schemaVersion: 2, mediaType: imageIndex, manifests: [descriptor] }), imageIndex);
  return blob(manifest).digest;
}

beforeAll(async () => {
  const shared = sharedCheckout();
  shared.configure({ neighbour: { source: "app", host: "neighbour.localhost", replicas: 1 } });
  expect(await shared.run("up")).toMatchObject({ code: 0 });
  registry = running.use(
    await startRegistry("slipway-integration-promote-registry", otherPort + 6, { env: ["REGISTRY_STORAGE_DELETE_ENABLED=true"] }),
  ).address;
  checkout = running.use(new Checkout(staging, "kubernetes"));
  target = new Checkout(prod, "kubernetes", checkout.folder);
  docker = new Checkout("integration-promote-docker", "docker", checkout.folder);
  running.defer(async () => void (await target.run("down")));
  const kubeconfig = readFileSync(join(shared.folder, ".slipway", shared.stack, "kubeconfig.yaml"), "utf8");
  writeFileSync(join(checkout.folder, "cluster.yaml"), withContext(kubeconfig, "someone"));
  checkout.configure({ web: service("staging") }, settings(`127.0.0.1:${ports.registry}/staging`));
  configureProd();
  expect(await checkout.run("up")).toMatchObject({ code: 0 });
});
afterAll(() => running.disposeAsync());

test("a stack that was never deployed gets what ran in another one, without a build", async () => {
  const { code, out } = await promote();
  const image = (await images(checkout))["web"]!;
  const promoted = `127.0.0.1:${ports.registry}/prod/web@${digestOf(image)}`;
  expect([code, out]).toEqual([0, expect.stringContaining(`  web  ${digestOf(image).slice(0, 19)}  deployment 1`)]);
  expect(out).toContain(`gate of stack "${prod}": open`);
  expect(out).toContain(`Commit ${lockFile}, or deploy now: slipway up --stack ${prod}\n`);
  expect(lock().promoted["web"]).toMatchObject({ image: promoted, from: staging, deployment: 1 });
  // The source is another one now.
  greet("World", "Later");
  expect(await target.run("up")).toMatchObject({ code: 0, out: expect.not.stringContaining("compile") as string });
  expect(await images(target)).toEqual({ web: promoted });
  expect((await greets("prod", "World")).status).toBe(200);
});

test("promoting and deploying at once fails no request", async () => {
  expect(await checkout.run("up")).toMatchObject({ code: 0 });
  const loads = await underLoad(host.prod, attacks, async () => {
    const { code, out } = await promote(["--now"]);
    expect([code, out]).toEqual([0, expect.stringContaining(`web  http://${host.prod}:${ports.http}/  answers HTTP 200`)]);
    await greets("prod", "Later");
  });
  expect(loads.map(({ failures }) => failures)).toEqual([[], []]);
  for (const { requests } of loads) expect(requests).toBeGreaterThan(20);
  const again = await promote();
  expect([again.code, again.out]).toEqual([0, expect.stringContaining(`${lockFile} has these images already\n`)]);
});

test("a closed gate leaves the lock file and the stack as they are", async () => {
  greet("Later", "Gate");
  expect(await checkout.run("up")).toMatchObject({ code: 0 });
  configureProd({ refuse: ["rolling update"] });
  const before = readFileSync(join(target.folder, lockFile), "utf8");
  const { code, out } = await promote(["--now"]);
  configureProd();
  expect([code, out]).toEqual([3, expect.stringContaining(`Nothing was changed: ${lockFile} is as it was.\n`)]);
  expect(readFileSync(join(target.folder, lockFile), "utf8")).toBe(before);
  expect((await get(host.prod)).body).toBe("Hello Later\n");
});

describe("from a stack on Docker with a registry of its own", () => {
  beforeAll(async () => {
    docker.configure({ web: { source: "app", host: "docker.localhost", replicas: 1 } }, { registry: { repository: `${registry}/team` } });
    expect(await docker.run("up")).toMatchObject({ code: 0 });
  });
  afterAll(() => docker.run("down"));

  test("images are copied with what refers to them", async () => {
    const image = (await images(docker))["web"]!;
    const sbom = await attach(image);
    expect(await promote([], docker.stack)).toMatchObject({ code: 0 });
    const copied = await fetch(`http://127.0.0.1:${ports.registry}/v2/prod/web/manifests/${digestOf(image).replace(":", "-")}`);
    const { manifests } = (await copied.json()) as { manifests: { digest: string }[] };
    expect(manifests.map(({ digest }) => digest)).toEqual([sbom]);
    expect(await target.run("up")).toMatchObject({ code: 0 });
    expect((await greets("prod", "Gate")).status).toBe(200);
  });

  test("an image that was deleted there is reported, and the lock file is as it was", async () => {
    greet("Gate", "Gone");
    expect(await docker.run("up")).toMatchObject({ code: 0 });
    const image = (await images(docker))["web"]!;
    const [repository, digest] = image.slice(registry.length + 1).split("@");
    expect((await fetch(`http://${registry}/v2/${repository}/manifests/${digest}`, { method: "DELETE" })).status).toBe(202);
    const before = readFileSync(join(target.folder, lockFile), "utf8");
    const { code, out } = await promote([], docker.stack);
    expect([code, out]).toEqual([
      1,
      expect.stringContaining(
        `The images cannot be promoted to "${prod}". Its lock file was not changed:\n  - ${image}: the registry no longer has it.`,
      ),
    ]);
    expect(readFileSync(join(target.folder, lockFile), "utf8")).toBe(before);
  });
});

test("without the entry in the lock file, the stack builds its own images again", async () => {
  rmSync(join(target.folder, lockFile));
  expect(await target.run("up")).toMatchObject({ code: 0 });
  expect((await greets("prod", "Gone")).status).toBe(200);
});

describe("with images that a pipeline hands over", () => {
  const configureStaging = (kubeconfig: string) =>
    checkout.configure({ web: service("staging") }, { ...settings(`127.0.0.1:${ports.registry}/staging`), kubeconfig });
  const handOver = (given: Record<string, string>, env: Record<string, string> = {}) =>
    checkout.only(["promote", "--from", staging, "--to", prod, "--images", JSON.stringify(given), "--now"], env);
  let earlier: Record<string, string>;
  let given: Record<string, string>;

  beforeAll(async () => {
    earlier = await images(checkout);
    greet("Gone", "Pipeline");
    expect(await checkout.run("up")).toMatchObject({ code: 0 });
    given = JSON.parse((await checkout.run("outputs", {}, ["--images"])).out) as Record<string, string>;
    expect(given).toEqual(await images(checkout));
    // The job that deploys prod cannot reach the cluster of staging.
    configureStaging("nowhere.yaml");
  });
  afterAll(() => configureStaging("cluster.yaml"));

  test("they are deployed without access to the other stack and without a build, and the lock file stays as it is", async () => {
    const { code, out } = await handOver(given);
    const digest = digestOf(given["web"]!);
    expect([code, out]).toEqual([
      0,
      expect.stringContaining(
        `promote from "${staging}" to "${prod}"\n  web  ${digest.slice(0, 19)}  → 127.0.0.1:${ports.registry}/prod/web\n`,
      ),
    ]);
    expect(out).toContain(`gate of stack "${prod}": open`);
    expect(out).not.toMatch(/compile|RegistryPush web {2}created/);
    expect((await greets("prod", "Pipeline")).status).toBe(200);
    expect([await images(target), existsSync(join(target.folder, lockFile))]).toEqual([
      { web: `127.0.0.1:${ports.registry}/prod/web@${digest}` },
      false,
    ]);
  });

  test("building the same commit results in the same image, so a later up restarts nothing", async () => {
    const { code, out } = await target.run("up");
    expect([code, out]).toEqual([0, expect.stringContaining("RegistryPush web  created")]);
    expect(out).not.toContain("Deployment web");
    expect(digestOf((await images(target))["web"]!)).toBe(digestOf(given["web"]!));
  });

  test("what the lock file names stays, such as after a rollback", async () => {
    const [pinned] = [(await images(target))["web"]!];
    writeFileSync(join(target.folder, lockFile), stringify({ promoted: { web: { image: pinned, from: staging } } }));
    const { code, out } = await handOver(earlier);
    rmSync(join(target.folder, lockFile));
    expect([code, out]).toEqual([0, expect.stringContaining(`note: web is not promoted, because ${lockFile} names its image, ${pinned}.`)]);
    expect([await images(target), (await get(host.prod)).body]).toEqual([{ web: pinned }, "Hello Pipeline\n"]);
  });

  test("of two pipelines at once, one deploys, and the other one is told who holds the lock", async () => {
    configureProd({}, { env: { GREETING: "Hello Lock" } });
    const first = target.start("up", { SLIPWAY_LEASE_SECONDS: "600" });
    await eventually(
      () => Promise.resolve(first.output()),
      (out) => out.includes("Deployment web  updating"),
    );
    process.kill(-first.pid!, "SIGSTOP");
    const { code, out } = await handOver(earlier);
    configureStaging("cluster.yaml");
    const byHand = await promote(["--now"]);
    configureStaging("nowhere.yaml");
    process.kill(-first.pid!, "SIGCONT");
    const message = expect.stringMatching(/^error: Stack "integration-promote-prod" is locked by "slipway up" of .+$/m) as string;
    expect([code, out]).toEqual([4, message]);
    expect([byHand.code, byHand.out]).toEqual([4, message]);
    expect(byHand.out).toContain(`Nothing was changed: ${lockFile} is as it was.\n`);
    expect(existsSync(join(target.folder, lockFile))).toBe(false);
    expect(await first.run).toMatchObject({ code: 0 });
    expect((await greets("prod", "Lock")).status).toBe(200);
    expect(digestOf((await images(target))["web"]!)).toBe(digestOf(given["web"]!));
  });

  test("without the right to push, or to the cluster, there is one message, and nothing changes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "slipway-promote-"));
    // bcrypt of pa55word.
    writeFileSync(join(folder, "htpasswd"), "ci:$2a$04$ybUbEPWgf1VMo3xspKKS4eIlMMAsZ/7fOUw0tJavsGMMW/vifcBfK\n");
    const env = ["REGISTRY_AUTH=htpasswd", "REGISTRY_AUTH_HTPASSWD_REALM=test", "REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd"];
    await using closed = await startRegistry("slipway-integration-promote-closed", otherPort + 7, { env, binds: [`${folder}:/auth:ro`] });
    const before = await images(target);
    configureProd({}, {}, `${closed.address}/prod`);
    const expired = { SLIPWAY_REGISTRY_USERNAME: "ci", SLIPWAY_REGISTRY_PASSWORD: "expired" };
    const rejected = await handOver(given, expired);
    expect([rejected.code, rejected.out]).toEqual([
      1,
      expect.stringContaining(
        `error: The images cannot be promoted to "${prod}". Its lock file was not changed:\n  - ${given["web"]}: cannot be copied to ${closed.address}/prod/web (unauthorized: `,
      ),
    ]);
    expect(rejected.out).not.toContain("expired");
    configureProd();
    const kubeconfig = readFileSync(join(checkout.folder, "cluster.yaml"), "utf8");
    const withToken = JSON.parse(kubeconfig) as { users: object[] };
    withToken.users = [{ name: (withToken.users[0] as { name: string }).name, user: { token: "expired" } }];
    writeFileSync(join(checkout.folder, "cluster.yaml"), JSON.stringify(withToken));
    const forbidden = await handOver(given);
    writeFileSync(join(checkout.folder, "cluster.yaml"), kubeconfig);
    rmSync(folder, { recursive: true });
    expect([forbidden.code, forbidden.out.match(/^error: /gm)]).toEqual([1, ["error: "]]);
    expect(await images(target)).toEqual(before);
  });
});
