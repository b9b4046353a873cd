import { problemWithDevelopment } from "../../../config/development.ts";

const problem = (stack: string, platform: string, dev?: boolean) => problemWithDevelopment({ stack, platform, dev } as never);

test.each([
  ["local", "local"],
  ["feature", "docker"],
  ["products", "local"],
])("stack %s on %s may be developed on", (stack, platform) => {
  expect(problem(stack, platform)).toBeUndefined();
});

test("a stack on a cluster may be developed on if it says so", () => {
  expect(problem("dev", "kubernetes")).toBe(
    'slipway:dev: must be true before slipway dev replaces programs on a cluster that others may use. Set it in the stack file of "dev".',
  );
  expect(problem("dev", "kubernetes", true)).toBeUndefined();
});

test("a stack can forbid it", () => {
  expect(problem("demo", "local", false)).toBe(
    'slipway:dev: is false, so slipway dev must not replace programs of stack "demo". Develop on another stack, or set it to true.',
  );
});

test.each(["prod", "production", "prod-eu"])("stack %s is never developed on, whatever it says", (stack) => {
  expect(problem(stack, "kubernetes", true)).toBe(
    `Stack "${stack}" is production by its name, where slipway dev never replaces a program. Develop on another stack, such as one on the platform local.`,
  );
});

test.each(["swarm", "eks"])("platform %s is rejected", (platform) => {
  expect(problem("dev", platform, true)).toBe(
    `slipway:platform: slipway dev runs on local, docker and kubernetes (got "${platform}"). Develop on a stack of one of these; slipway up deploys this one.`,
  );
});
