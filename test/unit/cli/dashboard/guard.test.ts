import { Guard } from "../../../../cli/dashboard/http/guard.ts";

const guard = new Guard(4790);
const own = { host: "127.0.0.1:4790" };

test.each([
  ["the address", { host: "127.0.0.1:4790" }],
  ["localhost", { host: "localhost:4790" }],
  ["the page itself", { ...own, origin: "http://127.0.0.1:4790", "sec-fetch-site": "same-origin" }],
  ["a link on another page", { ...own, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }],
])("a request from %s is let through", (_, headers) => {
  expect(guard.rejectForeign({ headers })).toBeUndefined();
});

test.each([
  ["another name that leads to this machine", { host: "evil.example:4790" }, /^Host: must be one of 127\.0\.0\.1:4790, localhost:4790\.$/],
  ["another port", { host: "127.0.0.1:8080" }, /^Host:/],
  ["no host", {}, /^Host:/],
  ["a page of another site", { ...own, origin: "https://evil.example" }, /^Origin:/],
  ["a page on another port", { ...own, origin: "http://127.0.0.1:8080" }, /^Origin:/],
  ["a sandboxed frame or a file", { ...own, origin: "null" }, /^Origin:/],
  [
    "a script of another site without an origin",
    { ...own, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    /^Sec-Fetch-Site:/,
  ],
])("a request from %s is rejected", (_, headers, message) => {
  expect(guard.rejectForeign({ headers })).toEqual({ status: 403, message: expect.stringMatching(message) as string });
});

test("only the token in the header opens the API", () => {
  expect(guard.rejectUnknown({ headers: { authorization: `Bearer ${guard.token}` } })).toBeUndefined();
  for (const authorization of [undefined, "", "Bearer ", `Bearer ${guard.token}x`, `Bearer ${guard.token.slice(1)}`, guard.token])
    expect(guard.rejectUnknown({ headers: { authorization } })?.status).toBe(401);
  expect(guard.rejectUnknown({ headers: { cookie: `token=${guard.token}` } })?.status).toBe(401);
});

test("each dashboard has its own token of 256 bits", () => {
  expect(guard.token).toMatch(/^[\w-]{43}$/);
  expect(new Guard(4790).token).not.toBe(guard.token);
});

test("telemetry is taken from programs, not from web pages", () => {
  expect(guard.rejectBrowsers({ headers: { ...own, "user-agent": "OTel-Go" } })).toBeUndefined();
  for (const headers of [{ origin: "http://127.0.0.1:4790" }, { referer: "http://127.0.0.1:4790/" }, { "sec-fetch-site": "none" }])
    expect(guard.rejectBrowsers({ headers })?.status).toBe(403);
});
