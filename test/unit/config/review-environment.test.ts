import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { checkSettings } from "../../../config/check.ts";
import { parseConfigValue } from "../../../config/config-value.ts";
import { readLockFile } from "../../../config/lock-file.ts";
import { environmentOf, readStackFile } from "../../../config/project.ts";
import { settingsOfEnvironment } from "../../../config/review-environment.ts";
import { reviewSettings } from "../../../config/schema/review.ts";
import { readStack } from "../../../config/stack-file.ts";
import { loadPlatform } from "../../../platforms/platform.ts";

const here = process.cwd();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  mkdirSync(join(folder, "stacks"));
  process.chdir(folder);
  writeFileSync("Pulumi.yaml", "name: shop\nmain: index.ts\nruntime: nodejs\nstackConfigDir: stacks\n");
});

afterEach(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true });
});

function writeStack(name: string, settings: Record<string, unknown>): void {
  const config = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`slipway:${key}`, value]));
  writeFileSync(`stacks/Pulumi.${name}.yaml`, stringify({ config }));
}

const image = `registry.example/web@sha256:${"0".repeat(64)}`;
const template = {
  platform: "kubernetes",
  review: {},
  kubernetes: { context: "shared" },
  services: {
    web: { source: "app", host: "shop.example.org", routes: [{ host: "api.example.org", path: "/v1" }] },
    worker: { source: "worker" },
  },
};
const environment = { template: "review", id: "7" };

test("a stack without a file is an environment of the template that its name begins with", () => {
  writeStack("review", template);
  writeStack("review-app", { ...template });
  writeStack("dev", { platform: "kubernetes" });
  expect(environmentOf("review-7")).toEqual(environment);
  expect(environmentOf("review-feature-x")).toEqual({ template: "review", id: "feature-x" });
  // A stack with a file is itself, and one without `slipway:review` is no template.
  expect(["review", "review-app", "dev-7", "review-", "review-Big", "other"].map(environmentOf)).toEqual(Array(6).fill(undefined));
  expect(readStackFile("review-7").file).toBe("stacks/Pulumi.review.yaml");
  expect(readLockFile("review-7").file).toBe("stacks/slipway-lock.review.yaml");
});

test("an environment has hosts and a namespace of its own, one replica, and the other settings of the template", () => {
  writeStack("review", template);
  const { name, folder: state, config, written } = readStack("review-7");
  expect([name, state]).toEqual(["review-7", ".slipway/review-7"]);
  const small = { replicas: 1, rollout: { minReadySeconds: 1 }, shutdown: { sleepSeconds: 0, drainSeconds: 5 } };
  expect(Object.fromEntries(Object.entries(config).map(([key, text]) => [key, parseConfigValue(text)]))).toEqual({
    "slipway:platform": "kubernetes",
    "slipway:review": {},
    "slipway:kubernetes": { context: "shared", namespace: "shop-review-7" },
    "slipway:services": {
      web: { source: "app", host: "pr-7.shop.example.org", routes: [{ host: "pr-7.api.example.org", path: "/v1" }], ...small },
      worker: { source: "worker", ...small },
    },
  });
  // The program does the same with what is written.
  expect(JSON.parse(written!["slipway:services"]!)).toEqual(template.services);
});

test("settings of the template count before the small defaults, and a pattern says what hosts are", () => {
  const web = { host: "shop.example.org", replicas: 3, rollout: { maxSurge: 1 }, shutdown: { sleepSeconds: 2 } };
  const { services } = settingsOfEnvironment(
    {
      platform: "kubernetes",
      review: { hosts: "{id}-{host}" },
      kubernetes: {},
      services: { web, worker: { autoscaling: { maxReplicas: 4 } } },
    },
    "shop",
    environment,
  );
  expect(services).toEqual({
    web: {
      host: "7-shop.example.org",
      replicas: 3,
      rollout: { minReadySeconds: 1, maxSurge: 1 },
      shutdown: { sleepSeconds: 2, drainSeconds: 5 },
    },
    worker: { autoscaling: { maxReplicas: 4 }, rollout: { minReadySeconds: 1 }, shutdown: { sleepSeconds: 0, drainSeconds: 5 } },
  });
});

test("a template on another platform is rejected", async () => {
  const { problems } = await checkSettings({ platform: "docker", review: {}, services: { web: { image } } }, loadPlatform);
  expect(problems).toEqual([
    {
      path: ["platform"],
      message:
        'must be kubernetes for a stack with slipway:review, because each environment is a namespace of a cluster that exists (got "docker")',
    },
  ]);
});

test.each([
  [{ ttl: "3 days" }, "ttl: must be a number of minutes, hours or days, such as 30m, 72h or 7d"],
  [{ ttl: "0h" }, "ttl: must be a number of minutes, hours or days, such as 30m, 72h or 7d"],
  [{ hosts: "{id}.example.org" }, "hosts: must contain {host}, so that each service has a host of its own"],
  [{ hosts: "review.{host}" }, "hosts: must contain {id}, so that each environment has hosts of its own"],
])("the settings %j are rejected", (settings, message) => {
  const { error } = reviewSettings.safeParse(settings);
  expect(error?.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`)).toEqual([message]);
});
