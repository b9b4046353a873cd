import { givenImages, planGiven } from "../../../../cli/promote/plan-given.ts";
import type { Side } from "../../../../cli/promote/plan.ts";
import { registriesToCopy } from "../../../../cli/registries.ts";
import type { LockFile } from "../../../../config/lock-file.ts";
import type { Stack } from "../../../../config/stack-file.ts";

const digest = (n: number) => `sha256:${String(n).repeat(64)}`;
const source = { source: "app" };
const stack = (name: string, settings: Record<string, unknown>): Stack => ({
  project: "shop",
  name,
  main: "index.ts",
  folder: `.slipway/${name}`,
  secretKeys: [],
  config: Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`slipway:${key}`, typeof value === "string" ? value : JSON.stringify(value)]),
  ),
});
const kubernetes = (registry: string, more: object = {}) => ({ platform: "kubernetes", kubernetes: { context: "c", registry, ...more } });
const services = { web: source, worker: source, db: { image: "postgres:16" } };
const dev = stack("dev", { ...kubernetes("dev.example"), services });
const prod = (more: Record<string, unknown> = {}): Side => ({
  stack: stack("prod", { ...kubernetes("prod.example/shop"), services, ...more }),
  deployments: [],
});
const images = { web: `dev.example/web@${digest(1)}`, worker: `dev.example/worker@${digest(2)}`, db: `docker.io/postgres@${digest(3)}` };
const file = "stacks/slipway-lock.prod.yaml";
const lock = (promoted: LockFile["promoted"] = {}, held: LockFile["held"] = {}): LockFile => ({
  file,
  images: {},
  addons: {},
  promoted,
  held,
});

test("images of services that both stacks build in the same way are promoted, with nothing but the stack as origin", () => {
  expect(planGiven(dev, prod(), lock(), images, [])).toEqual({
    promotions: [
      {
        name: "web",
        image: images.web,
        digest: digest(1),
        repository: "prod.example/shop/web",
        entry: { image: `prod.example/shop/web@${digest(1)}`, from: "dev" },
      },
      expect.objectContaining({ name: "worker" }),
    ],
    notes: [],
  });
  expect(planGiven(dev, prod(), lock(), images, ["worker"]).promotions.map(({ name }) => name)).toEqual(["worker"]);
});

describe("an image that the lock file names", () => {
  const pinned = `prod.example/shop/web@${digest(9)}`;
  const hold = { image: images.web, by: "ada", since: "2026-11-28" };
  const planned = (from: string, held?: LockFile["held"]) =>
    planGiven(dev, prod(), lock({ web: { image: pinned, from } }, held), images, []);
  const note = `web is not promoted, because ${file} names its image, ${pinned}. `;

  test("stays after a promotion by a pull request", () => {
    const { promotions, notes } = planned("dev");
    expect([promotions.map(({ name }) => name), notes]).toEqual([["worker"], [`${note}To promote it, delete it there, below promoted`]]);
  });

  test("stays after a rollback, and the note says how to end it", () =>
    expect(planned("prod", { web: [hold] }).notes).toEqual([
      `${note}It was rolled back; to end that: slipway rollback --stack prod --unhold web`,
    ]));

  test("and nothing else is held: an image that was rolled back is rejected", () =>
    expect(() => planGiven(dev, prod(), lock({}, { web: [hold] }), images, [])).toThrow(
      `  - web: ${digest(1)} was rolled back in stack "prod" on 2026-11-28 by ada.`,
    ));
});

test.each([
  [{ source: "app", platforms: ["linux/arm64"] }, "platforms"],
  [{ source: "app", version: "2", package: "./cmd/web" }, "package, version"],
  [{ source: "other" }, "source"],
])("a service with the settings %j is built, because its image would be another one", (web, settings) => {
  const { promotions, notes } = planGiven(dev, prod({ services: { ...services, web } }), lock(), images, []);
  expect([promotions.map(({ name }) => name), notes]).toEqual([
    ["worker"],
    [`web is built, because "dev" and "prod" have different settings for that (${settings})`],
  ]);
});

test("if nothing is left, nothing is promoted, and that is no error", () => {
  const { promotions, notes } = planGiven(dev, prod(), lock(), {}, []);
  expect([promotions, notes]).toEqual([[], []]);
});

test("a service that is asked for and cannot be promoted is an error", () =>
  expect(() => planGiven(dev, prod(), lock(), images, ["db", "nothing"])).toThrow(`Nothing was promoted from "dev" to "prod":
  - db: stack "prod" has no service or job of that name with a source
  - nothing: stack "prod" has no service or job of that name with a source`));

const expected = "--images: must be a JSON map of images by digest, as slipway outputs --stack dev --images prints it";
test.each([
  ["", `${expected}, and is empty: the job that deployed "dev" has handed over nothing. GitHub drops an output`],
  ["[]", `${expected} (got []).`],
  ["nonsense", `${expected} (got nonsense).`],
  ['{"web":"dev.example/web:1"}', `${expected} (got {"web":"dev.example/web:1"}).`],
])("the images %j are rejected", (text, message) => expect(() => givenImages(text, "dev")).toThrow(message));

test("images by digest are accepted", () => expect(givenImages(JSON.stringify(images), "dev")).toEqual(images));

describe("credentials", () => {
  beforeEach(() => {
    vi.stubEnv("SLIPWAY_REGISTRY_USERNAME", "pusher");
    vi.stubEnv("SLIPWAY_REGISTRY_PASSWORD", "to-prod");
  });
  afterEach(() => vi.unstubAllEnvs());
  const access = (from: Stack) => registriesToCopy(from, prod().stack);
  const toProd = { username: "pusher", password: "to-prod" };

  test("for the target's registry are not sent to that of the source", () => {
    expect(access(dev)).toEqual({ "dev.example": {}, "prod.example": toProd });
    vi.stubEnv("SLIPWAY_SOURCE_REGISTRY_USERNAME", "puller");
    vi.stubEnv("SLIPWAY_SOURCE_REGISTRY_PASSWORD", "from-dev");
    expect(access(dev)).toEqual({ "dev.example": { username: "puller", password: "from-dev" }, "prod.example": toProd });
  });

  test("for a registry that both use are those of the target", () =>
    expect(access(stack("dev", kubernetes("prod.example/dev")))).toEqual({ "prod.example": toProd }));
});
