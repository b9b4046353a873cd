import { formatStatus } from "../../../../cli/status/format.ts";
import type { StackStatus } from "../../../../cli/status/read.ts";
import { healthOf, recent, type StatusEvent } from "../../../../cli/status/status.ts";
import { isWell } from "../../../../cli/status/well.ts";

const digest = `sha256:${"1".repeat(64)}`;
const now = Date.now();
const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();
const event = (seconds: number, more: Partial<StatusEvent> = {}): StatusEvent => ({
  time: ago(seconds),
  object: "pod web-1",
  reason: "Unhealthy",
  message: "probe failed",
  count: 1,
  ...more,
});
const web = { name: "web", ready: 2, replicas: 2, restarts: 0, image: `example.org/web@${digest}`, since: ago(125) };

test.each([
  ["all replicas are ready", 2, 2, true, undefined, "healthy"],
  ["some are not ready", 1, 2, true, undefined, "updating"],
  ["some have the version before", 2, 2, false, undefined, "updating"],
  ["there are none", 0, 0, true, undefined, "stopped"],
  ["something is wrong", 2, 2, true, "OOMKilled", "failing"],
])("if %s, the health says so", (_, ready, replicas, isCurrent, reason, health) => {
  expect(healthOf(ready, replicas, isCurrent, reason)).toBe(health);
});

test("the five newest events of the last hour are listed", () => {
  const all = [event(3601), event(50), event(40), event(30), event(20), event(10), event(5)];
  expect(recent(all, now).map(({ time }) => time)).toEqual([5, 10, 20, 30, 40].map(ago));
});

test("services are a table, with the reasons of failures and the events below it", () => {
  const status: StackStatus = {
    stack: "prod",
    workloads: [
      { ...web, health: "healthy", url: "http://shop.example.org/", answer: 200 },
      {
        ...web,
        name: "api",
        health: "failing",
        ready: 1,
        reason: "CrashLoopBackOff: back-off 10s",
        restarts: 3,
        url: "http://api.example.org/",
        answer: "no answer within 2 s",
      },
      { name: "migrate", health: "succeeded", image: "migrate:dev", since: ago(7200) },
    ],
    events: [event(30, { count: 4 }), event(90)],
  };
  expect(formatStatus(status)).toBe(`stack "prod"
SERVICE  STATUS     READY  RESTARTS  AGE  IMAGE                URL
web      healthy    2/2    0         2m   sha256:111111111111  http://shop.example.org/  HTTP 200
api      failing    1/2    3         2m   sha256:111111111111  http://api.example.org/  does not answer (no answer within 2 s)
migrate  succeeded                   2h   migrate:dev

Failing:
  api: CrashLoopBackOff: back-off 10s

Last hour:
  30s ago  pod web-1  Unhealthy (4 times): probe failed
  1m ago  pod web-1  Unhealthy: probe failed
`);
});

test("a stack is well if nothing fails, and all URLs answer without a server error", () => {
  const well = (more: object) => isWell({ stack: "prod", workloads: [{ ...web, health: "healthy", ...more }], events: [] });
  expect([well({}), well({ answer: 200 }), well({ answer: 404 })]).toEqual([true, true, true]);
  expect([well({ health: "failing" }), well({ answer: 503 }), well({ answer: "refused" })]).toEqual([false, false, false]);
});
