/** Who runs a build, https://slsa.dev/spec/v1.2/provenance#builder. */
export interface BuildPlatform {
  /** URI of the builder. */
  id: string;
  /** Whether it is a hosted platform, so that a user cannot reach the machine. */
  hosted: boolean;
  /** URL of the run. @default - it is no run of a CI system */
  run?: string;
}

/**
 * The builder, from the variables that CI systems document: https://docs.github.com/en/actions/reference/workflows-and-actions/variables and
 * https://docs.gitlab.com/ci/variables/predefined_variables/. Whoever controls the machine can set them, so they only count with a signature that
 * the CI system's identity has made.
 */
export function buildPlatform(env: NodeJS.ProcessEnv = process.env): BuildPlatform {
  if (env["GITHUB_ACTIONS"] === "true") {
    const {
      GITHUB_SERVER_URL: server = "https://github.com",
      GITHUB_REPOSITORY: repository,
      GITHUB_RUN_ID: run,
      GITHUB_RUN_ATTEMPT: attempt = "1",
    } = env;
    const hosted = env["RUNNER_ENVIRONMENT"] === "github-hosted";
    const url = repository && run ? `${server}/${repository}/actions/runs/${run}/attempts/${attempt}` : undefined;
    return { id: `${server}/actions/runner/${hosted ? "github-hosted" : "self-hosted"}`, hosted, ...(url !== undefined && { run: url }) };
  }
  if (env["GITLAB_CI"] === "true") {
    const { CI_SERVER_URL: server = "https://gitlab.com", CI_PROJECT_PATH: project, CI_RUNNER_ID: runner, CI_JOB_URL: run } = env;
    return { id: `${server}/${project}/-/runners/${runner}`, hosted: isHostedByGitLab(env), ...(run && { run }) };
  }
  return { id: "https://slipway.dev/builders/workstation", hosted: false };
}

/** GitLab's hosted runners are known by their tags, such as saas-linux-small-amd64: https://docs.gitlab.com/ci/runners/hosted_runners/linux/. */
function isHostedByGitLab({ CI_SERVER_HOST: host, CI_RUNNER_TAGS: tags = "" }: NodeJS.ProcessEnv): boolean {
  return host === "gitlab.com" && /"saas-(linux|macos|windows)-/.test(tags);
}

/**
 * The level of SLSA's Build track that the provenance of an image has: https://slsa.dev/spec/v1.2/build-track-basics. Level 2 needs a hosted
 * platform, and a signature with its identity instead of a key that a user could have.
 */
export function buildLevel({ hosted }: Pick<BuildPlatform, "hosted">, signedWithIdentity: boolean): 1 | 2 {
  return hosted && signedWithIdentity ? 2 : 1;
}
