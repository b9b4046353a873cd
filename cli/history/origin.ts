import type { Origin } from "../../lib/deployment-record.ts";
import { commitOf, gitIn, type Git } from "../../lib/git-commit.ts";
import { userName } from "../../lib/user-name.ts";
import packageDescription from "../../package.json" with { type: "json" };

// What CI systems say of a run: https://docs.github.com/en/actions/reference/workflows-and-actions/variables and
// https://docs.gitlab.com/ci/variables/predefined_variables/.

type Variables = Record<string, string | undefined>;

/** Who deploys the project in a folder, and from where. Never fails: what is not known is left out. */
export async function originOf(env: Variables = process.env, folder = "."): Promise<Origin> {
  const git = (...args: string[]) => gitIn(folder, args);
  const [commit, actor] = await Promise.all([commitOf(env, git), actorOf(env, git)]);
  const [ci, environment] = [ciRunOf(env), env["SLIPWAY_ENVIRONMENT"] || env["CI_ENVIRONMENT_NAME"]];
  return {
    ...(commit && { commit }),
    actor,
    ...(ci && { ci }),
    ...(environment && { environment }),
    slipway: packageDescription.version,
  };
}

async function actorOf(env: Variables, git: Git): Promise<string> {
  return env["GITHUB_ACTOR"] || env["GITLAB_USER_LOGIN"] || (await git("config", "user.name"))?.trim() || userName();
}

/** URL of the run. A job of GitLab says more than its pipeline. */
function ciRunOf(env: Variables): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  const url = server && repository && run ? `${server}/${repository}/actions/runs/${run}` : env["CI_JOB_URL"] || env["CI_PIPELINE_URL"];
  // The report links to it.
  return url !== undefined && /^https?:\/\//.test(url) ? url : undefined;
}
