import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

test("web, Redis and a volume", async () => {
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
      'services.redis.image: "redis:alpine" is a tag, and images are deployed by digest',
      "services.redis.volumes[0]: its size is said beforehand: 1Gi is a guess",
      "services.web.ports[0]: 8000 is not taken: HTTP comes in by the name web.localhost; say another by host",
      "services.web.healthcheck: there is none: it is asked by a connection; better by HTTP, at /healthz and /readyz (leave probes out)",
    ],
  });
});

test("a build section, a proxy, a database: limits, health, secrets, files, and what has no counterpart", async () => {
  const asked = { path: "/health", periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 5 };
  const fileSecret = (path: string) => `is left out, for it is secret: pulumi config set --stack shop --secret --path '${path}'`;
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
        probes: { startup: { path: "/health", failureThreshold: 90 }, readiness: asked, liveness: asked },
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
      "services.api.cap_add: has no counterpart: pods have no capabilities",
      "services.api.logging: has no counterpart: the platform keeps what pods write to standard output",
      "services.api.networks: services reach each other where they say `calls`, and nowhere else",
      'services.api.build.target: has no counterpart: the last stage of the Dockerfile is built, not "production"',
      "services.api.build.args: has no counterpart; give them defaults in the Dockerfile",
      "services.api.environment.DB_PASSWORD: is left out, for it may be secret: pulumi config set --stack shop --secret --path 'services.api.secretEnv.DB_PASSWORD'",
      `services.api.secrets[0]: ${fileSecret('services.api.secretFiles["/run/secrets/api_key"]')} <api-key.txt`,
      "services.db.networks: services reach each other where they say `calls`, and nowhere else",
      "services.db.ports[0]: 5432 is not taken: 5432 is for other services; from outside only HTTP comes in, by a host",
      "services.db.volumes[0]: its size is said beforehand: 1Gi is a guess",
      'services.proxy.image: "nginx:1.29" is a tag, and images are deployed by digest',
      "services.proxy.ports: 80 is below 1024, where no program without privileges listens; let it listen higher",
      "services.proxy.ports[0]: 80 is not taken: HTTP comes in by the name proxy.localhost; say another by host",
      "services.proxy.volumes[1]: static is no file: put what is in it into the image, or into a volume",
      "services.proxy.healthcheck: there is none: it is asked by a connection; better by HTTP, at /healthz and /readyz (leave probes out)",
    ],
  });
});

test("what extends others is whole, and the services of a profile come where it is named", async () => {
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
    "services.web.ports[1]: has no counterpart: it is of udp, and services are of tcp",
    "services.web.ports[0]: 3000 is not taken: HTTP comes in by the name web.localhost; say another by host",
    "services.web.healthcheck: there is none: it is asked by a connection; better by HTTP, at /healthz and /readyz (leave probes out)",
    "services.worker.ports: there is none; what no other service calls listens on one for its probes all the same",
  ];
  expect(await converted("profiles")).toEqual({ services: { web, worker }, notes });
  const seed = { image: `example.org/seed@sha256:${"2".repeat(64)}`, replicas: 1, calls: ["web"], probes: { kind: "tcp" } };
  expect(await converted("profiles", "tools")).toEqual({
    services: { seed, web, worker },
    notes: [
      'services.seed.restart: is "no", and pods are always started anew; a task that ends is no service',
      "services.seed.ports: there is none; what no other service calls listens on one for its probes all the same",
      ...notes,
    ],
  });
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

  test("is created, with what differs and what is left to do", async () => {
    const file = join(checkout, "test/fixtures/compose/web-redis/compose.yaml");
    const imported = await importCompose(file, "shop", []);
    const text = readFileSync("stacks/Pulumi.shop.yaml", "utf8");
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/schema\.json\nconfig:\n {2}slipway:platform: local\n/);
    expect(text).toContain('- "yes"\n'); // else it is true to some
    expect(Object.keys(parse(text).config["slipway:services"])).toEqual(["redis", "web"]);
    const lines = formatImport("compose.yaml", "shop", imported).split("\n");
    expect(lines[0]).toBe("stacks/Pulumi.shop.yaml: created with redis, web from compose.yaml.");
    expect(lines.slice(-5)).toEqual([
      "To do in stacks/Pulumi.shop.yaml:",
      '  services.redis.image: must name the image by digest, such as "registry.example/web@sha256:…" (got "redis:alpine")',
      "",
      "Then run slipway preview --stack shop",
      "",
    ]);
  });

  test("is never overwritten", async () => {
    const file = join(checkout, "test/fixtures/compose/web-redis/compose.yaml");
    await importCompose(file, "shop", []);
    writeFileSync("stacks/Pulumi.shop.yaml", "mine");
    await expect(importCompose(file, "shop", [])).rejects.toThrow(
      `stacks/Pulumi.shop.yaml: exists already, and was not changed. Choose another name: slipway import ${file} --stack <name>`,
    );
    expect(readFileSync("stacks/Pulumi.shop.yaml", "utf8")).toBe("mine");
  });

  test.each([
    ["services: [", /^compose\.yaml is no Compose file: .*did not find expected node content$/],
    ["services: { web: { imagee: x } }", /^compose\.yaml is no Compose file: validating .*: services\.web\.imagee/],
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
