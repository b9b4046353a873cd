import { readOptions, type GivenOptions } from "../../../../cli/render/options.ts";
import type { Stack } from "../../../../config/stack-file.ts";
import { UserError } from "../../../../lib/user-error.ts";

const none: GivenOptions = {
  for: undefined,
  push: undefined,
  "push-images": false,
  secrets: "omit",
  "secret-store": undefined,
  "secret-key": "{project}/{stack}/{secret}",
  age: [],
};
const stackOn = (platform: string, settings: object = {}, web: object = { source: "app" }): Stack => ({
  project: "shop",
  name: "prod",
  main: "index.ts",
  folder: ".slipway/prod",
  config: {
    "slipway:platform": platform,
    "slipway:services": JSON.stringify({ web }),
    [`slipway:${platform}`]: JSON.stringify(settings),
  },
  secretKeys: [],
});
const prod = stackOn("kubernetes", { context: "prod", registry: "ghcr.io/acme/shop" });
const problems = (given: Partial<GivenOptions>, stack = prod) => {
  try {
    readOptions({ ...none, ...given }, stack);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [headline, ...lines] = error.message.split("\n");
    expect(headline).toBe('Stack "prod" cannot be rendered:');
    return lines.map((line) => line.replace("  - ", ""));
  }
};

test("without a controller there are no options, and those for one are rejected", () => {
  expect(readOptions(none, stackOn("docker"))).toBeUndefined();
  const given = { push: "oci://a/b:c", "push-images": true, secrets: "sops", "secret-store": "SecretStore/a", age: ["age1x"] };
  expect(problems(given)).toEqual(
    ["--push", "--push-images", "--secrets", "--secret-store", "--age"].map(
      (option) => `${option}: is only for a GitOps controller. Add --for flux or --for argocd.`,
    ),
  );
});

test("the options of a rendering for a controller are read", () => {
  expect(readOptions({ ...none, for: "flux", push: "oci://localhost:5000/shop/manifests:prod", "push-images": true }, prod)).toEqual({
    controller: "flux",
    artifact: { repository: "localhost:5000/shop/manifests", tag: "prod" },
    pushImages: true,
    secrets: "omit",
    store: undefined,
    recipients: [],
  });
  expect(readOptions({ ...none, for: "argocd", secrets: "external", "secret-store": "ClusterSecretStore/vault" }, prod)).toMatchObject({
    secrets: "external",
    store: { kind: "ClusterSecretStore", name: "vault", key: "{project}/{stack}/{secret}" },
  });
});

test.each<[string, Partial<GivenOptions>, string[]]>([
  ["an unknown controller", { for: "fleet" }, ['--for: must be flux or argocd (got "fleet").']],
  [
    "an artifact without a tag",
    { for: "flux", push: "oci://ghcr.io/acme/shop" },
    ['--push: must be an artifact by tag, such as oci://ghcr.io/acme/shop-manifests:prod (got "oci://ghcr.io/acme/shop").'],
  ],
  ["an unknown mode of secrets", { for: "flux", secrets: "plain" }, ['--secrets: must be omit, external, sops (got "plain").']],
  [
    "SOPS for Argo CD",
    { for: "argocd", secrets: "sops" },
    ["--secrets: Argo CD does not decrypt files of SOPS by itself. Use --secrets external, or --for flux."],
  ],
  [
    "no store and an unknown placeholder",
    { for: "flux", secrets: "external", "secret-key": "{env}/{secret}" },
    [
      "--secret-store: must be the kind and the name of a store, such as ClusterSecretStore/vault (it is missing).",
      '--secret-key: has only the placeholders {project}, {stack}, {secret} (got "{env}").',
    ],
  ],
  [
    "a store of an unknown kind, and no key",
    { for: "flux", secrets: "external", "secret-store": "Vault/main", "secret-key": "" },
    [
      '--secret-store: must be the kind and the name of a store, such as ClusterSecretStore/vault (got "Vault/main").',
      "--secret-key: must not be empty.",
    ],
  ],
  [
    "options of other modes",
    { for: "flux", "secret-store": "SecretStore/a", age: ["age1x"] },
    [
      "--secret-store: is only for --secrets external. Add it, or leave the store out.",
      "--age: is only for --secrets sops. Add it, or leave the recipients out.",
    ],
  ],
])("%s is rejected with the remedy", (_, given, expected) => {
  expect(problems(given)).toEqual(expected);
});

test.each(["docker", "swarm", "local", "eks"])("a stack on %s is rejected", (platform) => {
  expect(problems({ for: "flux" }, stackOn(platform))).toEqual([
    `its platform is ${platform}, and Flux and Argo CD deploy to clusters that exist. Set slipway:platform to kubernetes, and the cluster's context and registry.`,
  ]);
});

test("images must have a registry", () => {
  expect(problems({ for: "flux" }, stackOn("kubernetes", { context: "prod" }))).toEqual([
    "slipway:kubernetes.registry: is required, because web is built from source. Set the registry to which its image is pushed.",
  ]);
  expect(problems({ for: "flux" }, stackOn("kubernetes", { context: "prod" }, { image: "a" }))).toEqual([]);
  expect(problems({ for: "flux" }, stackOn("kubernetes", { context: "prod", loadImages: true }))).toEqual([
    "slipway:kubernetes.loadImages: images in nodes are in no registry. Set slipway:kubernetes.registry instead.",
  ]);
});
