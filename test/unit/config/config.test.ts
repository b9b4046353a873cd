import { readFileSync, readdirSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { loadConfiguration } from "../../../config/load.ts";
import { stackFileSchema } from "../../../config/settings.ts";
import { loadPlatform } from "../../../platforms/platform.ts";
import { check } from "../check.ts";

const web = { source: "app", host: "web.localhost" };
const digest = `sha256:${"0".repeat(64)}`;

test("a minimal service gets the documented defaults", async () => {
  expect(await check({ services: { web: { source: "app" } } })).toEqual({
    problems: [],
    value: {
      platform: "local",
      services: { web: { source: "app", rollout: { maxSurge: "100%", minReadySeconds: 0 }, shutdown: { sleepSeconds: 5 } } },
      jobs: {},
      local: { ports: { api: 6550, http: 8080, https: 8443, registry: 5001 } },
      docker: { ports: { http: 8080, https: 8443, registry: 5001 } },
      swarm: { ports: { http: 8080, https: 8443, registry: 5001 }, publish: "host" },
      gate: { approvals: [] },
      policy: { severities: {}, exceptions: [] },
      supplyChain: {},
    },
  });
});

describe("invalid settings are rejected with path, rule, value and remedy", () => {
  const table: [string, object, string[]][] = [
    ["an unknown key", { services: { web }, sevices: {} }, ['sevices: is unknown. Did you mean "services"?']],
    [
      "an unknown key of a service",
      { services: { web: { ...web, replica: 1 } } },
      ['services.web.replica: is unknown. Did you mean "replicas"?'],
    ],
    [
      "an unknown key without a similar one",
      { services: { web }, local: { ports: { telephone: 1 } } },
      ["local.ports.telephone: is unknown. Known keys: api, http, https, registry."],
    ],
    [
      "an unknown platform",
      { platform: "moon", services: { web } },
      ['platform: must be "local" or "docker" or "swarm" or "kubernetes" or "eks" (got "moon").'],
    ],
    ["no services", {}, ["services: is missing: it must be a map."]],
    ["an empty map of services", { services: {} }, ["services: must have at least one service."]],
    ["a wrong type", { services: { web: { ...web, replicas: "three" } } }, ['services.web.replicas: must be a number (got "three").']],
    ["a fraction", { services: { web: { ...web, replicas: 1.5 } } }, ["services.web.replicas: must be a whole number (got 1.5)."]],
    ["too few replicas", { services: { web: { ...web, replicas: 0 } } }, ["services.web.replicas: must be at least 1 (got 0)."]],
    [
      "a port number that is too high",
      { services: { web: { ...web, port: 70000 } } },
      ["services.web.port: must be between 1 and 65535 (got 70000)."],
    ],
    [
      "a service name that Kubernetes rejects",
      { services: { Web_1: web } },
      [
        'services.Web_1: the name must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "Web_1").',
      ],
    ],
    [
      "a host with a scheme",
      { services: { web: { ...web, host: "http://web" } } },
      ['services.web.host: must be a lower-case host name such as web.localhost, without scheme, port or path (got "http://web").'],
    ],
    [
      "two services with the same host",
      { services: { a: web, b: web } },
      ["services.b.host: must be the route of one service (got web.localhost/ for a and b). Change one of them."],
    ],
    [
      "a call to an unknown service",
      { services: { web: { ...web, calls: ["db"] }, api: { source: "app" } } },
      ['services.web.calls[0]: must be another service of the stack (got "db"). Other services: api.'],
    ],
    [
      "a port that is used twice",
      { services: { web }, local: { ports: { api: 8080 } } },
      ["local.ports.http: api and http must be different ports (got 8080)."],
    ],
    ["neither source nor image", { services: { web: {} } }, ["services.web: must have either source (to build) or image (existing)."]],
    [
      "source and image",
      { services: { web: { source: "app", image: `r/w@${digest}` } } },
      ["services.web: must have either source (to build) or image (existing)."],
    ],
    [
      "an image by tag",
      { services: { web: { image: "nginx:latest" } } },
      ['services.web.image: must be an image by digest such as "registry.example/web@sha256:…" (got "nginx:latest").'],
    ],
    [
      "an invalid quantity",
      { services: { web: { ...web, resources: { memory: "lots" } } } },
      ['services.web.resources.memory: must be a Kubernetes quantity such as "64Mi" or "1Gi" (got "lots").'],
    ],
    [
      "an invalid variable name",
      { services: { web: { ...web, env: { "A/B": "x" } } } },
      ['services.web.env["A/B"]: must be a name of letters, digits, _, - and ., not starting with a digit. Rename it.'],
    ],
    [
      "a variable that is not a string",
      { services: { web: { ...web, env: { A: 5 } } } },
      ["services.web.env.A: must be a string (got 5)."],
    ],
    [
      "an empty name",
      { services: { web: { ...web, nodeSelector: { "": "ssd" } } } },
      ['services.web.nodeSelector[""]: the name must not be empty.'],
    ],
    [
      "an unknown key in a list",
      { services: { web: { source: "app", routes: [{ host: "a.org", pth: "/" }] } } },
      ['services.web.routes[0].pth: is unknown. Did you mean "path"?'],
    ],
    [
      "a maxSurge that is neither a number nor a string",
      { services: { web: { ...web, rollout: { maxSurge: true } } } },
      ['services.web.rollout.maxSurge: must be a number of replicas or a percentage such as "25%" (got true).'],
    ],
    [
      "published ports",
      {
        services: {
          web: {
            ...web,
            host: "web.localhost",
            publish: {
              a: { port: 5432 },
              b: { port: 5432, protocol: "TCP" },
              c: { port: 9000, targetPort: 8080, protocol: "UDP" },
              d: { port: 9001, protocol: "UDP", sourceRanges: ["10.0.0.0/8"] },
              e: { port: 8443 },
            },
            probes: { liveness: { port: "d" } },
          },
          other: { ...web, host: undefined, publish: { a: { port: 9001, protocol: "UDP" } } },
        },
      },
      [
        'services.web.publish.b.port: is published twice, also as "a" (got 5432/TCP). Change one of them.',
        "services.web.publish.c.protocol: must be TCP, because the port belongs to the host web.localhost, and HTTP uses TCP. Set another targetPort, or remove the host.",
        "services.web.publish.d.sourceRanges: must be the same for all ports of a service, which share a load balancer (got 10.0.0.0/8). Use one list.",
        'services.web.probes.liveness.port: must be a TCP port, because probes use TCP (got "d", which is UDP). Name another port, or set kind: exec.',
        "services.web.publish.d.sourceRanges: is not supported on local (supported on kubernetes, eks): only this machine reaches the port. Remove it.",
        "services.web.publish.e.port: is published twice, also as local.ports.https (got 8443/TCP). Set another port.",
        "services.other.publish.a.port: is published twice, also as services.web.publish.d (got 9001/UDP). Set another port.",
      ],
    ],
    [
      "maxSurge for a stateful service",
      { services: { web: { ...web, kind: "stateful", rollout: { maxSurge: 1 } } } },
      ["services.web.rollout.maxSurge: requires kind stateless. Remove it."],
    ],
    [
      "two services with the same route",
      {
        services: {
          a: { source: "app", routes: [{ host: "a.org", path: "/api" }] },
          b: { source: "app", host: "a.org", routes: [{ host: "a.org", path: "/api/" }] },
        },
      },
      ["services.b.routes[0]: must be the route of one service (got a.org/api/ for a and b). Change one of them."],
    ],
    [
      "two services that create the same object",
      { services: { web: { ...web, kind: "stateful" }, "web-pods": { source: "app" } } },
      ['services.web-pods: creates the Service "web-pods" a second time (for web and web-pods). Choose another name.'],
    ],
    [
      "build settings for an existing image",
      { services: { web: { image: `r/w@${digest}`, package: "cmd", platforms: ["linux/arm64"] } } },
      ["services.web.package: requires source. Remove it.", "services.web.platforms: requires source. Remove it."],
    ],
    [
      "several image platforms with a Dockerfile",
      { services: { web: { ...web, builder: "dockerfile", platforms: ["linux/arm64", "linux/amd64"] } } },
      [
        "services.web.platforms: must be one platform with builder dockerfile (got linux/arm64, linux/amd64). Name one, or set builder: go.",
      ],
    ],
    [
      "a file below the path of the program",
      { services: { web: { ...web, files: { "/app/config.yaml": "a" } } } },
      ['services.web.files["/app/config.yaml"]: must not be at or below /app, the program (got "/app/config.yaml"). Choose another path.'],
    ],
    [
      "an unknown builder",
      { services: { web: { ...web, builder: "make" } } },
      ['services.web.builder: must be "go" or "dockerfile" (got "make").'],
    ],
    [
      "an image platform of another operating system",
      { services: { web: { ...web, platforms: ["windows/amd64"] } } },
      ['services.web.platforms[0]: must be a platform such as "linux/arm64" (got "windows/amd64").'],
    ],
    [
      "several problems at once",
      { platform: "moon", services: { web: { ...web, replicas: 0, port: 0 } } },
      [
        'platform: must be "local" or "docker" or "swarm" or "kubernetes" or "eks" (got "moon").',
        "services.web.port: must be between 1 and 65535 (got 0).",
        "services.web.replicas: must be at least 1 (got 0).",
      ],
    ],
  ];
  test.each(table)("%s", async (_what, input, problems) => {
    expect((await check(input as Record<string, unknown>)).problems.sort()).toEqual(problems.sort());
  });
});

test("the error names the stack, its file and every invalid key", async () => {
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "slipway", "dev");
  pulumi.runtime.setAllConfig({
    "slipway:platform": "moon",
    "slipway:services": JSON.stringify({ web: { ...web, replicas: 0 } }),
    "aws:region": "x",
  });
  await expect(loadConfiguration(loadPlatform)).rejects.toThrow(
    [
      'The configuration of stack "dev" is invalid. In stacks/Pulumi.dev.yaml:',
      '  - slipway:platform: must be "local" or "docker" or "swarm" or "kubernetes" or "eks" (got "moon").',
      "  - slipway:services.web.replicas: must be at least 1 (got 0).",
    ].join("\n"),
  );
});

test("a secret in plain variables or files is rejected, even if all services are secret", async () => {
  const services = { web: { ...web, env: { A: "s3cr3t" }, files: { "/a": "s3cr3t content" } } };
  const remedy = (path: string, field: string) =>
    `services.web.${path}: is secret, but anyone who can see the service's objects can read it. Move it to ${field}.`;
  expect((await check({ services }, [["services", "web", "env", "A"]])).problems).toEqual([remedy("env.A", "secretEnv")]);
  expect((await check({ services }, [["services"]])).problems).toEqual([
    remedy("env.A", "secretEnv"),
    remedy('files["/a"]', "secretFiles"),
  ]);
});

test("a secret argument of a Dockerfile is rejected", async () => {
  const services = { web: { source: "app", builder: "dockerfile", dockerfile: { args: { TOKEN: "s3cr3t" } } } };
  expect((await check({ services }, [["services", "web", "dockerfile", "args", "TOKEN"]])).problems).toEqual([
    "services.web.dockerfile.args.TOKEN: is secret, but whoever can pull the image can read it. Mount it with dockerfile.secrets, or give the program the value at run time, in secretEnv or secretFiles.",
  ]);
});

test("SLIPWAY_IMAGES overrides images, and must be a map of images by digest", async () => {
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "slipway", "dev");
  const image = `r/w@${digest}`;
  try {
    pulumi.runtime.setAllConfig({ "slipway:services": JSON.stringify({ web: { ...web, package: "cmd" } }) });
    process.env["SLIPWAY_IMAGES"] = JSON.stringify({ web: image });
    expect((await loadConfiguration(loadPlatform)).services["web"]).toMatchObject({ image, host: "web.localhost" });
    process.env["SLIPWAY_IMAGES"] = "web";
    await expect(loadConfiguration(loadPlatform)).rejects.toThrow(
      'SLIPWAY_IMAGES: must be a JSON map of images by service, such as {"web": "registry.example/web@sha256:…"}.',
    );
    process.env["SLIPWAY_IMAGES"] = JSON.stringify({ web: "r/w:1" });
    await expect(loadConfiguration(loadPlatform)).rejects.toThrow(
      'SLIPWAY_IMAGES.web: must be an image by digest such as "registry.example/web@sha256:…" (got "r/w:1").',
    );
    pulumi.runtime.setAllConfig({ "slipway:services": "web" });
    await expect(loadConfiguration(loadPlatform)).rejects.toThrow('slipway:services: must be a map (got "web").');
  } finally {
    delete process.env["SLIPWAY_IMAGES"];
  }
});

test("error messages do not contain values of secret keys", async () => {
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "slipway", "dev");
  pulumi.runtime.setAllConfig({ "slipway:services": JSON.stringify({ web: { ...web, host: "s3cr3t!" } }) }, ["slipway:services"]);
  await expect(loadConfiguration(loadPlatform)).rejects.toThrow(/^((?!s3cr3t).)*$/s);
});

test.each(readdirSync("stacks").filter((f) => f.endsWith(".yaml")))("stacks/%s is valid", async (file) => {
  const { config } = parse(readFileSync(`stacks/${file}`, "utf8"));
  const input = Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace("slipway:", ""), value]));
  expect((await check(input)).problems).toEqual([]);
});

test("stacks/schema.json is the schema of the settings (npm run fix updates it)", () => {
  expect(JSON.parse(readFileSync("stacks/schema.json", "utf8"))).toEqual(JSON.parse(JSON.stringify(stackFileSchema())));
});

test("the schema for editors requires settings that defaults may have only without extends, and items of lists always", () => {
  type Schema = { required?: string[]; properties: Record<string, Schema>; items: Schema; additionalProperties: Schema };
  const { config } = (stackFileSchema() as Schema).properties as unknown as { config: Schema & { if: object; then: Schema } };
  const required = ({ required: keys, properties }: Schema) => [keys, properties["slipway:eks"]!.required];
  expect(required(config)).toEqual([undefined, undefined]);
  expect(config.if).toEqual({ not: { required: ["slipway:extends"] } });
  expect(required(config.then)).toEqual([["slipway:services"], ["region"]]);
  expect(Object.keys(config.then.properties)).toEqual(
    ["services", "jobs", "docker", "swarm", "kubernetes", "eks", "supplyChain"].map((key) => `slipway:${key}`),
  );
  expect(config.properties["slipway:services"]!.additionalProperties.properties["routes"]!.items.required).toEqual(["host"]);
});
