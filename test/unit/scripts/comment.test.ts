import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

interface Comment {
  id: number;
  body: string;
  user: { type: string };
}

/** A server with the part of GitHub's API that comments need: https://docs.github.com/en/rest/issues/comments. Pages have 100 entries. */
async function withGitHub<T>(comments: Comment[], work: (url: string, calls: string[]) => Promise<T>, reject = false): Promise<T> {
  const calls: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url!, `http://${request.headers.host}`);
    const body = await text(request);
    calls.push(`${request.method} ${url.pathname}${body && ` ${(JSON.parse(body) as Comment).body}`}`);
    const page = Number(url.searchParams.get("page") ?? 1);
    const next = `${url.origin}${url.pathname}?per_page=100&page=${page + 1}`;
    const headers = { "content-type": "application/json", ...(comments.length > page * 100 && { link: `<${next}>; rel="next"` }) };
    response.writeHead(reject ? 403 : 200, headers);
    response.end(
      JSON.stringify(
        reject ? { message: "Resource not accessible" } : request.method === "GET" ? comments.slice((page - 1) * 100, page * 100) : {},
      ),
    );
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls);
  } finally {
    server.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), "slipway-comment-"));
const report = join(folder, "report.md");
const marker = "<!-- slipway-report: prod -->";
beforeAll(() => writeFileSync(report, `${marker}\nnew`));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(url: string, file = report, extra: Record<string, string> = {}) {
  const env = {
    ...process.env,
    NODE_OPTIONS: "",
    GITHUB_TOKEN: "t0ken",
    GITHUB_REPOSITORY: "me/shop",
    PULL_REQUEST: "7",
    GITHUB_API_URL: url,
    ...extra,
  };
  const child = spawn(process.execPath, ["scripts/comment.ts", file], { env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, error, code] = await Promise.all([text(child.stdout), text(child.stderr), new Promise((done) => child.on("close", done))]);
  return { out: out + error, code };
}

const comment = (id: number, body: string, type = "Bot"): Comment => ({ id, body, user: { type } });

test("the first report of a stack creates a comment", async () => {
  const others = [
    comment(1, "<!-- slipway-report: dev -->\nold"),
    comment(2, `${marker}\nby somebody`, "User"),
    comment(3, `see ${marker}\n`),
  ];
  await withGitHub(others, async (url, calls) => {
    expect(await run(url)).toEqual({ out: "created the comment on #7 of me/shop\n", code: 0 });
    expect(calls).toEqual(["GET /repos/me/shop/issues/7/comments", `POST /repos/me/shop/issues/7/comments ${marker}\nnew`]);
  });
});

test("a later report replaces the comment, on any page of comments", async () => {
  const many = [...Array.from({ length: 130 }, (_, i) => comment(i, "talk", "User")), comment(500, `${marker}\nold`)];
  await withGitHub(many, async (url, calls) => {
    expect((await run(url)).code).toBe(0);
    expect(calls.at(-1)).toBe(`PATCH /repos/me/shop/issues/comments/500 ${marker}\nnew`);
  });
});

test("errors are one line without the token: a rejected request, a missing variable, no report", async () => {
  await withGitHub(
    [],
    async (url) => {
      const { out, code } = await run(url);
      expect(code).toBe(1);
      expect(out).toMatch(
        /^error: The comment on #7 of me\/shop failed: Resource not accessible.*The token needs the permission pull-requests: write\.\n$/,
      );
      expect(out).not.toContain("t0ken");
      expect((await run(url, report, { PULL_REQUEST: "" })).out).toBe("error: PULL_REQUEST: must be set to comment on a pull request.\n");
      const remedy = "Create a report with: slipway report\n";
      expect((await run(url, "LICENSE")).out).toBe(`error: LICENSE: is not a report, because no line names the stack. ${remedy}`);
      expect((await run(url, "nowhere.md")).out).toBe(
        `error: nowhere.md: cannot be read (ENOENT: no such file or directory, open 'nowhere.md'). ${remedy}`,
      );
    },
    true,
  );
});
