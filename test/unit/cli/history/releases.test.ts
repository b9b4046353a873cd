import { lastSucceeded, namesIn, releasesOf } from "../../../../cli/history/deployments.ts";
import { formatReleases, releasesAsJson, type StackReleases } from "../../../../cli/history/releases.ts";
import type { Deployment } from "../../../../lib/deployment-record.ts";

const image = (digit: string) => `registry.example.org/web@sha256:${digit.repeat(64)}`;
const at = (id: number) => `2026-11-28T00:0${id}:00.000Z`;
const deployment = (id: number, more: Partial<Deployment> = {}): Deployment => ({
  id,
  command: "up",
  started: at(id),
  result: "succeeded",
  commit: { sha: `${id}`.repeat(40), dirty: id === 3 },
  actor: "ada",
  ...more,
});
const web = (digit: string) => ({ images: { web: image(digit) } });
const shown = (...deployments: Deployment[]) =>
  releasesOf(deployments, "web").map(({ image: ref, since, until, deployment: { id } }) => [ref.at(-1), since, until, id]);

test("an image runs from its first deployment until another one takes its place", () => {
  expect(shown(deployment(4, web("c")), deployment(3, web("b")), deployment(2, web("b")), deployment(1, web("a")))).toEqual([
    ["c", at(4), undefined, 4],
    ["b", at(2), at(4), 2],
    ["a", at(1), at(2), 1],
  ]);
});

test("an image that comes back is a release of its own", () => {
  expect(shown(deployment(3, web("a")), deployment(2, web("b")), deployment(1, web("a"))).map(([digit]) => digit)).toEqual(["a", "b", "a"]);
});

test("deployments that failed, were interrupted or run count for nothing", () => {
  const others = (["failed", "interrupted", "running"] as const).map((result, i) => deployment(i + 2, { result, ...web("b") }));
  expect(shown(...others.reverse(), deployment(1, web("a")))).toEqual([["a", at(1), undefined, 1]]);
});

test("nothing runs after down, or once the service is gone; what is unknown ends nothing", () => {
  expect(shown(deployment(2, { command: "down" }), deployment(1, web("a")))).toEqual([["a", at(1), at(2), 1]]);
  expect(shown(deployment(2, { images: { api: image("b") } }), deployment(1, web("a")))).toEqual([["a", at(1), at(2), 1]]);
  expect(shown(deployment(2), deployment(1, web("a")))).toEqual([["a", at(1), undefined, 1]]);
  expect(shown(deployment(3, web("a")), deployment(2, { command: "down" }), deployment(1, web("a")))).toEqual([
    ["a", at(3), undefined, 3],
    ["a", at(1), at(2), 1],
  ]);
});

test("jobs have releases, too", () => {
  const all = [deployment(1, { ...web("a"), jobs: { migrate: image("d") } })];
  expect(namesIn(all)).toEqual(["web", "migrate"]);
  expect(releasesOf(all, "migrate")[0]!.image).toBe(image("d"));
});

test("the last deployment that succeeded is not one before down", () => {
  expect(lastSucceeded([deployment(3, { result: "failed" }), deployment(2), deployment(1)])?.id).toBe(2);
  expect(lastSucceeded([deployment(2, { command: "down" }), deployment(1)])).toBeUndefined();
  expect(lastSucceeded([deployment(3, { command: "down", result: "failed" }), deployment(1)])?.id).toBe(1);
  expect(lastSucceeded([])).toBeUndefined();
});

describe("slipway releases", () => {
  beforeEach(() => void vi.useFakeTimers({ now: new Date("2026-11-28T00:10:00Z") }).stubEnv("TZ", "UTC"));
  afterEach(() => void vi.useRealTimers().unstubAllEnvs());

  const many = Array.from({ length: 8 }, (_, i) => deployment(8 - i, web(String(8 - i))));
  const all: StackReleases[] = [
    { stack: "dev", deployed: false, services: {} },
    { stack: "prod", deployed: true, services: { web: releasesOf(many, "web") } },
    { stack: "shared", deployed: true, services: {} },
    { stack: "staging", deployed: false, problem: 'Stack "staging" cannot be reached:\n  - no answer', services: {} },
  ];

  test("lists what runs and ran, and names the stacks of which it knows nothing", () => {
    expect(formatReleases(all)).toBe(`dev  never deployed
prod
  web  sha256:888888888888  since 2026-11-28 00:08:00 (2m)  commit 8888888 by ada (up 8)
       sha256:777777777777  2026-11-28 00:07:00 to 2026-11-28 00:08:00  commit 7777777 by ada (up 7)
       sha256:666666666666  2026-11-28 00:06:00 to 2026-11-28 00:07:00  commit 6666666 by ada (up 6)
       sha256:555555555555  2026-11-28 00:05:00 to 2026-11-28 00:06:00  commit 5555555 by ada (up 5)
       sha256:444444444444  2026-11-28 00:04:00 to 2026-11-28 00:05:00  commit 4444444 by ada (up 4)
       sha256:333333333333  2026-11-28 00:03:00 to 2026-11-28 00:04:00  commit 3333333* by ada (up 3)
       2 more
shared  deployed, but its images are not known
staging  its history cannot be read: Stack "staging" cannot be reached:
    - no answer
`);
  });

  test("prints everything as JSON", () => {
    expect(
      releasesAsJson(all.slice(0, 2).map((stack) => ({ ...stack, services: { web: releasesOf(many.slice(6), "web") } }))),
    ).toMatchObject({
      stacks: [
        { stack: "dev", deployed: false },
        {
          stack: "prod",
          deployed: true,
          services: {
            web: [
              { image: image("2"), since: at(2), deployment: { id: 2, command: "up", actor: "ada" } },
              { image: image("1"), since: at(1), until: at(2), deployment: { id: 1 } },
            ],
          },
        },
      ],
    });
  });

  test("says nothing about a commit or user that is not known", () => {
    const unknown = [
      {
        stack: "prod",
        deployed: true,
        services: { web: releasesOf([deployment(1, { ...web("1"), commit: undefined, actor: undefined })], "web") },
      },
    ];
    expect(formatReleases(unknown)).toBe("prod\n  web  sha256:111111111111  since 2026-11-28 00:01:00 (9m)\n");
  });
});
