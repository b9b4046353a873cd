import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { convertCompose } from "../../../cli/compose/convert.ts";
import { formatImport } from "../../../cli/compose/format.ts";
import { importCompose } from "../../../cli/compose/import.ts";
import { readCompose } from "../../../cli/compose/project.ts";

const fixture = (name: string) => resolve("test/fixtures/compose", name, "compose.yaml");

async function converted(name: string, ...profiles: string[]) {
  const folder = resolve("test/fixtures/compose", name);
  const { services, notes } = convertCompose(await readCompose(fixture(name), profiles), { folder, stack: "shop" });
  return { services, notes: notes.map(({ path, message }) => `${path}: ${message}`) };
}

const guessedSize = "is imported with the size 1Gi, because Compose volumes have no size; set the size that the service needs";
const noHealthcheck = "is missing, so the probes only open a TCP connection; remove probes if the service has /healthz and /readyz";
const noPorts = "is missing, so the default port 8080 applies; set port to the one that the program listens on";
const networks = "is ignored, because a service only reaches the services listed in its calls; complete that list";

test("a web service, Redis and a volume are imported", async () => {
  expect(await converted("web-redis")).toEqual({
    services: {
      web: {
        source: ".",
        builder: "dockerfile",
        port: 5000,
        host: "web.localhost",
        replicas: 1,
        calls: ["redis"],
        env: { REDIS_HOST: "redis" },
        probes: { kind: "tcp" },
      },
      redis: {
        image: "redis:alpine",
        args: ["redis-server", "--appendonly", "yes"],
        port: 6379,
        replicas: 1,
        volumes: { "redis-data": { kind: "persistent", mountPath: "/data", size: "1Gi" } },
        probes: { kind: "tcp" },
      },
    },
    notes: [
      `services.redis.volumes[0]: ${guessedSize}`,
      "services.web.ports[0]: 8000 is not published, because HTTP is routed by host; use web.localhost, or set another host",
      `services.web.healthcheck: ${noHealthcheck}`,
    ],
  });
});

test("a build, a proxy and a database are imported with limits, probes, secrets and files, and notes list the differences", async () => {
  const probe = { path: "/health", periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 5 };
  const fileSecret = (path: string) =>
    `is not imported, because it is secret; set it with pulumi config set --stack shop --secret --path '${path}'`;
  expect(await converted("build")).toEqual({
    services: {
      api: {
        source: "api",
        user: 1000,
        port: 8080,
        replicas: 2,
        resources: { cpu: "250m", cpuLimit: "500m", memory: "64Mi", memoryLimit: "256Mi" },
        calls: ["db"],
        env: { LOG_LEVEL: "info", DATABASE_HOST: "db" },
        files: { "/etc/site.conf": "limit = 10" },
        volumes: { tmp: { kind: "emptyDir", mountPath: "/tmp", size: "64Mi" } },
        probes: { startup: { path: "/health", failureThreshold: 90 }, readiness: probe, liveness: probe },
        shutdown: { drainSeconds: 60 },
      },
      db: {
        image: `postgres:18@sha256:${"0".repeat(64)}`,
        port: 5432,
        replicas: 1,
        env: { POSTGRES_PASSWORD_FILE: "/run/secrets/db_password" },
        volumes: { "db-data": { kind: "persistent", mountPath: "/var/lib/postgresql", size: "1Gi" } },
        probes: {
          kind: "exec",
          command: ["sh", "-c", "pg_isready -U postgres"],
          readiness: { periodSeconds: 5 },
          liveness: { periodSeconds: 5 },
        },
      },
      proxy: {
        image: "nginx:1.29",
        port: 80,
        host: "proxy.localhost",
        replicas: 1,
        calls: ["api"],
        files: { "/etc/nginx/conf.d/default.conf": "server { listen 8080; }\n" },
        probes: { kind: "tcp" },
      },
    },
    notes: [
      "services.api.cap_add: is ignored, because containers run without capabilities; check that the service works without it",
      "services.api.logging: is ignored, because the platform collects the logs; write them to standard output",
      `services.api.networks: ${networks}`,
      "services.api.build.target: is ignored, because there is no Dockerfile: the Go module is built without one",
      "services.api.build.args: is ignored, because there is no Dockerfile: the Go module is built without one",
      "services.api.environment.DB_PASSWORD: is not imported, because it may be secret; set it with pulumi config set --stack shop --secret --path 'services.api.secretEnv.DB_PASSWORD'",
      `services.api.secrets[0]: ${fileSecret('services.api.secretFiles["/run/secrets/api_key"]')} <api-key.txt`,
      `services.db.networks: ${networks}`,
      "services.db.ports[0]: 5432 is not published, because only HTTP is exposed; services with db in their calls reach it at db:5432",
      `services.db.volumes[0]: ${guessedSize}`,
      "services.proxy.ports[0]: 80 is not published, because HTTP is routed by host; use proxy.localhost, or set another host",
      "services.proxy.volumes[1]: is not imported, because static is not a file; add its content to the image or to a volume",
      `services.proxy.healthcheck: ${noHealthcheck}`,
    ],
  });
});

test("a build has its Dockerfile, stage and arguments, except those that may be secret", async () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-import-"));
  const file = join(folder, "compose.yaml");
  mkdirSync(join(folder, "web/docker"), { recursive: true });
  for (const name of ["web/Dockerfile", "web/docker/Dockerfile.prod", "web/go.mod"]) writeFileSync(join(folder, name), "");
  const build = (more: object) =>
    writeFileSync(file, JSON.stringify({ services: { web: { build: { context: "./web", ...more }, expose: ["8080"] } } }));
  const imported = async () => {
    const { services, notes } = convertCompose(await readCompose(file, []), { folder, stack: "shop" });
    const { source, builder, dockerfile } = services["web"]!;
    return {
      source,
      builder,
      dockerfile,
      notes: notes.map(({ path, message }) => `${path}: ${message}`).filter((note) => note.includes(".build")),
    };
  };
  const isGoToo = "services.web.build: is imported with builder: dockerfile; remove that line to build the Go module without Docker";
  try {
    build({ dockerfile: "docker/Dockerfile.prod", target: "run", args: { VERSION: "1.2", NPM_TOKEN: "hush" } });
    expect(await imported()).toEqual({
      source: "web",
      builder: "dockerfile",
      dockerfile: { file: "docker/Dockerfile.prod", target: "run", args: { VERSION: "1.2" } },
      notes: [
        isGoToo,
        "services.web.build.args.NPM_TOKEN: is not imported, because it may be secret, and whoever can pull the image can read it; pass it at run time",
      ],
    });
    build({ dockerfile: "./Dockerfile" });
    expect(await imported()).toEqual({ source: "web", builder: "dockerfile", dockerfile: undefined, notes: [isGoToo] });
    build({ dockerfile: "../Dockerfile" });
    expect((await imported()).notes[0]).toBe('services.web.build.dockerfile: must be below web (got "../Dockerfile"); move the file there');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("extends is resolved, and the services of a profile are imported only if the profile is given", async () => {
  const worker = {
    image: `example.org/worker@sha256:${"1".repeat(64)}`,
    replicas: 1,
    calls: ["web"],
    env: { GREETING: "Hi", LOG_LEVEL: "debug" },
    probes: { kind: "tcp" },
    shutdown: { drainSeconds: 20 },
  };
  const web = {
    source: "web",
    port: 3000,
    host: "web.localhost",
    replicas: 1,
    env: { GREETING: "Hello", LOG_LEVEL: "debug" },
    probes: { kind: "tcp" },
    shutdown: { drainSeconds: 20 },
  };
  const notes = [
    "services.web.ports[1]: is ignored, because only TCP is supported (got udp); check that the service works without it",
    "services.web.ports[0]: 3000 is not published, because HTTP is routed by host; use web.localhost, or set another host",
    `services.web.healthcheck: ${noHealthcheck}`,
    `services.worker.ports: ${noPorts}`,
  ];
  expect(await converted("profiles")).toEqual({ services: { web, worker }, notes });
  const seed = { image: `example.org/seed@sha256:${"2".repeat(64)}`, replicas: 1, calls: ["web"], probes: { kind: "tcp" } };
  expect(await converted("profiles", "tools")).toEqual({
    services: { seed, web, worker },
    notes: [
      'services.seed.restart: is ignored, because pods are always restarted (got "no"); run one-off tasks outside the stack',
      `services.seed.ports: ${noPorts}`,
      ...notes,
    ],
  });
});

test("each unsupported key of deploy has a note", async () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-compose-"));
  const image = `example.org/web@sha256:${"1".repeat(64)}`;
  const deploy = { placement: { constraints: ["node.role==manager"] }, update_config: { parallelism: 2 }, mode: "global" };
  writeFileSync(join(folder, "compose.yaml"), JSON.stringify({ services: { web: { image, expose: ["8080"], deploy } } }));
  try {
    const { notes } = convertCompose(await readCompose(join(folder, "compose.yaml"), []), { folder, stack: "shop" });
    expect(notes.filter(({ path }) => path.includes(".deploy."))).toEqual([
      {
        path: "services.web.deploy.mode",
        message: "is ignored, because Slipway has no equivalent; check that the service works without it",
      },
      { path: "services.web.deploy.update_config", message: "is ignored; set rollout instead" },
      { path: "services.web.deploy.placement", message: "is ignored; set nodeSelector instead" },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("the stack file", () => {
  const checkout = process.cwd();
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-import-"));
    process.chdir(folder);
    process.env["DOCKER_HOST"] = `unix://${folder}/nowhere.sock`;
  });
  afterEach(() => {
    delete process.env["DOCKER_HOST"];
    process.chdir(checkout);
    rmSync(folder, { recursive: true });
  });

  test("is created, and the report lists what differs and what to do", async () => {
    const file = join(checkout, "test/fixtures/compose/web-redis/compose.yaml");
    const imported = await importCompose(file, "shop", []);
    const text = readFileSync("stacks/Pulumi.shop.yaml", "utf8");
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/schema\.json\nconfig:\n {2}slipway:platform: local\n/);
    expect(text).toContain('- "yes"\n'); // YAML 1.1 parsers read an unquoted yes as true
    expect(Object.keys(parse(text).config["slipway:services"])).toEqual(["redis", "web"]);
    const lines = formatImport("compose.yaml", "shop", imported).split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "stacks/Pulumi.shop.yaml: created with redis, web from compose.yaml.",
      "",
      "Different from compose.yaml:",
    ]);
    expect(lines.slice(-3)).toEqual([
      "",
      "Next: slipway lock --stack shop (records the digests of images by tag), then slipway preview --stack shop",
      "",
    ]);
  });

  test("is never overwritten", async () => {
    const file = join(checkout, "test/fixtures/compose/web-redis/compose.yaml");
    await importCompose(file, "shop", []);
    writeFileSync("stacks/Pulumi.shop.yaml", "mine");
    await expect(importCompose(file, "shop", [])).rejects.toThrow(
      `stacks/Pulumi.shop.yaml: already exists and was not changed. Choose another name: slipway import ${file} --stack <name>`,
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
  ])("is not created from %s", async (text, message) => {
    writeFileSync("compose.yaml", text);
    await expect(importCompose("compose.yaml", "shop", [])).rejects.toThrow(message);
    expect(existsSync("stacks")).toBe(false);
  });

  test("is not created from a file that does not exist", async () => {
    await expect(importCompose("compose.yaml", "shop", [])).rejects.toThrow(
      "compose.yaml: does not exist. Name the Compose file: slipway import <file> --stack shop",
    );
  });
});
