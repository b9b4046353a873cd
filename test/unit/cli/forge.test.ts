import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { currentRequest, openRequests, postComment } from "../../../cli/forge/forge.ts";
import { gitLabUser, startGitHub, startGitLab, type Comment, type ForgeServer } from "../../forge-servers.ts";

const marker = "<!-- slipway-report: prod -->";
const report = `${marker}\nnew`;
const variables = [
  "PULL_REQUEST",
  "GITHUB_ACTIONS",
  "GITHUB_REPOSITORY",
  "GITHUB_TOKEN",
  "GITHUB_API_URL",
  "GITHUB_REF",
  "GITHUB_EVENT_PATH",
  "GITLAB_CI",
  "GITLAB_TOKEN",
  "CI_API_V4_URL",
  "CI_PROJECT_ID",
  "CI_PROJECT_PATH",
  "CI_JOB_TOKEN",
  "GITLAB_USER_ID",
  "CI_MERGE_REQUEST_IID",
];

/** Only these variables of a pipeline. */
function inPipeline(env: Record<string, string>): void {
  for (const name of variables) vi.stubEnv(name, env[name]);
}
afterEach(() => vi.unstubAllEnvs());

const onGitHub = ({ url }: { url: string }) => ({
  GITHUB_ACTIONS: "true",
  GITHUB_REPOSITORY: "me/shop",
  GITHUB_TOKEN: "t0ken",
  GITHUB_API_URL: url,
  GITHUB_REF: "refs/pull/7/merge",
});
const onGitLab = ({ url }: { url: string }) => ({
  GITLAB_CI: "true",
  CI_API_V4_URL: `${url}/api/v4`,
  CI_PROJECT_ID: "9",
  CI_PROJECT_PATH: "me/shop",
  GITLAB_TOKEN: "t0ken",
  CI_JOB_TOKEN: "j0b",
  GITLAB_USER_ID: String(gitLabUser),
  CI_MERGE_REQUEST_IID: "7",
});

interface Case {
  start: () => Promise<ForgeServer>;
  env: (server: { url: string }) => Record<string, string>;
  /** Author whose comments are replaced, and another one. */
  authors: [Comment["author"], Comment["author"]];
  name: string;
  list: string;
  comment: (id: number) => string;
  rights: string;
  open: string;
}

const cases: [string, Case][] = [
  [
    "GitHub",
    {
      start: startGitHub,
      env: onGitHub,
      authors: ["Bot", "User"],
      name: "#7 of me/shop",
      list: "/repos/me/shop/issues/7/comments",
      comment: (id) => `PATCH /repos/me/shop/issues/comments/${id}`,
      rights: "The token needs the permission pull-requests: write.",
      open: "The token needs the permission pull-requests: read.",
    },
  ],
  [
    "GitLab",
    {
      start: startGitLab,
      env: onGitLab,
      authors: [gitLabUser, 43],
      name: "!7 of me/shop",
      list: "/api/v4/projects/9/merge_requests/7/notes",
      comment: (id) => `PUT /api/v4/projects/9/merge_requests/7/notes/${id}`,
      rights: "GITLAB_TOKEN must be a project access token with the role Reporter and the scope api.",
      open: "GITLAB_TOKEN must be a project access token with the role Reporter and the scope read_api.",
    },
  ],
];

describe.each(cases)("on %s", (_forge, { start, env, authors: [own, other], name, list, comment, rights, open }) => {
  let server: ForgeServer;
  beforeEach(async () => {
    server = await start();
    inPipeline(env(server));
  });
  afterEach(() => server[Symbol.asyncDispose]());

  test("the first comment with a marker is created, whatever others have written", async () => {
    server.comments[7] = [
      { id: 1, body: "<!-- slipway-report: dev -->\nold", author: own },
      { id: 2, body: `${marker}\nby somebody`, author: other },
      { id: 3, body: `see ${marker}\n`, author: own },
    ];
    expect(await postComment(marker, report)).toBe(`created the comment on ${name}`);
    expect(server.calls.filter((call) => !call.startsWith("GET"))).toEqual([`POST ${list} ${report}`]);
  });

  test("a later one replaces it, on any page of comments", async () => {
    const talk = Array.from({ length: 130 }, (_, i) => ({ id: i, body: "talk", author: other }));
    server.comments[7] = [...talk, { id: 500, body: `${marker}\nold`, author: own }];
    expect(await postComment(marker, report)).toBe(`updated the comment on ${name}`);
    expect(server.calls.at(-1)).toBe(`${comment(500)} ${report}`);
  });

  test("the marker is added to a text without it, and another pull request can be named", async () => {
    expect(await postComment("<!-- slipway-review: 8 -->", "https://pr-8.example.org/", 8)).toBe(
      `created the comment on ${name.replace("7", "8")}`,
    );
    expect(server.comments[8]!.map(({ body }) => body)).toEqual(["<!-- slipway-review: 8 -->\nhttps://pr-8.example.org/"]);
  });

  test("a rejected comment is one sentence without the token", async () => {
    server.rejection = { status: 403, message: "Resource not accessible" };
    await expect(postComment(marker, report)).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringMatching(new RegExp(`^The comment on ${name} failed: .*Resource not accessible.*\\. ${rights}$`)),
      }),
    );
    await expect(postComment(marker, report)).rejects.not.toThrow("t0ken");
  });

  test("the open pull requests are listed, on all pages", async () => {
    server.open = Array.from({ length: 230 }, (_, i) => i + 1);
    expect(await openRequests()).toEqual(server.open);
  });

  test("if they cannot be listed, it is an error and not an empty list", async () => {
    server.rejection = { status: 500, message: "out of order" };
    await expect(openRequests()).rejects.toThrow(new RegExp(`^The open pull requests cannot be listed: .*out of order.*\\. ${open}$`));
    await server[Symbol.asyncDispose]();
    await expect(openRequests()).rejects.toThrow("The open pull requests cannot be listed: ");
  });
});

test("on GitLab, the token of a job is used if there is no other", async () => {
  await using server = await startGitLab();
  inPipeline(onGitLab(server));
  await openRequests();
  inPipeline({ ...onGitLab(server), GITLAB_TOKEN: "" });
  await openRequests();
  expect([...server.tokens]).toEqual(["private-token: t0ken", "job-token: j0b"]);
  server.comments[7] = [{ id: 5, body: `${marker}\nold`, author: gitLabUser }];
  expect(await postComment(marker, report)).toBe("updated the comment on !7 of me/shop");
  expect(server.calls.filter((call) => call.endsWith("/user"))).toEqual([]);
});

test.each([
  [{}, "This command needs GitHub or GitLab, and no pipeline of either runs it."],
  [{ GITHUB_ACTIONS: "true" }, "GITHUB_REPOSITORY, GITHUB_TOKEN: must be set to use GitHub."],
  [{ GITHUB_REPOSITORY: "me/shop" }, "GITHUB_TOKEN: must be set to use GitHub."],
  [{ GITLAB_CI: "true", CI_PROJECT_ID: "9" }, "CI_API_V4_URL, GITLAB_TOKEN: must be set to use GitLab."],
])("with the variables %j, the error names all that are missing", async (env, message) => {
  inPipeline(env);
  await expect(openRequests()).rejects.toThrow(message);
});

describe("the number of the pull request", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-event-"));
  const event = (content: object) => {
    const file = join(folder, "event.json");
    writeFileSync(file, JSON.stringify(content));
    return file;
  };
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    [
      "of the event, also if the reference is the one of the base branch",
      () => ({ GITHUB_EVENT_PATH: event({ pull_request: { number: 7 } }), GITHUB_REF: "refs/heads/main" }),
      7,
    ],
    ["of the reference", () => ({ GITHUB_EVENT_PATH: event({}), GITHUB_REF: "refs/pull/8/merge" }), 8],
    ["of GitLab's merge request", () => ({ GITLAB_CI: "true", CI_MERGE_REQUEST_IID: "9" }), 9],
    ["of PULL_REQUEST, above all others", () => ({ PULL_REQUEST: "10", GITHUB_REF: "refs/pull/8/merge" }), 10],
  ])("is the one %s", (_title, env, number) => expect(currentRequest(env())).toBe(number));

  test("is missing on a push, which is an error", () =>
    expect(() => currentRequest({ GITHUB_EVENT_PATH: event({ ref: "refs/heads/main" }), GITHUB_REF: "refs/heads/main" })).toThrow(
      "This pipeline does not run for a pull request. Set PULL_REQUEST to the number of the one to comment on.",
    ));

  test("must be a number", () =>
    expect(() => currentRequest({ PULL_REQUEST: "#7" })).toThrow('PULL_REQUEST: must be the number of a pull request (got "#7").'));
});
