import { passphraseVariable } from "../../lib/attestations/key-file.ts";
import type { CiProject, CiStack } from "./project.ts";
import { distinct, type SetUp } from "./set-up.ts";
import { pushesToGhcr } from "./github-steps.ts";

/** The label with which a maintainer lets the review environment of a fork's pull request be created. */
export const reviewLabel = "review";

/** Names of the workflows that can be generated. */
export const workflowNames = ["check", "preview", "deploy", "drift", "review", "cleanup"] as const;
export type WorkflowName = (typeof workflowNames)[number];

/** Without it, the first push of the workflows would fail, because nothing is set up yet. */
export const switchName = "SLIPWAY_PIPELINES";

/** What people set up on GitHub before the workflows run. */
export function githubSetUp({ stacks, review, lockFile }: CiProject, names: WorkflowName[]): SetUp[] {
  const has = (...wanted: WorkflowName[]) => wanted.some((name) => names.includes(name));
  const deployed = has("deploy") ? stacks : [];
  const read = has("preview", "drift") ? stacks : [];
  const reviewed = review && has("review", "cleanup") ? [review] : [];
  const all = [...deployed, ...read, ...reviewed];
  const on = (list: CiStack[], platform: CiStack["platform"]) => list.filter((stack) => stack.platform === platform);
  const namesOf = (list: CiStack[]) => [...new Set(list.map(({ name }) => name))].join(", ");
  const inEnvironments = [...deployed, ...reviewed];
  const setUp: SetUp[] = [];
  const add = (needed: boolean, kind: SetUp["kind"], name: string, meaning: string) => void (needed && setUp.push({ kind, name, meaning }));
  add(lockFile === undefined, "file", "package-lock.json", "commit it, because npm ci installs what it names");
  for (const { name } of deployed)
    add(true, "environment", name, "limit it to the branch main; to approve deployments, add required reviewers");
  add(reviewed.length > 0, "environment", "review", "without required reviewers, which would also be asked to remove environments");
  const environments = (platform: CiStack["platform"]) => {
    const names = namesOf(on(inEnvironments, platform));
    return `in the ${names.includes(",") ? "environments" : "environment"} ${names}`;
  };
  add(
    on(inEnvironments, "eks").length > 0,
    "variable",
    "AWS_ROLE",
    `${environments("eks")}: ARN of the role that deploys, which trusts the environment by OIDC`,
  );
  add(
    on(read, "eks").length > 0,
    "variable",
    "AWS_ROLE_TO_PREVIEW",
    "ARN of a role with read access, which trusts this repository by OIDC",
  );
  add(
    on(all, "eks").some(({ region }) => region === undefined),
    "variable",
    "AWS_REGION",
    "region of the stacks whose file has a placeholder",
  );
  add(
    all.some(({ engine }) => engine === "pulumi"),
    "variable",
    "PULUMI_BACKEND_URL",
    "where the Pulumi CLI keeps the state, such as s3://acme-state",
  );
  add(
    all.some(({ engine }) => engine === "pulumi"),
    "secret",
    "PULUMI_ACCESS_TOKEN",
    "only for Pulumi Cloud",
  );
  add(
    on(inEnvironments, "kubernetes").length > 0,
    "secret",
    "KUBECONFIG",
    `${environments("kubernetes")}: a kubeconfig for the deployer (slipway rbac)`,
  );
  add(
    on(read, "kubernetes").length > 0,
    "secret",
    "KUBECONFIG_TO_PREVIEW",
    `a kubeconfig with the contexts of ${namesOf(on(read, "kubernetes"))}; pull requests run with it`,
  );
  add(all.length > 0, "secret", "PULUMI_CONFIG_PASSPHRASE", "encrypts the secrets in stack files and in the state");
  const registries = [...new Set(inEnvironments.filter((stack) => !pushesToGhcr(stack)).flatMap(({ registry }) => registry ?? []))].join(
    ", ",
  );
  add(registries !== "", "variable", "SLIPWAY_REGISTRY_USERNAME", `user who may push to ${registries}`);
  add(registries !== "", "secret", "SLIPWAY_REGISTRY_PASSWORD", "its password or token");
  add(
    inEnvironments.some(({ signing }) => signing === "key"),
    "secret",
    passphraseVariable,
    "passphrase of the private key that signs images",
  );
  const sources = deployed.flatMap(({ name, registry, promotedFrom: from }) =>
    from?.registry === undefined || from.registry === registry || pushesToGhcr(from)
      ? []
      : [`from ${from.registry} in the environment ${name}`],
  );
  const pulls = sources.join(", ");
  add(pulls !== "", "variable", "SLIPWAY_SOURCE_REGISTRY_USERNAME", `user who may pull ${pulls}`);
  add(pulls !== "", "secret", "SLIPWAY_SOURCE_REGISTRY_PASSWORD", "its password or token");
  add(
    has("review") && review !== undefined,
    "label",
    reviewLabel,
    "for pull requests from forks: whoever sets it lets their code run with the secrets of the environment review",
  );
  add(all.length > 0, "variable", switchName, "on, as soon as everything above is there; until then only the workflow check runs");
  return distinct(setUp);
}
