import type { PullLogin } from "./pull-credentials.ts";

/**
 * Why credentials expire: an end of a sentence such as `is a login for Amazon ECR, which expires after 12 hours`. Undefined if they do not, as
 * far as they show.
 */
export function whyShortLived({ host, username, password }: PullLogin): string | undefined {
  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
  if (username === "AWS" && /(^|\.)dkr[.-]ecr(-fips)?\.|^public\.ecr\.aws$/.test(host))
    return "is a login for Amazon ECR, which expires after 12 hours";
  // https://cloud.google.com/artifact-registry/docs/docker/authentication#token
  if (username === "oauth2accesstoken") return "is an access token of Google Cloud, which expires after one hour";
  // https://learn.microsoft.com/en-us/azure/container-registry/container-registry-authentication
  if (username === "00000000-0000-0000-0000-000000000000") return "is a login of az acr login, which expires after 3 hours";
  // https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats
  if (password.startsWith("ghs_")) return "is a token of a GitHub App or a workflow run, which expires after one hour or with the run";
  // https://docs.gitlab.com/ci/jobs/ci_job_token/
  if (username === "gitlab-ci-token") return "is the token of a GitLab job, which expires with the job";
  // https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol
  if (username === "<token>") return "is an identity token, which the registry exchanges for one that expires";
  return expiryOf(password) === undefined ? undefined : `is a token that expires (${new Date(expiryOf(password)! * 1000).toISOString()})`;
}

/** When a JSON Web Token expires, in seconds since 1970. Undefined for other passwords. */
function expiryOf(password: string): number | undefined {
  const [header, payload, signature, ...rest] = password.split(".");
  if (!header || !payload || signature === undefined || rest.length > 0) return undefined;
  try {
    const { exp } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { exp?: unknown };
    return typeof exp === "number" ? exp : undefined;
  } catch {
    return undefined;
  }
}
