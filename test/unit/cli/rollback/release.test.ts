import { releaseAt } from "../../../../cli/rollback/release.ts";
import type { Deployment } from "../../../../lib/deployment-record.ts";

const images = { web: `example.org/web@sha256:${"1".repeat(64)}` };
const commit = { sha: "6e04de1c9a7200000000000000000000000000ab", dirty: false };
const file = "stacks/Pulumi.prod.yaml";

const deployment = (id: number, more: Partial<Deployment> = {}): Deployment => ({
  id,
  command: "up",
  started: "2026-11-28T10:00:00Z",
  result: "succeeded",
  commit,
  images,
  ...more,
});
const deployments = [
  deployment(6),
  deployment(5, { result: "failed" }),
  deployment(4, { commit: { ...commit, dirty: true, changed: [file] } }),
  deployment(3, { commit: { ...commit, dirty: true, changed: ["stacks/slipway-lock.prod.yaml"] } }),
  deployment(2, { images: {} }),
  deployment(1, { command: "down" }),
];
const at = (id: string, imagesOnly = false, of = deployments) => releaseAt(of, id, file, imagesOnly, "prod");

test("a deployment that succeeded has images, and a commit with the settings", () => {
  expect(at("6")).toEqual({ deployment: deployments[0], images, commit });
  expect(at("3").commit?.sha).toBe(commit.sha);
});

test("a deployment that cannot be used is rejected, with those that can", () => {
  const usable = `Use one of these:
  4  ${new Date("2026-11-28T10:00:00Z").toLocaleString("sv-SE")}  6e04de1*
  3  ${new Date("2026-11-28T10:00:00Z").toLocaleString("sv-SE")}  6e04de1*`;
  expect(() => at("7")).toThrow(`--to: stack "prod" has no deployment 7. ${usable}`);
  expect(() => at("latest")).toThrow(`--to: stack "prod" has no deployment latest. ${usable}`);
  expect(() => at("5")).toThrow('--to: deployment 5 of stack "prod" is failed. Use one of these:');
  expect(() => at("2")).toThrow('--to: the images of deployment 2 of stack "prod" are not known.');
  expect(() => at("1")).toThrow('--to: deployment 1 deleted stack "prod".');
  expect(() => at("2", false, [deployment(1)])).toThrow("It has no earlier deployment that succeeded: slipway history --stack prod.");
});

test("settings that were never committed are rejected, unless only the images are wanted", () => {
  const remedy = "Choose another deployment, or roll back the images alone: --images-only.";
  expect(() => at("4")).toThrow(
    `--to: deployment 4 of stack "prod" was of a checkout in which ${file} was not committed, so git does not have its settings. ${remedy}`,
  );
  expect(at("4", true)).toEqual({ deployment: deployments[2], images });
  const many = [deployment(1, { commit: { ...commit, dirty: true } })];
  expect(() => at("1", false, many)).toThrow(`was of a checkout with uncommitted changes, so git does not have its settings. ${remedy}`);
  const { commit: _, ...unknown } = deployment(1);
  expect(() => at("1", false, [unknown])).toThrow(
    `--to: the commit of deployment 1 of stack "prod" is not known, so neither are its settings.`,
  );
});
