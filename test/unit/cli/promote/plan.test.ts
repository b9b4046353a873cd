import { planPromotion, type Side } from "../../../../cli/promote/plan.ts";
import { usePromotedImages } from "../../../../config/promoted-images.ts";
import type { Deployment } from "../../../../lib/deployment-record.ts";

const digest = (n: number) => `sha256:${String(n).repeat(64)}`;
const image = (repository: string, n: number) => `${repository}@${digest(n)}`;
const commit = { sha: "6e04de1c9a7200000000000000000000000000ab", dirty: false };

const deployment = (id: number, more: Partial<Deployment> = {}): Deployment => ({
  id,
  command: "up",
  started: "2026-11-28T10:00:00Z",
  result: "succeeded",
  commit,
  ...more,
});

const source = { source: "app" };
const side = (name: string, settings: Record<string, unknown>, deployments: Deployment[] = []): Side => ({
  stack: {
    project: "shop",
    name,
    main: "index.ts",
    folder: `.slipway/${name}`,
    secretKeys: [],
    config: Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [`slipway:${key}`, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
  },
  deployments,
});
const kubernetes = (registry?: string) => ({ platform: "kubernetes", kubernetes: { context: "c", ...(registry && { registry }) } });
const services = { web: source, worker: source, db: { image: "postgres:16" } };

const ran = {
  images: { web: image("staging.example/web", 1), worker: image("staging.example/worker", 2), db: image("docker.io/postgres", 3) },
};
const staging = (deployments = [deployment(4, ran)]) => side("staging", { ...kubernetes("staging.example"), services }, deployments);
const prod = (more: Record<string, unknown> = {}, deployments: Deployment[] = []) =>
  side("prod", { ...kubernetes("prod.example/shop"), services, jobs: { migrate: source }, ...more }, deployments);

test("what the last successful deployment ran is promoted, of services that are built from a source", () => {
  const { promotions, notes } = planPromotion(staging(), prod(), []);
  expect(promotions).toEqual([
    {
      name: "web",
      image: image("staging.example/web", 1),
      digest: digest(1),
      repository: "prod.example/shop/web",
      entry: { image: image("prod.example/shop/web", 1), from: "staging", deployment: 4, commit: commit.sha },
    },
    expect.objectContaining({ name: "worker", repository: "prod.example/shop/worker" }),
  ]);
  expect(notes).toEqual(['migrate does not run in "staging", so it is not promoted']);
});

test("failed deployments and uncommitted changes are noted", () => {
  const deployments = [deployment(6, { result: "failed" }), deployment(5, { ...ran, commit: { ...commit, dirty: true } }), deployment(4)];
  expect(planPromotion(staging(deployments), prod({ jobs: {} }), ["web"]).notes).toEqual([
    'the last deployment of "staging" (6) is failed: promoted is what deployment 5 ran',
    'deployment 5 of "staging" was of a checkout with uncommitted changes',
  ]);
});

test("without a registry in the settings, images go where the last one of the service is", () => {
  const before = [deployment(2, { result: "failed" }), deployment(1, { images: { web: `10.example:5000/shop/web:v1@${digest(9)}` } })];
  const { promotions } = planPromotion(staging(), prod(kubernetes(), before), ["web"]);
  expect(promotions.map(({ repository }) => repository)).toEqual(["10.example:5000/shop/web"]);
  const onDocker = { platform: "docker", kubernetes: undefined, docker: { registry: { repository: "docker.example/shop" } } };
  expect(planPromotion(staging(), prod(onDocker), ["web"]).promotions[0]!.repository).toBe("docker.example/shop/web");
});

test("an image that a rollback of the target replaced is rejected, but another one is not", () => {
  const held = { web: [{ image: image("prod.example/shop/web", 1), by: "ada", since: "2026-11-28", reason: "slow" }] };
  expect(() => planPromotion(staging(), { ...prod(), held }, [])).toThrow(`Nothing was promoted from "staging" to "prod":
  - web: ${digest(1)} was rolled back in stack "prod" on 2026-11-28 by ada (slow). Promote another image, or allow this one again: slipway rollback --stack prod --unhold web`);
  const later = [deployment(5, { images: { ...ran.images, web: image("staging.example/web", 4) } })];
  expect(planPromotion(staging(later), { ...prod(), held }, ["web"]).promotions[0]!.digest).toBe(digest(4));
});

test("everything that keeps an image from being promoted is reported", () => {
  expect(() => planPromotion(staging(), prod(kubernetes()), ["web", "db", "migrate", "nothing"]))
    .toThrow(`Nothing was promoted from "staging" to "prod":
  - web: nobody knows the repository for it in stack "prod". Set its registry, or run slipway up --stack prod once
  - db: stack "prod" has no service or job of that name with a source
  - migrate: did not run in stack "staging"
  - nothing: stack "prod" has no service or job of that name with a source`);
});

test.each([
  ["a stack that was never deployed", []],
  ["a stack whose deployments failed", [deployment(1, { result: "failed" })]],
  ["a stack that was deleted", [deployment(2, { command: "down" }), deployment(1, ran)]],
])("%s has nothing to promote", (_title, deployments) => {
  expect(() => planPromotion(staging(deployments), prod(), [])).toThrow(
    'Stack "staging" has no successful deployment, so there is nothing to promote. Run slipway up --stack staging first.',
  );
});

test("a promoted image takes the place of the source, unless a rollback gives another one", () => {
  const promoted = Object.fromEntries(
    ["web", "worker", "db", "gone", "job"].map((name) => [name, { image: image(`prod/${name}`, 1), from: "staging" }]),
  );
  const input = {
    services: { web: { ...source, port: 80, build: { base: "x" } }, worker: source, db: { image: "postgres:16" }, api: source },
    jobs: { job: { source: "job", after: ["db"] } },
  };
  usePromotedImages(input, { promoted }, ["worker"]);
  expect(input).toEqual({
    services: { web: { port: 80, image: image("prod/web", 1) }, worker: source, db: { image: "postgres:16" }, api: source },
    jobs: { job: { after: ["db"], image: image("prod/job", 1) } },
  });
});
