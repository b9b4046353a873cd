import { propose } from "../../../../cli/forge/forge.ts";
import { Answer, HttpApi, type ApiRequest } from "../../http-api.ts";

// What is sent to GitHub and GitLab. Their documentation says what they do with it: the tests do not prove that.

const change = {
  branch: "slipway/promote-staging-to-prod",
  files: [{ file: "deploy/stacks/slipway-lock.prod.yaml", before: "old\n", after: "new\n" }],
  title: "Promote web from staging to prod",
  body: "report",
};
const file = change.files[0]!;
const withFile = (more: object) => ({ ...change, files: [{ ...file, ...more }] });
const base64 = (text: string) => Buffer.from(text).toString("base64");
let api: HttpApi;

beforeEach(async () => {
  api = await new HttpApi().open("tcp");
  for (const name of ["GITHUB_ACTIONS", "GITHUB_REPOSITORY", "GITLAB_CI", "CI_API_V4_URL"]) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  api.close();
});

const sent = () => api.changes.map(({ call, body }: ApiRequest): [string, unknown] => [call, body]);

describe("on GitHub", () => {
  const repository = "/repos/me/shop";
  const contents = `${repository}/contents/${encodeURIComponent(file.file)}`;
  const branch = `${repository}/git/ref/${encodeURIComponent(`heads/${change.branch}`)}`;
  const found = { type: "file", content: base64("old\n"), sha: "blob" };

  beforeEach(() => {
    vi.stubEnv("GITHUB_REPOSITORY", "me/shop");
    vi.stubEnv("GITHUB_TOKEN", "t0ken");
    vi.stubEnv("GITHUB_API_URL", api.host);
    api.answers = {
      [`GET ${repository}`]: { default_branch: "main" },
      [`GET ${contents}`]: found,
      [`GET ${repository}/git/ref/heads%2Fmain`]: { object: { sha: "base" } },
      [`POST ${repository}/git/refs`]: {},
      [`PATCH ${repository}/git/refs/${encodeURIComponent(`heads/${change.branch}`)}`]: {},
      [`POST ${repository}/git/trees`]: { sha: "tree" },
      [`POST ${repository}/git/commits`]: { sha: "commit" },
      [`GET ${repository}/pulls`]: [],
      [`POST ${repository}/pulls`]: { html_url: "https://github.example/me/shop/pull/9" },
      [`PATCH ${repository}/pulls/8`]: { html_url: "https://github.example/me/shop/pull/8" },
    };
  });

  test("the files are put on a new branch from the default branch as one commit, and a pull request is opened", async () => {
    const deleted = { file: "deploy/old.yaml", before: "old\n" };
    api.answers[`GET ${repository}/contents/${encodeURIComponent(deleted.file)}`] = found;
    expect(await propose({ ...change, files: [file, deleted] })).toBe("https://github.example/me/shop/pull/9");
    const { branch: name, title, body } = change;
    const entry = { mode: "100644", type: "blob" };
    expect(sent()).toEqual([
      [
        `POST ${repository}/git/trees`,
        {
          base_tree: "base",
          tree: [
            { path: file.file, ...entry, content: "new\n" },
            { path: deleted.file, ...entry, sha: null },
          ],
        },
      ],
      [`POST ${repository}/git/commits`, { message: title, tree: "tree", parents: ["base"] }],
      [`POST ${repository}/git/refs`, { ref: `refs/heads/${name}`, sha: "commit" }],
      [`POST ${repository}/pulls`, { head: name, base: "main", title, body }],
    ]);
  });

  test("an open pull request is updated, and its branch starts at the default branch again", async () => {
    api.answers[`GET ${branch}`] = { object: { sha: "earlier" } };
    api.answers[`GET ${repository}/pulls`] = [{ number: 8 }];
    expect(await propose(change)).toBe("https://github.example/me/shop/pull/8");
    expect(sent().map(([call]) => call.split(" ")[0])).toEqual(["POST", "POST", "PATCH", "PATCH"]);
    expect(sent()[2]![1]).toEqual({ sha: "commit", force: true });
  });

  test("a file that has changed since the checkout, or should not exist, changes nothing", async () => {
    api.answers[`GET ${contents}`] = { ...found, content: base64("newer\n") };
    const message = `No pull request was opened. Pull, and try again:
  - ${file.file}: the default branch has another version of it than this checkout`;
    await expect(propose(change)).rejects.toThrow(message);
    await expect(propose(withFile({ before: undefined }))).rejects.toThrow(message);
    expect(sent()).toEqual([]);
  });

  test("a rejection says which rights the token needs", async () => {
    api.answers[`POST ${repository}/git/trees`] = new Answer(403, JSON.stringify({ message: "Resource not accessible by integration" }));
    await expect(propose(change)).rejects.toThrow(
      /^The pull request for deploy\/stacks\/slipway-lock\.prod\.yaml failed: Resource not accessible.* The token needs the permissions contents: write and pull-requests: write/,
    );
  });
});

describe("on GitLab", () => {
  const project = "/api/v4/projects/9";
  const rawOf = (path: string) => `GET ${project}/repository/files/${encodeURIComponent(path)}/raw`;
  const raw = rawOf(file.file);

  beforeEach(() => {
    vi.stubEnv("CI_API_V4_URL", `${api.host}/api/v4`);
    vi.stubEnv("CI_PROJECT_ID", "9");
    vi.stubEnv("GITLAB_TOKEN", "t0ken");
    api.answers = {
      [`GET ${project}`]: { default_branch: "main" },
      [raw]: new Answer(200, "old\n", { "content-type": "text/plain" }),
      [`POST ${project}/repository/commits`]: {},
      [`GET ${project}/merge_requests`]: [],
      [`POST ${project}/merge_requests`]: { web_url: "https://gitlab.example/9/merge_requests/9" },
      [`PUT ${project}/merge_requests/8`]: { web_url: "https://gitlab.example/9/merge_requests/8" },
    };
  });

  test("a commit on a branch from the default branch has the files, and a merge request is opened", async () => {
    const deleted = { file: "deploy/old.yaml", before: "old\n" };
    api.answers[rawOf(deleted.file)] = new Answer(200, "old\n", { "content-type": "text/plain" });
    expect(await propose({ ...change, files: [file, deleted] })).toBe("https://gitlab.example/9/merge_requests/9");
    const { branch, title, body } = change;
    expect(sent()).toEqual([
      [
        `POST ${project}/repository/commits`,
        {
          branch,
          commit_message: title,
          actions: [
            { action: "update", file_path: file.file, content: "new\n" },
            { action: "delete", file_path: "deploy/old.yaml" },
          ],
          start_branch: "main",
          force: true,
        },
      ],
      [
        `POST ${project}/merge_requests`,
        { source_branch: branch, target_branch: "main", title, description: body, remove_source_branch: true },
      ],
    ]);
  });

  test("an open merge request is updated, and a file that does not exist is created", async () => {
    api.answers[`GET ${project}/merge_requests`] = [{ iid: 8 }];
    delete api.answers[raw];
    expect(await propose(withFile({ before: undefined }))).toBe("https://gitlab.example/9/merge_requests/8");
    expect(sent().map(([call]) => call)).toEqual([`POST ${project}/repository/commits`, `PUT ${project}/merge_requests/8`]);
    expect(sent()[0]![1]).toMatchObject({ actions: [{ action: "create" }] });
  });

  test("a file that has changed since the checkout changes nothing", async () => {
    api.answers[raw] = new Answer(200, "newer\n", { "content-type": "text/plain" });
    await expect(propose(change)).rejects.toThrow("the default branch has another version of it than this checkout");
    expect(sent()).toEqual([]);
  });
});
