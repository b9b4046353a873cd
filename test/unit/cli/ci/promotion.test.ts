import { formatOrigin, imageOrigins } from "../../../../cli/ci/promotion.ts";
import type { Stack } from "../../../../config/stack-file.ts";

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
const web = { source: "app" };
const kubernetes = (name: string, services: object = { web }, settings: object = { registry: "ghcr.io/acme/shop" }) =>
  stack(name, { platform: "kubernetes", kubernetes: { context: name, ...settings }, services });
const eks = (name: string) => stack(name, { platform: "eks", services: { web } });
const said = (...stacks: Stack[]) => imageOrigins(stacks).map((origin) => `${origin.stack}: ${formatOrigin(origin)}`);

test("each stack gets the images of the one before it", () =>
  expect(said(kubernetes("dev"), kubernetes("staging"), kubernetes("prod"))).toEqual([
    "dev: built",
    "staging: those of dev, promoted",
    "prod: those of staging, promoted",
  ]));

test.each<[string, Stack, Stack]>([
  ["the registry of prod is part of its eks stack", kubernetes("dev"), eks("prod")],
  ["the registry of dev is part of its eks stack", eks("dev"), kubernetes("prod")],
  ["slipway:kubernetes.registry of prod is not set", kubernetes("dev"), kubernetes("prod", { web }, { loadImages: true })],
  ["it has no service or job with a source in common with dev", kubernetes("dev", { api: web }), kubernetes("prod")],
  ["it has no service or job with a source in common with dev", kubernetes("dev", { web: { image: "web:1" } }), kubernetes("prod")],
  [
    "its settings for that differ from those of dev: web (platforms)",
    kubernetes("dev"),
    kubernetes("prod", { web: { ...web, platforms: ["linux/arm64"] } }),
  ],
])("otherwise they are built: %s", (reason, from, to) => expect(said(from, to)[1]).toBe(`prod: built, because ${reason}`));

test("a job is promoted like a service, and what is built in another way is named", () => {
  const withJob = (name: string, services: object) =>
    stack(name, {
      platform: "kubernetes",
      kubernetes: { context: name, registry: "ghcr.io/acme" },
      services,
      jobs: { migrate: { source: "migrate" } },
    });
  expect(said(withJob("dev", { web }), withJob("prod", { web: { ...web, builder: "dockerfile" } }))[1]).toBe(
    "prod: those of dev, promoted; built are those with different settings: web (builder)",
  );
});
