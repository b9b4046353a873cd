import { execFileSync } from "node:child_process";

const program = `
  import { createRequire } from "node:module";
  import "./lib/sdk-promises.ts";
  const { debuggablePromise } = createRequire(import.meta.url)("@pulumi/pulumi/runtime/debuggable.js");
  const promise = Promise.resolve(7);
  console.log(await debuggablePromise(promise, "web"), promise._debugCtx, promise._debugStackTrace.split("\\n").length, new Error().stack.split("\\n").length > 1);
`;
const run = (env: object) =>
  execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8", env: { ...process.env, ...env } });

test("promises of the SDK have no stack trace, unless it is wanted, and errors have one", () => {
  expect(run({})).toBe("7 web 1 true\n");
  expect(run({ PULUMI_DEBUG_PROMISE_LEAKS: "true" })).toMatch(/^7 web (?!1 )\d+ true\n$/);
});
