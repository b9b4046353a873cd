import { lockedImages, lockedRollback, releasedLock } from "../../../../cli/rollback/lock.ts";
import type { LockFile } from "../../../../config/lock-file.ts";
import type { Deployment } from "../../../../lib/deployment-record.ts";

const digest = (n: number) => `sha256:${String(n).repeat(64)}`;
const image = (n: number) => `example.org/web@${digest(n)}`;
const commit = { sha: "6e04de1c9a7200000000000000000000000000ab" };
const note = { by: "ada", since: "2026-11-28", reason: "slow" };

const ran = (id: number, n: number, more: Partial<Deployment> = {}): Deployment => ({
  id,
  command: "up",
  started: `2026-11-28T1${id}:00:00Z`,
  result: "succeeded",
  commit,
  images: { web: image(n) },
  ...more,
});
const deployments = [ran(5, 4, { result: "failed", images: {} }), ran(4, 3), ran(3, 2), ran(2, 2), ran(1, 1)];
const releaseOf = (deployment: Deployment) => ({ deployment, images: deployment.images! });
const roll = (before: Partial<LockFile>, to = 1) =>
  lockedRollback(
    { file: "lock", images: {}, addons: {}, ...before },
    {
      stack: "prod",
      release: releaseOf(deployments.find(({ id }) => id === to)!),
      deployments,
      built: ["web"],
      note,
    },
  );

test("the image of the release is used, and all that ran since then are held, each with its last deployment", () => {
  expect(roll({})).toEqual({
    file: "lock",
    images: {},
    addons: {},
    promoted: { web: { image: image(1), from: "prod", deployment: 1, commit: commit.sha } },
    held: {
      web: [
        { image: image(3), deployment: 4, ...note },
        { image: image(2), deployment: 2, ...note },
      ],
    },
  });
});

test("an image whose deployment failed is held if it was promoted, with the stack that it came from", () => {
  const promoted = { web: { image: image(4), from: "staging" }, worker: { image: image(9), from: "staging" } };
  const { held, promoted: after } = roll({ promoted });
  expect(held?.["web"]?.map((one) => [one.image, one.deployment, one.from])).toEqual([
    [image(4), undefined, "staging"],
    [image(3), 4, undefined],
    [image(2), 2, undefined],
  ]);
  expect(after?.["worker"]).toEqual(promoted.worker);
  const succeeded = roll({ promoted: { web: { image: image(3), from: "staging" } } });
  expect(succeeded.held?.["web"]?.[0]).toEqual({ image: image(3), deployment: 4, from: "staging", ...note });
  expect(succeeded.held?.["web"]).toHaveLength(2);
});

test("earlier holds stay, but not that of the release", () => {
  const earlier = { by: "bob", since: "2026-11-01" };
  const held = {
    web: [
      { image: image(9), ...earlier },
      { image: image(1), ...earlier },
    ],
    db: [{ image: image(8), ...earlier }],
  };
  expect(roll({ held }).held).toEqual({
    web: [expect.objectContaining({ image: image(3) }), expect.objectContaining({ image: image(2) }), { image: image(9), ...earlier }],
    db: held.db,
  });
  expect(roll({ held: { web: [{ image: image(3), ...earlier }] } }, 4).held).toEqual({});
});

describe("without holds", () => {
  const lock = (from: string | undefined): LockFile => ({
    file: "lock",
    images: {},
    addons: {},
    promoted: { web: { image: image(1), from: "prod", deployment: 1 } },
    held: { web: [{ image: image(3), ...note, ...(from !== undefined && { from }) }] },
  });

  test("a service that was built before the rollback is built again", () => {
    expect(releasedLock(lock(undefined), "prod", "web")).toEqual({ file: "lock", images: {}, addons: {}, promoted: {}, held: {} });
  });

  test("a service whose images are promoted keeps the one of the release until the next promotion", () => {
    expect(releasedLock(lock("staging"), "prod", "web")).toEqual({ ...lock("staging"), held: {} });
  });

  test("an image that was promoted after the rollback stays", () => {
    const promoted = { web: { image: image(5), from: "staging" } };
    expect(releasedLock({ ...lock(undefined), promoted }, "prod", "web")?.promoted).toEqual(promoted);
  });

  test("a service of which nothing is held is not changed", () => {
    expect(releasedLock(lock(undefined), "prod", "worker")).toBeUndefined();
  });
});

test("images by tag get the digest that ran, if the commit's lock file was another one", () => {
  const release = { deployment: deployments[4]!, images: { db: `example.org/db@${digest(6)}`, cache: `example.org/cache@${digest(7)}` } };
  const user = { name: "redis", uid: 999, gid: 999 };
  const then = {
    db: { image: "db:16", digest: digest(5) },
    cache: { image: "cache:7", digest: digest(7), user },
    other: { image: "other:1", digest: digest(8) },
    own: { image: "own:1", id: digest(9) },
  };
  expect(lockedImages(then, release)).toEqual({ ...then, db: { image: "db:16", digest: digest(6) } });
});
