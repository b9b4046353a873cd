import { UserError } from "../../lib/user-error.ts";
import { gitHubClient } from "../forge/github.ts";
import { driftAsMarkdown, driftMarkerOf } from "./markdown.ts";
import type { DriftReport } from "./report.ts";

/** What has happened to the issue of a stack. */
export interface IssueResult {
  action: "opened" | "updated" | "unchanged" | "closed" | "none";
  number?: number;
  url?: string;
}

/**
 * Keeps one open issue on GitHub for each stack that has drifted: opens it, updates its text, and closes it with a comment once there is no
 * drift. Nothing changes if some objects could not be compared and the others are as they should be. Uses the variables GITHUB_TOKEN,
 * GITHUB_REPOSITORY (owner/name) and GITHUB_API_URL, which GitHub Actions sets.
 *
 * @throws UserError if a variable is missing, or GitHub rejects a request.
 */
export async function updateIssue(report: DriftReport): Promise<IssueResult> {
  const { GITHUB_TOKEN: auth = "", GITHUB_REPOSITORY: repository = "", GITHUB_API_URL: baseUrl } = process.env;
  const missing = ["GITHUB_TOKEN", "GITHUB_REPOSITORY"].filter((name) => !process.env[name]);
  if (missing.length > 0)
    throw new UserError(`--issue: ${missing.join(" and ")} must be set. In GitHub Actions, pass the token of the job.`);
  const [owner = "", repo = ""] = repository.split("/");
  const { rest, paginate } = gitHubClient(auth, baseUrl);
  const place = { owner, repo };
  const marker = `${driftMarkerOf(report)}\n`;
  /** By its marker. Labels are dropped silently if the token may not set them. */
  const ownIssue = async () => {
    for await (const { data } of paginate.iterator(rest.issues.listForRepo, { ...place, state: "open", per_page: 100 })) {
      // Anyone can write the marker, so only the issue of a bot is updated. A pull request is an issue in this API, too.
      const found = data.find(
        ({ user, pull_request, body }) =>
          user?.type === "Bot" && pull_request === undefined && body?.replaceAll("\r\n", "\n").startsWith(marker),
      );
      if (found) return found;
    }
    return undefined;
  };
  try {
    const own = await ownIssue();
    const { objects, uncompared, stack } = report;
    if (objects.length === 0) {
      if (own === undefined) return { action: "none" };
      if (uncompared.length > 0) return { action: "unchanged", number: own.number, url: own.html_url };
      const closed = { ...place, issue_number: own.number };
      await rest.issues.createComment({ ...closed, body: `Stack \`${stack}\` has no drift any more.` });
      await rest.issues.update({ ...closed, state: "closed", state_reason: "completed" });
      return { action: "closed", number: own.number, url: own.html_url };
    }
    const content = { title: `Drift of stack ${stack}`, body: driftAsMarkdown(report) };
    if (own === undefined) {
      const { data } = await rest.issues.create({ ...place, ...content });
      return { action: "opened", number: data.number, url: data.html_url };
    }
    // An update without a change would notify people.
    if (own.body === content.body) return { action: "unchanged", number: own.number, url: own.html_url };
    await rest.issues.update({ ...place, issue_number: own.number, ...content });
    return { action: "updated", number: own.number, url: own.html_url };
  } catch (error) {
    throw new UserError(
      `--issue: the issue in ${repository} could not be updated: ${(error as Error).message}. The token needs the permission issues: write.`,
    );
  }
}
