import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

// Servers with the parts of the APIs of GitHub and GitLab that Slipway uses.

export interface Comment {
  id: number;
  body: string;
  /** Of the author: on GitHub `Bot` or `User`, on GitLab the id. */
  author: string | number;
}

/** An issue of GitHub, which the bot has opened. */
export interface Issue {
  number: number;
  title: string;
  body: string;
  state: string;
}

export interface ForgeServer extends AsyncDisposable {
  url: string;
  /** Comments by the number of the pull request. */
  comments: Record<number, Comment[]>;
  /** The issues of GitHub, with numbers from 1001. */
  issues: Issue[];
  /** Numbers of the open pull requests. */
  open: number[];
  /** The requests, with the body of what they write. */
  calls: string[];
  /** The headers that requests authenticate with. */
  tokens: Set<string>;
  /** Answers every request with this error. @default - none */
  rejection?: { status: number; message: string };
}

interface Asked {
  method: string;
  path: string;
  page: number;
  body: string;
  /** The other fields of what is written. */
  fields: Record<string, unknown>;
}

type Answer = (asked: Asked, server: ForgeServer) => unknown;

const pageSize = 100;
const page = <T>(all: T[], { page: number }: Asked): T[] => all.slice((number - 1) * pageSize, number * pageSize);

/**
 * https://docs.github.com/en/rest/issues/comments, https://docs.github.com/en/rest/issues/issues and https://docs.github.com/en/rest/pulls/pulls. The
 * bot is who writes.
 */
export function startGitHub(): Promise<ForgeServer> {
  return start((asked, { comments, issues, open }) => {
    const { method, path, body, fields } = asked;
    const issue = issues.find(({ number }) => path === `/repos/me/shop/issues/${number}`);
    const issueAsGitHub = (one: Issue) => ({
      ...one,
      user: { type: "Bot" },
      html_url: `https://github.example/me/shop/issues/${one.number}`,
    });
    if (path === "/repos/me/shop/issues" && method === "GET") return issues.filter(({ state }) => state === "open").map(issueAsGitHub);
    if (path === "/repos/me/shop/issues" && method === "POST") {
      issues.push({ number: 1001 + issues.length, title: String(fields["title"]), body, state: "open" });
      return issueAsGitHub(issues.at(-1)!);
    }
    if (issue && method === "PATCH") return issueAsGitHub(Object.assign(issue, fields));
    const list = /^\/repos\/me\/shop\/issues\/(\d+)\/comments$/.exec(path);
    const one = /^\/repos\/me\/shop\/issues\/comments\/(\d+)$/.exec(path);
    const asGitHub = ({ id, body: text, author }: Comment) => ({ id, body: text, user: { type: author } });
    if (list && method === "GET") return (comments[Number(list[1])] ?? []).map(asGitHub);
    if (list && method === "POST") return asGitHub(add(comments, Number(list[1]), body, "Bot"));
    if (one && method === "PATCH") return asGitHub(change(comments, Number(one[1]), body));
    if (path === "/repos/me/shop/pulls" && method === "GET") return open.map((number) => ({ number }));
    return undefined;
  });
}

/** The user of the token on the GitLab server. */
export const gitLabUser = 42;

/** https://docs.gitlab.com/api/notes/ and https://docs.gitlab.com/api/merge_requests/. */
export function startGitLab(): Promise<ForgeServer> {
  return start((asked, { comments, open }) => {
    const { method, path, body } = asked;
    const list = /^\/api\/v4\/projects\/9\/merge_requests\/(\d+)\/notes$/.exec(path);
    const one = /^\/api\/v4\/projects\/9\/merge_requests\/(\d+)\/notes\/(\d+)$/.exec(path);
    const asGitLab = ({ id, body: text, author }: Comment) => ({ id, body: text, author: { id: author } });
    if (path === "/api/v4/user") return { id: gitLabUser };
    if (list && method === "GET") return (comments[Number(list[1])] ?? []).map(asGitLab);
    if (list && method === "POST") return asGitLab(add(comments, Number(list[1]), body, gitLabUser));
    if (one && method === "PUT") return asGitLab(change(comments, Number(one[2]), body));
    if (path === "/api/v4/projects/9/merge_requests" && method === "GET") return open.map((iid) => ({ iid }));
    return undefined;
  });
}

function add(comments: ForgeServer["comments"], request: number, body: string, author: Comment["author"]): Comment {
  const ids = Object.values(comments).flatMap((all) => all.map(({ id }) => id));
  const comment = { id: Math.max(0, ...ids) + 1, body, author };
  comments[request] = [...(comments[request] ?? []), comment];
  return comment;
}

function change(comments: ForgeServer["comments"], id: number, body: string): Comment {
  const comment = Object.values(comments)
    .flat()
    .find((one) => one.id === id)!;
  comment.body = body;
  return comment;
}

async function start(answer: Answer): Promise<ForgeServer> {
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url!, `http://${request.headers.host}`);
      const content = await text(request);
      const fields = content === "" ? {} : (JSON.parse(content) as Record<string, unknown>);
      const body = typeof fields["body"] === "string" ? fields["body"] : "";
      const asked = { method: request.method!, path: url.pathname, page: Number(url.searchParams.get("page") ?? 1), body, fields };
      forge.calls.push(`${asked.method} ${asked.path}${body && ` ${body}`}`);
      forge.tokens.add(tokenOf(request));
      const { rejection } = forge;
      const found = rejection ? { message: rejection.message } : answer(asked, forge);
      const status = rejection?.status ?? (found === undefined ? 404 : 200);
      const next = new URL(url);
      next.searchParams.set("page", String(asked.page + 1));
      const hasMore = Array.isArray(found) && found.length > asked.page * pageSize;
      response.writeHead(status, {
        "content-type": "application/json",
        ...(hasMore && { link: `<${next}>; rel="next"`, "x-next-page": String(asked.page + 1) }),
      });
      response.end(JSON.stringify(Array.isArray(found) ? page(found, asked) : (found ?? { message: "Not Found" })));
    })();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const forge: ForgeServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    comments: {},
    issues: [],
    open: [],
    calls: [],
    tokens: new Set(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return forge;
}

function tokenOf({ headers }: IncomingMessage): string {
  const given = headers.authorization ?? headers["private-token"] ?? headers["job-token"];
  const name = headers.authorization ? "authorization" : headers["private-token"] ? "private-token" : "job-token";
  return `${name}: ${String(given)}`;
}
