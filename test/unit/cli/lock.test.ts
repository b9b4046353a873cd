import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockBeforeUp } from "../../../cli/lock/before-up.ts";
import { formatChanges, formatReport } from "../../../cli/lock/format.ts";
import { checkLock, lock, lockables, unlocked } from "../../../cli/lock/lock.ts";
import { readStack, type Stack } from "../../../config/stack-file.ts";
import { DefaultsProject } from "../config/defaults-project.ts";
import { Answer, HttpApi } from "../http-api.ts";
import { FakeAws } from "../platforms/fake-aws.ts";

// The registry is a fake one, which proves what is asked and how answers are understood. docker-lock.test.ts uses a real one.

const checkout = process.cwd();
const file = "stacks/slipway-lock.shop.yaml";
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const [first, second] = [digest("1"), digest("2")];
let folder: string;
let registry: HttpApi;
let host: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-lock-"));
  process.chdir(folder);
  writeFileSync("Pulumi.yaml", "name: slipway\nstackConfigDir: stacks\n");
  mkdirSync("stacks");
  registry = await new HttpApi().open("tcp");
  host = registry.host.replace("http://", "");
  registry.answers["GET /v2/"] = {};
  vi.stubEnv("DOCKER_CONFIG", folder);
  vi.stubEnv("DOCKER_HOST", `unix://${folder}/nowhere.sock`);
  vi.stubEnv("CI", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  registry.close();
  process.chdir(checkout);
  rmSync(folder, { recursive: true });
});

/** Sets what a tag is: a digest, or an answer. The registry also has every such digest. */
function tag(name: string, now: string | Answer): void {
  const [repository, label] = name.split(":");
  const headers = { "content-type": "application/vnd.oci.image.index.v1+json", "content-length": "2" };
  const answer = typeof now === "string" ? new Answer(200, "", { ...headers, "docker-content-digest": now }) : now;
  registry.answers[`HEAD /v2/${repository}/manifests/${label}`] = answer;
  if (typeof now === "string") registry.answers[`HEAD /v2/${repository}/manifests/${now}`] = answer;
}

const stackOf = (images: Record<string, string>, own: object = {}, platform = "docker"): Stack => {
  const services = Object.fromEntries(Object.entries(images).map(([name, image]) => [name, { image: image.replace("REGISTRY", host) }]));
  const config = {
    "slipway:platform": platform,
    "slipway:services": JSON.stringify(services),
    [`slipway:${platform}`]: JSON.stringify(own),
  };
  return { project: "slipway", name: "shop", main: "index.ts", folder: ".slipway/shop", secretKeys: [], config };
};
const db = { db: "REGISTRY/db:16" };

test("tags get the digests that they have in the registry, and entries that no service uses are removed", async () => {
  tag("db:16", first);
  tag("web:1", second);
  const stack = stackOf({ ...db, web: "REGISTRY/web:1", pinned: `web@${first}` });
  expect(lockables(stack)).toEqual(["db", "web"]);
  expect(unlocked(stack)).toEqual(["db", "web"]);
  const { changes } = await lock(stack);
  expect(formatChanges({ changes, addons: [] })).toBe(`+ db   ${host}/db:16  ${first}\n+ web  ${host}/web:1  ${second}\n`);
  expect(unlocked(stack)).toEqual([]);
  expect((await lock(stackOf(db))).changes).toEqual([{ service: "web", image: `${host}/web:1`, before: second, after: undefined }]);
  expect(readFileSync(file, "utf8")).not.toContain("web:1");
});

test("a digest stays when its tag moves, until it is updated", async () => {
  tag("db:16", first);
  await lock(stackOf(db));
  tag("db:16", second);
  expect((await lock(stackOf(db))).changes).toEqual([]);
  const report = await checkLock(stackOf(db));
  expect(formatReport(report, { name: "shop" })).toEqual([
    `slipway:services.db.image: the tag ${host}/db:16 has moved: ${first} → ${second}. The stack keeps the locked digest. To use the new one: slipway lock --update db --stack shop`,
  ]);
  const { changes } = await lock(stackOf(db), ["db"]);
  expect(formatChanges({ changes, addons: [] })).toBe(`~ db  ${host}/db:16  ${first} → ${second}\n`);
  expect(await checkLock(stackOf(db))).toEqual({ moved: [], deleted: [] });
});

test("another tag in the stack file replaces the entry", async () => {
  tag("db:16", first);
  tag("db:17", second);
  await lock(stackOf(db));
  const newer = stackOf({ db: "REGISTRY/db:17" });
  expect(unlocked(newer)).toEqual(["db"]);
  expect(await checkLock(newer)).toEqual({ moved: [], deleted: [] });
  expect((await lock(newer)).changes).toEqual([{ service: "db", image: `${host}/db:17`, before: first, after: second }]);
});

test("the registry gets the credentials of the platform's settings, otherwise those of docker login", async () => {
  tag("team/db:16", first);
  const auths = { [host]: { auth: Buffer.from("stored:secret").toString("base64") } };
  writeFileSync("config.json", JSON.stringify({ auths }));
  registry.answers["GET /v2/"] = new Answer(401, "", { "www-authenticate": 'Basic realm="test"' });
  const logins = () =>
    registry.requests
      .filter(({ call }) => call.startsWith("HEAD "))
      .map(({ authorization }) => Buffer.from(authorization!.split(" ")[1]!, "base64").toString());
  const given = { registry: { repository: `${host}/team`, username: "robot", password: "pa55" } };
  await lock(stackOf({ db: "REGISTRY/team/db:16" }, given));
  expect(logins()).toEqual(["robot:pa55"]);
  await lock(stackOf({ db: "REGISTRY/team/db:16" }), ["db"]);
  expect(logins()).toEqual(["robot:pa55", "stored:secret"]);
  const onKubernetes = { registry: `${host}/team`, registryAccess: { username: "pusher", password: "pa55" } };
  await lock(stackOf({ db: "REGISTRY/team/db:16" }, onKubernetes, "kubernetes"), ["db"]);
  expect(logins().at(-1)).toBe("pusher:pa55");
  vi.stubEnv("SLIPWAY_REGISTRY_USERNAME", "variable");
  vi.stubEnv("SLIPWAY_REGISTRY_PASSWORD", "pa55");
  await lock(stackOf({ db: "REGISTRY/team/db:16" }, { registry: `${host}/team` }, "kubernetes"), ["db"]);
  expect(logins().at(-1)).toBe("variable:pa55");
});

test("every image that cannot be locked is reported with its remedy, and the file is unchanged", async () => {
  tag("db:16", first);
  tag("private:1", new Answer(403, "{}"));
  const images = { ...db, gone: "REGISTRY/gone:1", private: "REGISTRY/private:1", away: "127.0.0.1:1/away:1" };
  await expect(lock(stackOf(images))).rejects.toThrow(
    new RegExp(
      [
        'The images of stack "shop" cannot be locked:',
        '- slipway:services.away.image: the registry 127.0.0.1:1 cannot be asked for "127.0.0.1:1/away:1" \\(.*connection refused.*\\). Make sure that this machine reaches it.',
        `- slipway:services.gone.image: "${host}/gone:1" is not in the registry ${host}. Correct its name or tag.`,
        `- slipway:services.private.image: the registry ${host} does not show "${host}/private:1" to this login, or does not have it. Correct its name, or run slipway login ${host}.`,
      ].join("\n  "),
    ),
  );
  expect(existsSync(file)).toBe(false);
});

test("without Go, the error says how to get it", async () => {
  vi.stubEnv("XDG_CACHE_HOME", folder);
  vi.stubEnv("PATH", folder);
  await expect(lock(stackOf(db))).rejects.toThrow(
    "Go is not on the PATH, and registry-client is built with it. Install Go: https://go.dev/doc/install",
  );
});

test("a service without an image by tag cannot be updated", async () => {
  await expect(lock(stackOf({}), ["db"])).rejects.toThrow(
    'There is no service "db" with an image by tag or a user by name, and no add-on of that name. To update: none.',
  );
});

describe("an image that only the Docker Engine has", () => {
  let engine: HttpApi;
  beforeEach(async () => {
    engine = await new HttpApi().open();
    engine.answers[`GET /images/${host}/db:16/json`] = { Id: second };
    vi.stubEnv("DOCKER_HOST", engine.host);
  });
  afterEach(() => engine.close());

  test("is locked by its ID on docker, and its registry is not asked again", async () => {
    expect((await lock(stackOf(db))).changes).toEqual([{ service: "db", image: `${host}/db:16`, before: undefined, after: second }]);
    expect(readFileSync(file, "utf8")).toContain(`    id: ${second}\n`);
    const before = registry.requests.length;
    expect(await checkLock(stackOf(db))).toEqual({ moved: [], deleted: [] });
    expect(registry.requests.length).toBe(before);
  });

  test("is rejected on other platforms with the remedy", async () => {
    await expect(lock(stackOf(db, {}, "local"))).rejects.toThrow(
      `slipway:services.db.image: "${host}/db:16" is only in this machine's Docker Engine, and local pulls images from registries. Tag it for a registry, push it (docker push), set that image, and run slipway lock --update db --stack shop.`,
    );
  });
});

describe("before an up", () => {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  beforeEach(() => void (said.length = 0));

  test("new tags are locked, and the file to commit is named", async () => {
    tag("db:16", first);
    await lockBeforeUp(stackOf(db), say);
    expect(said).toEqual([`${file}: locked. Commit it.\n+ db  ${host}/db:16  ${first}`]);
    await lockBeforeUp(stackOf(db), say);
    expect(said.length).toBe(1);
  });

  test("nothing is locked in a pipeline", async () => {
    vi.stubEnv("CI", "true");
    await lockBeforeUp(stackOf(db), say);
    expect(said).toEqual([]);
    expect(registry.requests).toEqual([]);
    expect(existsSync(file)).toBe(false);
  });

  test("a locked digest that is no longer in its registry is rejected; a registry that does not answer is not", async () => {
    tag("db:16", first);
    await lock(stackOf(db));
    tag("db:16", second);
    delete registry.answers[`HEAD /v2/db/manifests/${first}`];
    await expect(lockBeforeUp(stackOf(db), say)).rejects.toThrow(
      `Stack "shop" cannot be deployed:\n  - slipway:services.db.image: the registry of ${host}/db:16 no longer has the locked ${first}. To use what the tag is now: slipway lock --update db --stack shop`,
    );
    registry.answers["GET /v2/"] = new Answer(503, "");
    await lockBeforeUp(stackOf(db), say);
  });
});

describe("the versions of EKS add-ons", () => {
  let aws: FakeAws;
  const versions: Record<string, string[]> = {
    "metrics-server": ["v0.8.2-eksbuild.1", "v0.8.1-eksbuild.3"],
    "amazon-cloudwatch-observability": ["v5.1.0-eksbuild.1"],
  };
  beforeEach(() => {
    aws = new FakeAws();
    offers(versions);
  });
  afterEach(() => aws[Symbol.dispose]());

  /** The last version of each add-on is the default one. */
  const offers = (all: Record<string, string[]>) => {
    const addons = Object.entries(all).map(([addonName, names]) => ({
      addonName,
      addonVersions: names.map((addonVersion, i) => ({
        addonVersion,
        compatibilities: [
          { clusterVersion: "1.35", defaultVersion: true },
          { clusterVersion: "1.36", defaultVersion: i === names.length - 1 },
        ],
      })),
    }));
    aws.says("eks describe-addon-versions", { addons });
  };
  const eks = (more: object = {}, images: Record<string, string> = {}) => stackOf(images, { region: "eu-central-1", ...more }, "eks");
  const metrics = { addon: "metrics-server", kubernetes: "1.36" };

  test("are the defaults of EKS for the Kubernetes version, until they are updated", async () => {
    expect(unlocked(eks())).toEqual(["metrics-server"]);
    expect((await lock(eks())).addons).toEqual([{ ...metrics, after: "v0.8.1-eksbuild.3" }]);
    expect(aws.calls).toEqual([
      "eks describe-addon-versions --kubernetes-version 1.36 --addon-name metrics-server --region eu-central-1 --output json",
    ]);
    offers({ "metrics-server": ["v0.8.2-eksbuild.1"] });
    expect(await lock(eks())).toEqual({ file, changes: [], addons: [] });
    const result = await lock(eks(), ["metrics-server"]);
    expect(formatChanges(result)).toBe("~ metrics-server  for Kubernetes 1.36  v0.8.1-eksbuild.3 → v0.8.2-eksbuild.1\n");
  });

  test("are looked up again for another Kubernetes version", async () => {
    await lock(eks());
    expect((await lock(eks({ version: "1.35" }))).addons).toEqual([
      { addon: "metrics-server", kubernetes: "1.35", before: "v0.8.1-eksbuild.3", after: "v0.8.2-eksbuild.1" },
    ]);
  });

  test("are removed with the add-on, or if the stack file has one", async () => {
    await lock(eks({ containerInsights: true }));
    expect(unlocked(eks({ containerInsights: true }))).toEqual([]);
    expect((await lock(eks())).addons).toEqual([
      { addon: "amazon-cloudwatch-observability", kubernetes: "1.36", before: "v5.1.0-eksbuild.1" },
    ]);
    expect((await lock(eks({ addonVersions: { "metrics-server": "v0.8.2-eksbuild.1" } }))).addons).toEqual([
      { ...metrics, before: "v0.8.1-eksbuild.3" },
    ]);
    expect(existsSync(file)).toBe(false);
  });

  test("stay open with a note if AWS does not answer, and images are locked", async () => {
    tag("db:16", first);
    aws.fails("eks describe-addon-versions", "Unable to locate credentials");
    const { changes, addons, note } = await lock(eks({}, db));
    expect([changes.length, addons, note]).toEqual([
      1,
      [],
      "The versions of EKS add-ons were not looked up, because AWS did not answer: Unable to locate credentials. Log in, and run slipway lock --stack shop",
    ]);
  });

  test("are not asked for on the cluster of another stack", async () => {
    expect(lockables(eks({ stack: "organization/slipway/platform" }))).toEqual([]);
  });

  test("are locked before an up, and a note says if they cannot be", async () => {
    const said: string[] = [];
    await lockBeforeUp(eks(), (line) => void said.push(line));
    aws.fails("eks describe-addon-versions", "Unable to locate credentials");
    await lockBeforeUp(eks({ version: "1.35" }), (line) => void said.push(line));
    expect(said).toEqual([
      `${file}: locked. Commit it.\n+ metrics-server  for Kubernetes 1.36  v0.8.1-eksbuild.3`,
      "note: The versions of EKS add-ons were not looked up, because AWS did not answer: Unable to locate credentials. Log in, and run slipway lock --stack shop.",
    ]);
  });

  test("that are open are a note of the preview", async () => {
    const about = { name: "shop" };
    expect(formatReport(await checkLock(eks()), about)).toEqual([
      "slipway:eks.addonVersions: no version of metrics-server. EKS then installs its default and never updates it. To record the versions for Kubernetes 1.36: slipway lock --stack shop",
    ]);
    await lock(eks());
    expect(formatReport(await checkLock(eks()), about)).toEqual([]);
  });
});

test("an image by tag that organisation defaults set is locked too", () => {
  using project = new DefaultsProject();
  project.write("platform/slipway.yaml", "defaults: { services: { proxy: { image: proxy:1 } } }");
  project.stack("slipway:extends: ../platform\nslipway:services: { db: { image: postgres:16 }, web: { source: app } }");
  expect(lockables(readStack("test"))).toEqual(["proxy", "db"]);
});
