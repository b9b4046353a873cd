import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pushImage } from "../../lib/docker-client.ts";
import { Checkout, docker, dockerPorts, get, otherPort } from "./checkout.ts";
import { startRegistry } from "./test-objects.ts";

const stack = "integration-lock";
const { http: port } = dockerPorts;
/** A registry apart from the stack's, as in a company. */
const registry = `127.0.0.1:${otherPort}`;
const tag = `${registry}/team/web:1`;
const lockFile = `stacks/slipway-lock.${stack}.yaml`;
let checkout: Checkout;
let companyRegistry: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  checkout = new Checkout(stack, "docker");
  cpSync("test/integration/probe-app", join(checkout.folder, "probe-app"), { recursive: true });
  companyRegistry = await startRegistry(`slipway-${stack}-company-registry`, otherPort, { env: ["REGISTRY_STORAGE_DELETE_ENABLED=true"] });
  execFileSync("go", ["build", "-o", "web", "."], { cwd: join(checkout.folder, "probe-app"), env: { ...process.env, CGO_ENABLED: "0" } });
});
afterAll(async () => {
  await checkout[Symbol.asyncDispose]();
  await companyRegistry[Symbol.asyncDispose]();
  for (const { Id } of await docker.listImages({
    filters: { reference: [`${registry}/team/web`, `${registry}/team/user`, `${registry}/team/base`, "slipway-lock-local"] },
  }))
    await docker.getImage(Id).remove({ force: true });
});

/** Builds an image whose `GREETING` is a text, as `docker build -t` does. */
function build(image: string, greeting: string): void {
  const dockerfile = `FROM scratch\nCOPY web /web\nENV GREETING="${greeting}"\nUSER 65532:65532\nENTRYPOINT ["/web"]\n`;
  execFileSync("docker", ["build", "-q", "-t", image, "-f", "-", "."], { cwd: join(checkout.folder, "probe-app"), input: dockerfile });
}

/** The same for an image that only the registry has. Returns its digest. */
async function push(greeting: string): Promise<string> {
  build(tag, greeting);
  const digest = await pushImage(docker, tag, {});
  await docker.getImage(tag).remove({ force: true });
  return digest;
}

const web = { image: tag, host: "web.localhost", replicas: 1 };
const answer = async () => (await get("web.localhost", "/", { port })).body;
const runningImages = async () => {
  const filters = { label: [`dev.slipway.stack=${stack}`, "dev.slipway.service=web"] };
  return (await docker.listContainers({ filters })).map(({ Image }) => Image);
};
/** Outside a pipeline, whatever runs this test. */
const here = { CI: "" };
let [first, second] = ["", ""];

test("a tag is rejected in a pipeline; otherwise up locks it, and deploys the image by digest", async () => {
  first = await push("first");
  checkout.configure({ web });
  const inPipeline = await checkout.run("up", { CI: "true" });
  expect(inPipeline.code).toBe(1);
  expect(inPipeline.out).toContain(
    `slipway:services.web.image: "${tag}" is a tag, and ${lockFile} has no digest for it. Run slipway lock --stack ${stack}.`,
  );
  const { code, out } = await checkout.run("up", here);
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringContaining(`${lockFile}: locked. Commit it.\n+ web  ${tag}  ${first}\n`),
  });
  expect(await answer()).toBe("first");
  expect(await runningImages()).toEqual([`${tag}@${first}`]);
  expect((await checkout.outputs()).images).toEqual({ web: `${tag}@${first}` });
});

test("a tag that moves changes nothing, a preview reports it, and an update of the lock file deploys it", async () => {
  second = await push("second");
  const note = `note: slipway:services.web.image: the tag ${tag} has moved: ${first} → ${second}. The stack keeps the locked digest. To use the new one: slipway lock --update web --stack ${stack}\n`;
  expect((await checkout.run("preview", here)).out).toContain(note);
  expect((await checkout.run("up", { CI: "true" })).out).toMatch(/^\d+ unchanged \(time\)$/m);
  const update = await checkout.run("lock", here, ["--update", "web"]);
  expect(update).toEqual({ code: 0, out: `${lockFile}: updated. Commit it.\n~ web  ${tag}  ${first} → ${second}\n` });
  expect((await checkout.run("preview", here)).out).not.toContain("note:");
  expect((await checkout.run("up", { CI: "true" })).code).toBe(0);
  expect(await answer()).toBe("second");
});

test("a rollback deploys the previous digest, and the lock file stays", async () => {
  const before = readFileSync(join(checkout.folder, lockFile), "utf8");
  const { code, out } = await checkout.run("rollback", here);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`web  ${tag}@${first}\n`) });
  expect(await answer()).toBe("first");
  expect(readFileSync(join(checkout.folder, lockFile), "utf8")).toBe(before);
});

test("a digest that was deleted from the registry is reported before anything changes", async () => {
  const deleted = await fetch(`http://${registry}/v2/team/web/manifests/${second}`, { method: "DELETE" });
  expect(deleted.status).toBe(202);
  const { code, out } = await checkout.run("up", here);
  expect(code).toBe(1);
  expect(out).toContain(
    `slipway:services.web.image: the registry of ${tag} no longer has the locked ${second}. To use what the tag is now: slipway lock --update web --stack ${stack}`,
  );
  expect(await runningImages()).toEqual([`${tag}@${first}`]);
});

test("an image that only the Docker Engine has runs by its ID, and a new build of it after an update of the lock file", async () => {
  const local = "slipway-lock-local:dev";
  build(local, "from the engine");
  checkout.configure({ web: { ...web, image: local } });
  expect((await checkout.run("up", here)).code).toBe(0);
  expect(await answer()).toBe("from the engine");
  const { Id } = await docker.getImage(local).inspect();
  expect(readFileSync(join(checkout.folder, lockFile), "utf8")).toContain(`    image: ${local}\n    id: ${Id}\n`);
  build(local, "built again");
  expect((await checkout.run("up", here)).out).toMatch(/^\d+ unchanged \(time\)$/m);
  expect((await checkout.run("lock", here, ["--update"])).code).toBe(0);
  expect((await checkout.run("up", here)).code).toBe(0);
  expect(await answer()).toBe("built again");
  expect((await checkout.run("down")).code).toBe(0);
});

test("a user by name gets its IDs in the image, and one that the image does not have is reported", async () => {
  const withUser = `${registry}/team/user:1`;
  writeFileSync(join(checkout.folder, "probe-app/passwd"), "root:x:0:0::/:/none\napp:x:1234:1235::/:/none\n");
  const dockerfile = 'FROM scratch\nCOPY web /web\nCOPY passwd /etc/passwd\nENTRYPOINT ["/web"]\n';
  execFileSync("docker", ["build", "-q", "-t", withUser, "-f", "-", "."], { cwd: join(checkout.folder, "probe-app"), input: dockerfile });
  await pushImage(docker, withUser, {});
  await docker.getImage(withUser).remove({ force: true });
  checkout.configure({ web: { ...web, image: withUser, user: "app" } });
  const up = await checkout.run("up", here);
  expect({ code: up.code, out: up.out }).toEqual({ code: 0, out: expect.stringMatching(/^~ web .*, user app is 1234:1235$/m) });
  const [container] = await docker.listContainers({ filters: { label: [`dev.slipway.stack=${stack}`, "dev.slipway.service=web"] } });
  expect((await docker.getContainer(container!.Id).inspect()).Config.User).toBe("1234:1235");
  checkout.configure({ web: { ...web, image: withUser, user: "postgres" } });
  expect((await checkout.run("up", here)).out).toContain(
    `slipway:services.web.user: "${withUser}" has no user "postgres". Correct the name, or set a user ID.`,
  );
  expect((await checkout.run("down")).code).toBe(0);
});

test("an image that nobody has is reported, and nothing is locked", async () => {
  checkout.configure({ web: { ...web, image: `${registry}/team/nothing:1` } });
  const { code, out } = await checkout.run("up", here);
  expect(code).toBe(1);
  expect(out).toContain(
    `slipway:services.web.image: "${registry}/team/nothing:1" is not in the registry ${registry}. Correct its name or tag.`,
  );
  expect(out).not.toMatch(/created|updated/);
  checkout.configure({ web: { source: "probe-app", host: "web.localhost" } });
  expect(await checkout.run("lock", here)).toEqual({ code: 0, out: expect.stringContaining(`- web  ${registry}/team/user:1  sha256:`) });
  expect(existsSync(join(checkout.folder, lockFile))).toBe(false);
});

test("a base image by tag is locked, and the program is added to it", async () => {
  const base = `${registry}/team/base:1`;
  writeFileSync(join(checkout.folder, "probe-app/motd"), "hello");
  const dockerfile = "FROM scratch\nCOPY motd /etc/motd\nENV GREETING=based\n";
  execFileSync("docker", ["build", "-q", "-t", base, "-f", "-", "."], { cwd: join(checkout.folder, "probe-app"), input: dockerfile });
  const digest = await pushImage(docker, base, {});
  await docker.getImage(base).remove({ force: true });
  rmSync(join(checkout.folder, "probe-app/web"));
  const service = { source: "probe-app", build: { base }, host: "web.localhost", replicas: 1 };
  checkout.configure({ web: service });
  const unlocked = await checkout.run("up", { CI: "true" });
  expect(unlocked.out).toContain(`slipway:services.web.build.base: "${base}" is a tag, and ${lockFile} has no digest for it.`);
  const up = await checkout.run("up", here);
  expect({ code: up.code, out: up.out }).toEqual({ code: 0, out: expect.stringContaining(`web  ${base}  `) });
  expect(up.out).toContain(digest);
  expect(await answer()).toBe("based");
  expect((await get("web.localhost", "/file/etc/motd", { port })).body).toBe("644 hello");
  expect((await checkout.run("up", { CI: "true" })).out).toMatch(/^\d+ unchanged \(time\)$/m);
});

/** The folder of a docker command with BuildKit; undefined if this machine has none. Debian's comes before the plugin. */
const withBuildKit = (process.env["PATH"] ?? "").split(delimiter).find((folder) => {
  const ask = (...args: string[]) => spawnSync(join(folder, "docker"), args, { encoding: "utf8" });
  const major = Number(/version (\d+)\./.exec(ask("--version").stdout ?? "")?.[1]);
  return major < 23 || ask("buildx", "version").status === 0;
});

test.skipIf(withBuildKit === undefined)("a Dockerfile mounts a secret, which is in no file of the checkout and no layer", async () => {
  const secret = "hush-0815";
  const folder = join(checkout.folder, "mounts");
  mkdirSync(join(folder, "bin"), { recursive: true });
  symlinkSync(join(withBuildKit!, "docker"), join(folder, "bin/docker"));
  const program = [
    "package main",
    'import "os"',
    'func main() { b, err := os.ReadFile("/run/secrets/token"); if err != nil { panic(err) }',
    'os.WriteFile("/length", []byte{byte(48 + len(b))}, 0o644) }',
  ].join("\n");
  writeFileSync(join(folder, "main.go"), program);
  writeFileSync(join(folder, "go.mod"), "module mounts\n\ngo 1.24\n");
  const env = { ...process.env, CGO_ENABLED: "0" };
  execFileSync("go", ["build", "-o", "measure", "."], { cwd: folder, env });
  execFileSync("go", ["build", "-o", join(folder, "web"), "."], { cwd: join(checkout.folder, "probe-app"), env });
  const run = 'RUN --mount=type=secret,id=token ["/measure"]';
  const dockerfile = ["FROM scratch", "COPY measure web /", run, "USER 65532:65532", 'ENTRYPOINT ["/web"]', ""];
  writeFileSync(join(folder, "Dockerfile"), dockerfile.join("\n"));
  const service = { source: "mounts", builder: "dockerfile", host: "web.localhost", replicas: 1 };
  const up = async (token: string) => {
    checkout.configure({ web: { ...service, dockerfile: { secrets: { token } } } });
    const path = [join(folder, "bin"), process.env["PATH"]].join(delimiter);
    return checkout.run("up", { ...here, PATH: path });
  };
  expect(await up(secret)).toEqual({ code: 0, out: expect.stringMatching(/^[+±~] slipway:SecretBuild web {2}created/m) });
  expect((await get("web.localhost", "/file/length", { port })).body).toBe(`644 ${secret.length}`);
  const state = readdirSync(join(checkout.folder, ".slipway"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const having = state.filter(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1").includes(secret));
  expect(having.map(({ name }) => name)).toEqual([]);
  // A new value alone builds nothing, because it is not in the image.
  const { images } = await checkout.outputs();
  const rotated = await up("another");
  expect(rotated.out).not.toContain("SecretBuild");
  expect((await checkout.outputs()).images).toEqual(images);
});
