// Posts a report as a comment on a pull request, and replaces the comment of an earlier report: node scripts/comment.ts report.md
// Environment variables: GITHUB_TOKEN, GITHUB_REPOSITORY (owner/name), PULL_REQUEST (number), and GITHUB_API_URL for GitHub Enterprise.
import { readFileSync } from "node:fs";
import { Octokit } from "@octokit/rest";

const [file = "report.md"] = process.argv.slice(2);
const { GITHUB_TOKEN: auth, GITHUB_REPOSITORY = "", PULL_REQUEST = "", GITHUB_API_URL: baseUrl } = process.env;
const missing = ["GITHUB_TOKEN", "GITHUB_REPOSITORY", "PULL_REQUEST"].filter((name) => !process.env[name]);
if (missing.length > 0) fail(`${missing.join(", ")}: must be set to comment on a pull request.`);

const body = read(file);
const [marker] =
  /^<!-- slipway-report: .+ -->$/m.exec(body) ??
  fail(`${file}: is not a report, because no line names the stack. Create a report with: slipway report`);
const [owner = "", repo = ""] = GITHUB_REPOSITORY.split("/");
// Octokit must not log: errors are reported below.
const { rest, paginate } = new Octokit({ auth, baseUrl, log: { debug: silent, info: silent, warn: silent, error: silent } });
try {
  const comments = await paginate(rest.issues.listComments, { owner, repo, issue_number: Number(PULL_REQUEST), per_page: 100 });
  // Anyone can write the marker, so only the comment of a bot is replaced.
  const previous = comments.find((comment) => comment.user?.type === "Bot" && comment.body?.startsWith(`${marker}\n`));
  if (previous) await rest.issues.updateComment({ owner, repo, comment_id: previous.id, body });
  else await rest.issues.createComment({ owner, repo, issue_number: Number(PULL_REQUEST), body });
  process.stdout.write(`${previous ? "updated" : "created"} the comment on #${PULL_REQUEST} of ${GITHUB_REPOSITORY}\n`);
} catch (error) {
  fail(
    `The comment on #${PULL_REQUEST} of ${GITHUB_REPOSITORY} failed: ${(error as Error).message}. The token needs the permission pull-requests: write.`,
  );
}

function silent(): void {}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    return fail(`${file}: cannot be read (${(error as Error).message}). Create a report with: slipway report`);
  }
}

function fail(message: string): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}
