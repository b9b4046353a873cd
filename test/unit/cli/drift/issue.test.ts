import { updateIssue } from "../../../../cli/drift/issue.ts";
import { driftAsMarkdown } from "../../../../cli/drift/markdown.ts";
import { reportOf, type DriftReport } from "../../../../cli/drift/report.ts";
import type { DriftResult } from "../../../../engine/drift.ts";
import { Answer, apiError, HttpApi, type ApiRequest } from "../../http-api.ts";

// A server that has the part of GitHub's API for issues: https://docs.github.com/en/rest/issues/issues. It keeps what it is told.

interface Issue {
  number: number;
  title: string;
  body: string;
  state: string;
  user: { type: string };
  html_url: string;
  pull_request?: object;
}

let api: HttpApi;
let issues: Issue[];
let comments: [number, string][];

beforeEach(async () => {
  api = await new HttpApi().open("tcp");
  [issues, comments] = [[], []];
  const path = "/repos/me/shop/issues";
  api.answers = {
    [`GET ${path}`]: ({ query }: ApiRequest) => {
      const [size, page] = [Number(query["per_page"]), Number(query["page"] ?? 1)];
      const found = issues.filter(({ state }) => state === query["state"]).reverse();
      const next = `<${api.host}${path}?state=open&per_page=${size}&page=${page + 1}>; rel="next"`;
      const headers = { "content-type": "application/json", ...(found.length > page * size && { link: next }) };
      return new Answer(200, JSON.stringify(found.slice((page - 1) * size, page * size)), headers);
    },
    [`POST ${path}`]: ({ body }: ApiRequest) => add({ title: body.title, body: body.body }),
  };
  process.env["GITHUB_API_URL"] = api.host;
  process.env["GITHUB_TOKEN"] = "t0ken";
  process.env["GITHUB_REPOSITORY"] = "me/shop";
});
afterEach(() => {
  api.close();
  for (const name of ["GITHUB_API_URL", "GITHUB_TOKEN", "GITHUB_REPOSITORY"]) delete process.env[name];
});

function add(issue: Partial<Issue>): Issue {
  const number = issues.length + 1;
  const added = {
    ...{ number, title: "", body: "", state: "open", user: { type: "Bot" } },
    ...{ html_url: `https://github.example/me/shop/issues/${number}`, ...issue },
  };
  issues.push(added);
  const path = `/repos/me/shop/issues/${number}`;
  api.answers[`PATCH ${path}`] = ({ body }: ApiRequest) => Object.assign(added, body);
  api.answers[`POST ${path}/comments`] = ({ body }: ApiRequest) => {
    comments.push([number, body.body as string]);
    return {};
  };
  return added;
}

const type = "kubernetes:core/v1:Service";
const report = (missing: string[], more: Partial<DriftResult> = {}, name = "prod"): DriftReport =>
  reportOf(
    { project: "shop", name },
    {
      compared: 3,
      drifted: missing.map((service) => ({
        urn: `urn:pulumi:${name}::shop::${type}::${service}`,
        type,
        id: service,
        parent: undefined,
        inputs: { metadata: { name: service } },
        drift: { kind: "gone", problem: "does not exist" },
      })),
      uncompared: [],
      ...more,
    },
  );

test("one issue is opened, updated while the drift changes, and closed with a comment", async () => {
  expect(await updateIssue(report(["web"]))).toEqual({ action: "opened", number: 1, url: "https://github.example/me/shop/issues/1" });
  expect(issues.map(({ title, body }) => [title, body])).toEqual([["Drift of stack prod", driftAsMarkdown(report(["web"]))]]);
  // Nobody is notified if nothing is new.
  expect((await updateIssue(report(["web"]))).action).toBe("unchanged");
  expect(api.changes.map(({ call }) => call)).toEqual(["POST /repos/me/shop/issues"]);
  expect((await updateIssue(report(["web", "api"]))).action).toBe("updated");
  expect(issues[0]!.body).toContain("Service api");
  expect(await updateIssue(report([]))).toMatchObject({ action: "closed", number: 1 });
  expect([issues[0]!.state, comments]).toEqual(["closed", [[1, "Stack `prod` has no drift any more."]]]);
  expect(await updateIssue(report([]))).toEqual({ action: "none" });
  expect((await updateIssue(report(["web"]))).number).toBe(2);
});

test("issues of other stacks, of people, and pull requests are left alone", async () => {
  const body = driftAsMarkdown(report(["web"]));
  add({ body: driftAsMarkdown(report(["web"], {}, "dev")) });
  add({ body, user: { type: "User" } });
  add({ body, pull_request: {} });
  add({ body: `see ${body}` });
  expect(await updateIssue(report([]))).toEqual({ action: "none" });
  expect(await updateIssue(report(["web"]))).toMatchObject({ action: "opened", number: 5 });
});

test("the issue is found among many", async () => {
  await updateIssue(report(["web"]));
  for (let i = 0; i < 230; i++) add({ body: "talk", user: { type: "User" } });
  expect(await updateIssue(report(["api"]))).toMatchObject({ action: "updated", number: 1 });
});

test("an issue stays open while objects cannot be compared", async () => {
  await updateIssue(report(["web"]));
  const uncompared = [{ urn: `urn:pulumi:prod::shop::${type}::web`, type, id: "web", inputs: {}, problem: "does not answer" }];
  expect(await updateIssue(report([], { uncompared }))).toMatchObject({ action: "unchanged", number: 1 });
  expect(issues[0]!.state).toBe("open");
});

test("errors name the variables that are missing, or the permission, and never the token", async () => {
  api.answers["GET /repos/me/shop/issues"] = apiError(403, "Resource not accessible by integration");
  const rejected = await updateIssue(report([])).catch((error: Error) => error.message);
  expect(rejected).toMatch(
    /^--issue: the issue in me\/shop could not be updated: Resource not accessible by integration.* The token needs the permission issues: write\.$/,
  );
  expect(rejected).not.toContain("t0ken");
  delete process.env["GITHUB_TOKEN"];
  await expect(updateIssue(report([]))).rejects.toThrow("--issue: GITHUB_TOKEN must be set. In GitHub Actions, pass the token of the job.");
});
