import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { convertCompose, type Settings } from "../../../cli/compose/convert.ts";
import { Credentials, isSecretVariable, Secret } from "../../../cli/compose/credentials.ts";
import { findHost, renameHost } from "../../../cli/compose/hosts.ts";
import { importCompose } from "../../../cli/compose/import.ts";
import { knownImage } from "../../../cli/compose/known-images.ts";
import { readCompose } from "../../../cli/compose/project.ts";
import type { Platform } from "../../../config/schema/setting.ts";
import { expectedOf, fixtures, importFixture } from "./compose-fixtures.ts";

describe("a Compose file in the style of a public project", () => {
  test.each(fixtures)("%s is imported as expected, and the result is valid", async (name) => {
    const { imported, text } = await importFixture(name);
    expect(text).toBe(readFileSync(expectedOf(name), "utf8"));
    expect(imported.problems).toEqual([]);
  });

  test.each(fixtures)("%s has no credential in plain text", async (name) => {
    const { written } = await importFixture(name);
    const credentials = [
      "somewordpress",
      "Wordpress-2026",
      "gr4fana-admin",
      "rabbit-pass-1",
      "Gitea-42",
      "minio-secret-1",
      "nats-pass-1",
      "cache-pass-1",
      "s3cr3t",
      "Hunter22",
    ];
    for (const credential of credentials) expect(written).not.toContain(credential);
  });

  test.each(["docker", "swarm"] as const)("is valid on %s too", async (platform) => {
    for (const name of fixtures) expect([name, (await importFixture(name, { platform })).imported.problems]).toEqual([name, []]);
  });

  test("has the services of a profile only if it is given", async () => {
    const { imported } = await importFixture("profiles", { profiles: ["tools"] });
    expect([imported.services, imported.jobs]).toEqual([["web", "worker"], ["seed"]]);
    expect(imported.notes.map(({ path }) => path)).not.toContain("services.seed");
  });
});

/** What a Compose file becomes, in a new folder. */
async function convert(services: object, files: Record<string, string> = {}, more: object = {}, platform: Platform = "local") {
  const folder = mkdtempSync(join(tmpdir(), "slipway-import-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    writeFileSync(join(folder, "compose.yaml"), JSON.stringify({ services, ...more }));
    const { notes, assumptions, ...converted } = convertCompose(await readCompose(join(folder, "compose.yaml"), []), {
      folder,
      stack: "shop",
      platform,
    });
    return { ...converted, notes: notes.map(({ path, message }) => `${path}: ${message}`), assumptions };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const service = async (compose: object, files?: Record<string, string>, others: object = {}) =>
  (await convert({ web: compose, ...others }, files)).services["web"] as Settings & Record<string, never>;

describe("a build", () => {
  const build = { build: "app", expose: ["8080"] };

  test("has its Dockerfile, stage and arguments, except those that are secret", async () => {
    const compose = {
      build: { context: "web", dockerfile: "docker/prod", target: "run", args: { VERSION: "1.2", NPM_TOKEN: "hush-hush" } },
      expose: ["80"],
    };
    const { services, notes } = await convert({ web: compose }, { "web/docker/prod": "FROM scratch AS run\n", "web/go.mod": "" });
    expect(services["web"]).toMatchObject({
      source: "web",
      builder: "dockerfile",
      dockerfile: { file: "docker/prod", target: "run", args: { VERSION: "1.2" } },
    });
    expect(notes).toEqual([
      "services.web.build.args.NPM_TOKEN: is left out, because it is secret, and whoever can pull the image can read it; mount it with dockerfile.secrets, or pass it at run time",
    ]);
  });

  test("has its secret mounts, with the content of a file or a variable, by the target as the id", async () => {
    process.env["SLIPWAY_TEST_TOKEN"] = "hush-1";
    const build = {
      context: "web",
      secrets: ["npm", { source: "token", target: "gh" }, "missing"],
    };
    const secrets = { npm: { file: "npmrc" }, token: { environment: "SLIPWAY_TEST_TOKEN" }, missing: { file: "none" } };
    const files = { "web/Dockerfile": "FROM scratch\n", npmrc: "hush-2" };
    const { services, notes } = await convert({ web: { build, expose: ["80"] } }, files, { secrets });
    delete process.env["SLIPWAY_TEST_TOKEN"];
    expect(services["web"]!["dockerfile"]).toEqual({ secrets: { npm: new Secret("hush-2"), gh: new Secret("hush-1") } });
    expect(notes).toEqual([
      "services.web.build.secrets[2]: is left out, because none does not exist; set it with pulumi config set --stack shop --secret --path 'services.web.dockerfile.secrets[\"missing\"]'",
    ]);
  });

  test.each([
    ["a Go module without a Dockerfile", { "app/go.mod": "" }, undefined, undefined],
    ["a minimal image", { "app/Dockerfile": "FROM gcr.io/distroless/static\n" }, undefined, undefined],
    ["a minimal image with a user", { "app/Dockerfile": "FROM scratch\nUSER 1000:1000\n" }, 1000, undefined],
    ["a stage of a minimal image", { "app/Dockerfile": "FROM scratch AS base\nUSER 7\nFROM base\n" }, 7, undefined],
    ["another image", { "app/Dockerfile": "FROM node:22\n" }, undefined, "baseline"],
    ["another image with a user", { "app/Dockerfile": "FROM node:22\nUSER 1000\n" }, 1000, "baseline"],
  ])("of %s has the security level that it needs", async (_of, files, user, level) => {
    const { security, ...rest } = (await service(build, files)) as { user?: number; security?: { level: string } };
    expect([rest.user, security?.level]).toEqual([user, level]);
  });

  test("without a Dockerfile and a Go module is reported", async () => {
    expect((await convert({ web: build }, { "app/x": "" })).notes).toContain(
      "services.web.build: has no app/Dockerfile; create it, or set source to the folder with it",
    );
    const named = { build: { context: "app", dockerfile: "Prod" }, expose: ["8080"] };
    expect((await convert({ web: named }, { "app/go.mod": "" })).notes).toContain(
      "services.web.build: has no app/Prod; create it, or set source to the folder with it",
    );
  });
});

describe("a port", () => {
  test.each<[string, object, object]>([
    [
      "the first published one that speaks HTTP gets the host",
      { ports: ["22:22", "8000:5000"] },
      { port: 5000, ports: { "port-22": 22 }, host: "web.localhost" },
    ],
    ["an exposed one gets none", { expose: ["9000-9001"] }, { port: 9000, ports: { "port-9001": 9001 } }],
    ["PORT in the environment, if no other is named", { environment: { PORT: "4000" } }, { port: 4000 }],
  ])("%s", async (_what, compose, expected) => {
    expect(await service({ image: "example/app:1", ...compose })).toMatchObject(expected);
  });

  test("is found in the settings of callers, or in the Dockerfile", async () => {
    const callers = { api: { image: "example/api:1", environment: { WEB: "http://web:7000/x" } } };
    expect(await service({ image: "example/app:1" }, {}, callers)).toMatchObject({ port: 7000 });
    expect(await service({ build: "app" }, { "app/Dockerfile": "FROM node\nEXPOSE 3000/tcp 9229/udp\n" })).toMatchObject({ port: 3000 });
  });
});

describe("published ports without HTTP", () => {
  const published = async (ports: (string | object)[], platform?: Platform, others: object = {}) => {
    const { services, notes } = await convert({ web: { image: "example/db:1", ports }, ...others }, {}, {}, platform);
    return { publish: services["web"]!["publish"], notes: notes.filter((note) => note.includes(".ports[")) };
  };

  test("are published at the same port, with the protocol", async () => {
    const { publish, notes } = await published(["15432:5432", "53:53/udp", "53:5353/udp", "2222:22"], "docker");
    expect(publish).toEqual({
      "tcp-5432": { port: 15432, targetPort: 5432 },
      "udp-53": { port: 53, protocol: "UDP" },
      "port-22": { port: 2222 },
    });
    expect(notes).toEqual([
      "services.web.ports[2]: 53 is not published, because the port is in use, by the stack itself or another service; set another one in services.web.publish",
    ]);
  });

  test("are left out if the stack itself uses the port", async () => {
    const { publish, notes } = await published(["8443:5432", "6550:3306"]);
    expect(publish).toBeUndefined();
    expect(notes).toHaveLength(2);
    expect((await published(["6550:5432"], "docker")).publish).toEqual({ "tcp-5432": { port: 6550, targetPort: 5432 } });
  });

  test("are left out where the platform would open them to others", async () => {
    expect(await published(["127.0.0.1:5432:5432"], "swarm")).toEqual({
      publish: undefined,
      notes: [
        "services.web.ports[0]: 127.0.0.1:5432 is not published, because Swarm publishes on every address; set services.web.publish if others may connect, too",
      ],
    });
    expect(await published(["5432:5432"], "eks")).toEqual({
      publish: undefined,
      notes: [
        "services.web.ports[0]: 5432 is not published, because its load balancer needs the IP ranges of the clients; set services.web.publish with sourceRanges",
      ],
    });
  });

  test("are left out if the protocol is another one, or the port is not fixed", async () => {
    expect(await published([{ target: 25, published: "5000-5010" }, "5060:5060/sctp"])).toEqual({
      publish: undefined,
      notes: [
        "services.web.ports[0]: 5000-5010 is not published, because it is no single port; set one in services.web.publish",
        "services.web.ports[1]: 5060 is not published, because only TCP and UDP are supported (got sctp)",
      ],
    });
  });
});

test("a service without a port has no probes, unless another one's settings show that it is called", async () => {
  const files = { "app/go.mod": "" };
  expect(await service({ build: "app" }, files)).toMatchObject({ probes: { kind: "none" } });
  expect(await service({ build: "app" }, files)).not.toHaveProperty("port");
  const dependent = { api: { image: "example/api:1", depends_on: ["web"] } };
  expect(await service({ build: "app" }, files, dependent)).toMatchObject({ probes: { kind: "none" } });
  const caller = { api: { image: "example/api:1", environment: { WEB_HOST: "web" } } };
  expect(await service({ build: "app" }, files, caller)).toMatchObject({ port: 8080, probes: { kind: "tcp" } });
});

describe("a call", () => {
  const db = { db: { image: "postgres:16" } };
  const callsOf = async (compose: object, others: object = db) =>
    (await service({ image: "example/app:1", expose: ["80"], ...compose }, {}, others))["calls"];

  test.each<[string, object, object?]>([
    ["a host alone", { environment: { DB_HOST: "db" } }],
    ["a host with a port", { environment: { DB: "db:5432" } }],
    ["a URL with credentials", { environment: { DSN: "postgres://u:p@db/app" } }],
    ["a list of hosts", { environment: { NODES: "other:1,db:5432" } }],
    ["an argument of the command", { command: ["--upstream", "http://db:80"] }],
    ["depends_on", { depends_on: ["db"] }],
    ["an alias", { environment: { HOST: "postgres" } }, { db: { image: "postgres:16", networks: { default: { aliases: ["postgres"] } } } }],
  ])("is found in %s", async (_where, compose, others = db) => {
    expect(await callsOf(compose, others)).toEqual(["db"]);
  });

  test.each([
    ["the name of a database", { environment: { POSTGRES_DB: "db" } }],
    ["a word in a sentence", { environment: { TEXT: "the db is down" } }],
    ["part of another word", { environment: { HOST: "mydb", OTHER: "db.example.org", PATH_TO: "/var/db/x" } }],
  ])("is not %s", async (_what, compose) => {
    expect(await callsOf(compose)).toBeUndefined();
  });

  test("is not found in another network", async () => {
    const compose = { environment: { HOST: "db" }, networks: ["front"] };
    const { services } = await convert(
      { web: { image: "example/app:1", expose: ["80"], ...compose }, db: { image: "postgres:16", networks: ["back"] } },
      {},
      { networks: { front: {}, back: {} } },
    );
    expect(services["web"]!["calls"]).toBeUndefined();
  });
});

describe("a host with another name in Compose", () => {
  const db = { image: "postgres:16", container_name: "main-database", networks: { default: { aliases: ["postgres"] } } };

  test.each<[string, object, object]>([
    ["an alias in a network", { environment: { URL: "http://postgres:5432/postgres" } }, { URL: "http://db:5432/postgres" }],
    ["the name of a container", { environment: { DB_HOST: "main-database" } }, { DB_HOST: "db" }],
    ["an alias in a link", { links: ["db:store"], environment: { HOSTS: "store:5432,other" } }, { HOSTS: "db:5432,other" }],
    [
      "none, but the name of a database and a user",
      { environment: { DB_NAME: "postgres", DB_USER: "postgres" } },
      { DB_NAME: "postgres", DB_USER: "postgres" },
    ],
  ])("%s becomes the name of the service", async (_what, compose, env) => {
    expect(await service({ image: "example/app:1", expose: ["80"], ...compose }, {}, { db })).toMatchObject({ env });
  });

  test("is replaced wherever a text uses it as a host, and nowhere else", () => {
    const text = "# postgres is our database\nuser postgres;\nserver postgres:5432;\nproxy_pass http://postgres/postgres;\n";
    expect(findHost(text, "postgres")).toEqual({ port: 5432 });
    expect(renameHost(text, "postgres", "db")).toBe(
      "# postgres is our database\nuser postgres;\nserver db:5432;\nproxy_pass http://db/postgres;\n",
    );
  });
});

test("credentials in the health check and in build arguments are not in plain text, and addresses of repositories are not printed", async () => {
  const { services, notes } = await convert({
    web: {
      image: "example/app:1",
      expose: ["80"],
      environment: { DB_PASSWORD: "Secret-77" },
      healthcheck: { test: ["CMD", "check", "--password", "Secret-77"] },
    },
    built: { build: { context: "https://robot:Token-88@git.example/app.git", args: { SOURCE: "Secret-77" } }, expose: ["80"] },
  });
  expect(services["web"]).toMatchObject({ probes: { command: ["check", "--password", new Secret("Secret-77")] } });
  expect(JSON.stringify([services["built"], notes])).not.toContain("Secret-77");
  expect(services["built"]).toMatchObject({ source: "app", builder: "dockerfile" });
  expect(JSON.stringify([services["built"], notes])).not.toContain("Token-88");
});

describe("a job", () => {
  test("is what somebody waits for until it has completed, or what must not restart and nobody calls", async () => {
    const { services, jobs } = await convert({
      web: { image: "example/app:1", expose: ["80"], depends_on: { migrate: { condition: "service_completed_successfully" } } },
      migrate: { image: "example/app:1", command: ["migrate"] },
      once: { image: "example/app:1", restart: "no" },
      called: { image: "example/app:1", restart: "no", expose: ["80"] },
    });
    expect([Object.keys(services).sort(), Object.keys(jobs).sort()]).toEqual([
      ["called", "web"],
      ["migrate", "once"],
    ]);
    expect(services["web"]).toMatchObject({ after: ["migrate"] });
    expect(services["web"]!["calls"]).toBeUndefined();
    expect(jobs["migrate"]).not.toHaveProperty("replicas");
  });
});

describe("a file of the host", () => {
  test("is copied if it is a small text in the project; other paths are left out", async () => {
    const volumes = [
      "./site.conf:/etc/site.conf:ro",
      "./conf:/etc/conf",
      "./picture.png:/x.png:ro",
      "/etc/hosts:/etc/hosts:ro",
      "./data:/data",
    ];
    const { services, notes } = await convert(
      { web: { image: "example/app:1", expose: ["80"], volumes } },
      { "site.conf": "a", "conf/a/b.ini": "b", "picture.png": "\0" },
    );
    expect(services["web"]).toMatchObject({
      files: { "/etc/site.conf": "a", "/etc/conf/a/b.ini": "b" },
      volumes: { data: { kind: "persistent", mountPath: "/data", size: "1Gi" } },
    });
    const add = "add its content to the image, to files or to a volume";
    expect(notes).toEqual([
      `services.web.volumes[2]: is left out, because picture.png is not a text file of at most 512 KiB; ${add}`,
      `services.web.volumes[3]: is left out, because /etc/hosts is a path of this machine outside of the project; ${add}`,
      "services.web.volumes[1]: is a read-only copy at /etc/conf; use a volume if the service writes to it",
    ]);
  });

  test("with a credential in it becomes a secret file, and so do secrets", async () => {
    const { services } = await convert(
      {
        web: {
          image: "example/app:1",
          expose: ["80"],
          environment: { DB_PASSWORD: "Secret-77" },
          volumes: ["./app.ini:/etc/app.ini:ro"],
          secrets: ["key"],
        },
      },
      { "app.ini": "password = Secret-77\n", "key.txt": "k3y" },
      { secrets: { key: { file: "./key.txt" } } },
    );
    expect(services["web"]!["secretFiles"]).toEqual({
      "/etc/app.ini": new Secret("password = Secret-77\n"),
      "/run/secrets/key": new Secret("k3y"),
    });
  });

  test.each([
    ["db.createUser({ user: 'shop', pwd: 'Hunter-22' })", true],
    ['{ "password": "Hunter-22" }', true],
    ['password: "${PASSWORD}"', false],
    ['label: "password"', false],
  ])("with the text %s is secret: %s", async (text, isSecret) => {
    const { services } = await convert({ web: { image: "web:1", volumes: ["./init.js:/etc/init.js:ro"] } }, { "init.js": text });
    expect("secretFiles" in services["web"]!).toBe(isSecret);
  });
});

test("capabilities of the level baseline are imported, and others are named", async () => {
  const { services, notes } = await convert({ web: { image: "example/app:1", expose: ["80"], cap_add: ["CAP_MKNOD", "SYS_ADMIN"] } });
  expect(services["web"]).toMatchObject({
    security: {
      level: "baseline",
      reason: "As in the Compose file",
      capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETGID", "SETUID"],
    },
  });
  expect(notes).toEqual([
    "services.web.cap_add: is imported without SYS_ADMIN, because with it a program can take over its node; check that the service works without it",
  ]);
});

test("every key of a service that is left out has a line", async () => {
  const keys = {
    blkio_config: { weight: 300 },
    cgroup: "host",
    devices: ["/dev/fuse:/dev/fuse"],
    dns: ["1.1.1.1"],
    extra_hosts: ["a:1.2.3.4"],
    gpus: "all",
    isolation: "default",
    oom_score_adj: 1,
    runtime: "runc",
    storage_opt: { size: "1G" },
    tty: true,
    userns_mode: "host",
  };
  const deploy = { mode: "global", placement: { constraints: ["node.role==manager"] }, resources: { limits: { pids: 5 } } };
  const { notes } = await convert({ web: { image: "example/app:1", expose: ["80"], ...keys, deploy } });
  const named = notes.map((note) => note.split(": ")[0]!.replace("services.web.", ""));
  for (const key of [...Object.keys(keys), "deploy.mode", "deploy.placement", "deploy.resources.limits.pids"])
    expect(named.filter((one) => one.startsWith(key))).not.toEqual([]);
});

test.each([
  ["postgres:16", 5432],
  ["docker.io/library/postgres:16-alpine", 5432],
  ["registry.example:5000/team/postgres@sha256:00", 5432],
  ["minio/minio", 9000],
  ["bitnami/redis:7", undefined],
  ["example/app", undefined],
  ["constructor", undefined],
])("the image %s is known or not: port %s", (image, port) => {
  expect(knownImage(image)?.known.port).toBe(port);
});

test.each([
  ["POSTGRES_PASSWORD", "x", true],
  ["DB_PASS", "x", true],
  ["MYSQL_PWD", "x", true],
  ["SECRET_KEY_BASE", "x", true],
  ["MASTERKEY", "x", true],
  ["MYSQL_RANDOM_ROOT_PASSWORD", "true", false],
  ["DB_PASSWORD_FILE", "/run/secrets/db", false],
  ["TOKEN_TTL", "3600s", false],
  ["KEYCLOAK_HOST", "x", false],
  ["MONKEY", "x", false],
  ["COMPASS", "x", false],
])("the variable %s=%s is secret: %s", (name, value, expected) => {
  expect(isSecretVariable(name, value)).toBe(expected);
});

test("a text is secret if it has a password in a URL, or a value that is secret elsewhere", () => {
  const credentials = new Credentials();
  credentials.learn("Secret-77");
  credentials.learn("postgres");
  const texts = ["postgres://u:p@db/app", "x Secret-77 y", "postgres", "http://db:5432", "https://user@host"];
  expect(texts.map((text) => credentials.isIn(text))).toEqual([true, true, false, false, false]);
});

describe("the stack file", () => {
  const checkout = process.cwd();
  const webRedis = resolve("test/fixtures/compose/web-redis/compose.yaml");
  const options = { stack: "shop", platform: "local" as const, profiles: [] };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-import-"));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(checkout);
    rmSync(folder, { recursive: true });
  });

  test("is never overwritten", async () => {
    await importCompose(webRedis, options);
    writeFileSync("stacks/Pulumi.shop.yaml", "mine");
    await expect(importCompose(webRedis, options)).rejects.toThrow(
      `stacks/Pulumi.shop.yaml: already exists and was not changed. Choose another name: slipway import ${webRedis} --stack <name>`,
    );
    expect(readFileSync("stacks/Pulumi.shop.yaml", "utf8")).toBe("mine");
  });

  test.each([
    ["services: [", /^compose\.yaml: is not a valid Compose file: .*did not find expected node content$/],
    ["services: { web: { imagee: x } }", /^compose\.yaml: is not a valid Compose file: validating .*: services\.web\.imagee/],
    [
      "services: { web: { image: web, profiles: [p] } }",
      /^compose\.yaml: has no services\. If all services have profiles, name one with --profile\.$/,
    ],
    [
      'services: { web: { image: "a:${TAG:?the version}", command: "${NEXT:?}" } }',
      /^compose\.yaml: requires variables that are not set\. Set them in \.env next to it, then import again:\n {2}- NEXT\n {2}- TAG: the version$/,
    ],
  ])("is not created from %s", async (text, message) => {
    writeFileSync("compose.yaml", text);
    await expect(importCompose("compose.yaml", options)).rejects.toThrow(message);
    expect(existsSync("stacks")).toBe(false);
  });

  test("is not created from a file that does not exist", async () => {
    await expect(importCompose("compose.yaml", options)).rejects.toThrow(
      "compose.yaml: does not exist. Name the Compose file: slipway import <file> --stack shop",
    );
  });

  test("has secrets that the stack's passphrase decrypts: the given one, or one of this checkout", async () => {
    writeFileSync("compose.yaml", JSON.stringify({ services: { web: { image: "a:1", environment: { API_TOKEN: "t0ken-1" } } } }));
    writeFileSync("Pulumi.yaml", "name: slipway\nstackConfigDir: stacks\n");
    const { readStack } = await import("../../../config/stack-file.ts");
    const tokenOf = (stack: string) => JSON.parse(readStack(stack).config["slipway:services"]!).web.secretEnv.API_TOKEN;
    expect(await importCompose("compose.yaml", { ...options, stack: "here" })).toMatchObject({ secrets: 1, hasLocalPassphrase: true });
    expect(tokenOf("here")).toBe("t0ken-1");
    vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", "correct horse");
    expect(await importCompose("compose.yaml", { ...options, stack: "given" })).toMatchObject({ secrets: 1, hasLocalPassphrase: false });
    expect(tokenOf("given")).toBe("t0ken-1");
    vi.unstubAllEnvs();
    expect(() => tokenOf("given")).toThrow("PULUMI_CONFIG_PASSPHRASE is not the passphrase");
  });
});
