// Puts a report onto a pull request as a comment, in the place of the one before: node scripts/comment.ts report.md
// GITHUB_TOKEN, GITHUB_REPOSITORY and PULL_REQUEST say where; GITHUB_API_URL, at which GitHub.
import { readFileSync } from "node:fs";
import { Octokit } from "@octokit/rest";

const [file = "report.md"] = process.argv.slice(2);
const { GITHUB_TOKEN: auth, GITHUB_REPOSITORY = "", PULL_REQUEST = "", GITHUB_API_URL: baseUrl } = process.env;
const missing = ["GITHUB_TOKEN", "GITHUB_REPOSITORY", "PULL_REQUEST"].filter((name) => !process.env[name]);
if (missing.length > 0) fail(`${missing.join(", ")} must be set, to comment on a pull request.`);

const body = readFileSync(file, "utf8");
const [marker] = /^<!-- slipway-report: .+ -->$/m.exec(body) ?? fail(`${file}: is no report: its first line does not say of which stack.`);
const [owner = "", repo = ""] = GITHUB_REPOSITORY.split("/");
const { rest, paginate } = new Octokit({ auth, baseUrl, log: { debug: silent, info: silent, warn: silent, error: silent } }); // told of below
try {
  const comments = await paginate(rest.issues.listComments, { owner, repo, issue_number: Number(PULL_REQUEST), per_page: 100 });
  // Anybody may write the marker; only what a bot wrote is written over.
  const before = comments.find((comment) => comment.user?.type === "Bot" && comment.body?.startsWith(`${marker}\n`));
  if (before) await rest.issues.updateComment({ owner, repo, comment_id: before.id, body });
  else await rest.issues.createComment({ owner, repo, issue_number: Number(PULL_REQUEST), body });
  process.stdout.write(`${before ? "updated" : "created"} the comment on #${PULL_REQUEST} of ${GITHUB_REPOSITORY}\n`);
} catch (error) {
  fail(
    `The comment on #${PULL_REQUEST} of ${GITHUB_REPOSITORY} was refused: ${(error as Error).message}. The token needs pull-requests: write.`,
  );
}

function silent(): void {}

function fail(message: string): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}
