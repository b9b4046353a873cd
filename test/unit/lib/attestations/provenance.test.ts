import { buildLevel, buildPlatform } from "../../../../lib/attestations/build-platform.ts";
import { provenance, type ProvenanceFacts } from "../../../../lib/attestations/provenance.ts";
import { withoutCredentials } from "../../../../lib/attestations/source.ts";

const github = { GITHUB_ACTIONS: "true", GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "acme/shop", GITHUB_RUN_ID: "7" };
const gitlab = {
  GITLAB_CI: "true",
  CI_SERVER_URL: "https://gitlab.com",
  CI_SERVER_HOST: "gitlab.com",
  CI_PROJECT_PATH: "acme/shop",
  CI_RUNNER_ID: "12",
  CI_JOB_URL: "https://gitlab.com/acme/shop/-/jobs/3",
};

test.each([
  ["a laptop", {}, { id: "https://slipway.dev/builders/workstation", hosted: false }],
  [
    "a hosted runner of GitHub",
    { ...github, RUNNER_ENVIRONMENT: "github-hosted" },
    { id: "https://github.com/actions/runner/github-hosted", hosted: true, run: "https://github.com/acme/shop/actions/runs/7/attempts/1" },
  ],
  [
    "a runner of one's own on GitHub",
    { ...github, RUNNER_ENVIRONMENT: "self-hosted" },
    { id: "https://github.com/actions/runner/self-hosted", hosted: false, run: "https://github.com/acme/shop/actions/runs/7/attempts/1" },
  ],
  [
    "a hosted runner of GitLab",
    { ...gitlab, CI_RUNNER_TAGS: '["saas-linux-small-amd64"]' },
    { id: "https://gitlab.com/acme/shop/-/runners/12", hosted: true, run: gitlab.CI_JOB_URL },
  ],
  [
    "a runner of one's own on GitLab with such a tag",
    { ...gitlab, CI_SERVER_HOST: "gitlab.example", CI_RUNNER_TAGS: '["saas-linux-small-amd64"]' },
    { id: "https://gitlab.com/acme/shop/-/runners/12", hosted: false, run: gitlab.CI_JOB_URL },
  ],
])("the builder of %s is named", (_who, env, expected) => {
  expect(buildPlatform(env)).toEqual(expected);
});

test("level 2 needs a hosted builder and its identity; everything else is level 1", () => {
  expect([buildLevel({ hosted: true }, true), buildLevel({ hosted: true }, false), buildLevel({ hosted: false }, true)]).toEqual([2, 1, 1]);
});

const facts: ProvenanceFacts = {
  build: {
    builder: "go",
    ownLayers: 1,
    parameters: {
      source: "app",
      base: `registry.example/base@sha256:${"a".repeat(64)}`,
      env: { CGO_ENABLED: "1", GOPROXY: "https://user:token@proxy.example", GOFLAGS: "-x https://user:token@proxy.example" },
    },
  },
  source: { commit: "c0ffee", branch: "main", dirty: false, repository: "https://github.com/acme/shop.git", folder: "app" },
  platform: { id: "https://slipway.dev/builders/workstation", hosted: false },
  program: { goVersion: "1.26.8", settings: { GOAMD64: "v1" } },
  slipway: "1.0.0",
  signedWithIdentity: false,
};

test("provenance has the parameters without credentials, the commit and the base image", () => {
  expect(provenance(facts)).toEqual({
    buildDefinition: {
      buildType: "https://slipway.dev/build-types/go-image/v1",
      externalParameters: {
        source: "app",
        base: `registry.example/base@sha256:${"a".repeat(64)}`,
        env: { CGO_ENABLED: "1", GOFLAGS: "-x https://proxy.example" },
      },
      internalParameters: { go: { version: "1.26.8", settings: { GOAMD64: "v1" } } },
      resolvedDependencies: [
        {
          name: "source",
          uri: "git+https://github.com/acme/shop.git@refs/heads/main",
          digest: { gitCommit: "c0ffee" },
          annotations: { dirty: false },
        },
        { uri: "oci://registry.example/base", digest: { sha256: "a".repeat(64) } },
      ],
    },
    runDetails: { builder: { id: "https://slipway.dev/builders/workstation", version: { slipway: "1.0.0" }, slipway_buildLevel: 1 } },
  });
});

test("provenance of an image from a Dockerfile has its arguments and the images that it starts from", () => {
  const { program: _, ...others } = facts;
  const parameters = { source: "app", dockerfile: "Dockerfile", platform: "linux/amd64", args: ["VERSION"], secrets: ["token"] };
  const bases = ["alpine:3.22", `registry.example/base:1@sha256:${"a".repeat(64)}`];
  expect(provenance({ ...others, source: undefined, build: { builder: "dockerfile", parameters, bases } })["buildDefinition"]).toEqual({
    buildType: "https://slipway.dev/build-types/dockerfile/v1",
    externalParameters: parameters,
    resolvedDependencies: [{ uri: "oci://alpine:3.22" }, { uri: "oci://registry.example/base:1", digest: { sha256: "a".repeat(64) } }],
  });
});

test("a checkout that git says nothing about counts as changed, and a source outside git is left out", () => {
  const dependencies = (source: ProvenanceFacts["source"]) =>
    (
      provenance({ ...facts, build: { builder: "go", ownLayers: 2, parameters: { source: "app" } }, source })["buildDefinition"] as {
        resolvedDependencies: object[];
      }
    ).resolvedDependencies;
  expect(dependencies({ commit: "c0ffee", folder: "." })).toEqual([
    { name: "source", digest: { gitCommit: "c0ffee" }, annotations: { dirty: true } },
  ]);
  expect(dependencies(undefined)).toEqual([]);
});

test.each([
  ["https://user:token@github.com/acme/shop.git", "https://github.com/acme/shop.git"],
  ["https://token@github.com/acme/shop.git", "https://github.com/acme/shop.git"],
  ["git@github.com:acme/shop.git", "ssh://github.com/acme/shop.git"],
  ["ssh://git@github.com/acme/shop.git", "ssh://github.com/acme/shop.git"],
  ["/srv/git/shop", "/srv/git/shop"],
])("the address %s of a repository is published without credentials", (url, expected) => {
  expect(withoutCredentials(url)).toBe(expected);
});
