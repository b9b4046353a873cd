import { checkSettings } from "../../../config/check.ts";
import { inOrder } from "../../../config/jobs.ts";
import { formatProblem } from "../../../lib/problem.ts";
import { loadPlatform } from "../../../platforms/platform.ts";

const image = `registry.example/app@sha256:${"0".repeat(64)}`;
const web = { image };
const problemsWith = async (jobs: object, more: object = {}) => {
  const { problems } = await checkSettings({ platform: "local", services: { web }, jobs, ...more }, loadPlatform);
  return problems.map(formatProblem);
};

test.each<[string, object]>([
  ["the smallest one", { migrate: { image } }],
  ["one that calls a service and comes after it", { migrate: { image, calls: ["web"], after: ["web"] } }],
  ["one that comes after another", { first: { image }, second: { image, after: ["first"] } }],
  ["one with a schedule", { clean: { image, schedule: { cron: "*/5 0-6 * * mon-fri", timeZone: "Europe/Berlin", suspend: true } } }],
  ["one as root, with a reason", { migrate: { image, user: 0, security: { level: "baseline", reason: "the image needs root" } } }],
])("accepted: %s", async (_what, jobs) => {
  expect(await problemsWith(jobs)).toEqual([]);
});

test.each<[string, object, string[]]>([
  ["the name of a service", { web: { image } }, ["jobs.web: has the name of a service. Choose another."]],
  ["neither source nor image", { a: {} }, ["jobs.a: must have either source (to build) or image (existing)."]],
  ["what only services have", { a: { image, replicas: 2 } }, [expect.stringContaining("jobs.a.replicas: is unknown.")]],
  [
    "a call of a job",
    { a: { image, calls: ["b"] }, b: { image } },
    ['jobs.a.calls[0]: must be another service of the stack (got "b"). Other services: web.'],
  ],
  [
    "a persistent volume",
    { a: { image, volumes: { data: { kind: "persistent", mountPath: "/data", size: "1Gi" } } } },
    ["jobs.a.volumes.data.kind: must be emptyDir in a job. Give persistent data to a service that the job calls."],
  ],
  [
    "limits that are none",
    { a: { image, retries: -1, timeoutSeconds: 0 } },
    ["jobs.a.retries: must be between 0 and 100 (got -1).", "jobs.a.timeoutSeconds: must be at least 1 (got 0)."],
  ],
  [
    "an invalid schedule",
    { a: { image, schedule: { cron: "0 0 3 * * *", timeZone: "Berlin", startingDeadlineSeconds: 5, failedJobsHistoryLimit: -1 } } },
    [
      "jobs.a.schedule.startingDeadlineSeconds: must be at least 10 (got 5).",
      "jobs.a.schedule.failedJobsHistoryLimit: must be at least 0 (got -1).",
      'jobs.a.schedule.timeZone: must be in the tz database, such as Europe/Berlin (got "Berlin"). Correct it.',
      'jobs.a.schedule.cron: must have the five fields minute, hour, day of the month, month and day of the week, such as "0 3 * * *" (got "0 0 3 * * *"). Correct it.',
    ],
  ],
  [
    "a scheduled job with a name that is too long",
    { ["a".repeat(53)]: { image, schedule: { cron: "0 3 * * *" } } },
    [`jobs.${"a".repeat(53)}: the name must be at most 52 characters long with a schedule (got 53 characters). Shorten it.`],
  ],
  [
    "an order with nobody, itself and a scheduled job",
    { a: { image, after: ["none", "a", "b"] }, b: { image, schedule: { cron: "0 3 * * *" } } },
    [
      'jobs.a.after[0]: must be another service or job of the stack (got "none"). Others: web, b.',
      'jobs.a.after[1]: must be another service or job of the stack (got "a"). Others: web, b.',
      'jobs.a.after[2]: "b" runs on a schedule, so nothing can wait for its end. Remove it, or the schedule.',
    ],
  ],
])("rejected: %s", async (_what, jobs, expected) => {
  expect(await problemsWith(jobs)).toEqual(expected);
});

test("a cycle of services and jobs is rejected", async () => {
  expect(
    await problemsWith({ a: { image, after: ["b"] }, b: { image, after: ["web"] } }, { services: { web: { image, after: ["a"] } } }),
  ).toEqual(["services.web.after[0]: closes a cycle, in which each waits for the next: web → a → b → web. Remove one of them."]);
});

test.each(["docker", "swarm"])("a schedule is rejected on %s, which has no scheduler", async (platform) => {
  expect(await problemsWith({ a: { image, schedule: { cron: "0 3 * * *" } } }, { platform })).toEqual([
    `jobs.a.schedule: is not supported on ${platform} (supported on local, kubernetes, eks): there is no scheduler. Remove it, and start \`slipway up\` or the container from cron.`,
  ]);
});

test("secrets in variables that anyone can read are rejected", async () => {
  const { problems } = await checkSettings({ services: { web }, jobs: { a: { image, env: { TOKEN: "s3cret" } } } }, loadPlatform, {
    secretPaths: [["jobs", "a", "env", "TOKEN"]],
  });
  expect(problems.map(formatProblem)).toEqual([
    "jobs.a.env.TOKEN: is secret, but anyone who can see the service's objects can read it. Move it to secretEnv.",
  ]);
});

test("services and jobs come after those that they wait for, and otherwise stay in their order", () => {
  expect(inOrder({ web: ["migrate"], db: [], migrate: ["db"] })).toEqual(["db", "migrate", "web"]);
  expect(inOrder({ b: [], a: [], c: ["a"] })).toEqual(["b", "a", "c"]);
});
