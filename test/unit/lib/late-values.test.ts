import * as pulumi from "@pulumi/pulumi";
import { problemsWithWebService } from "../../../components/rules/web-service.ts";
import type { WebServiceArgs } from "../../../components/web-service-args.ts";
import { checkedLater, problemsWithLate } from "../../../lib/late-values.ts";
import { throwIfAny } from "../../../lib/problem.ts";
import { UserError } from "../../../lib/user-error.ts";

// The rules are those of a WebService.

beforeAll(() => pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "shop", "test", false));

const image = `registry.example/web@sha256:${"a".repeat(64)}`;
const headline = 'WebService "web":';
const later = <T>(value: T) => pulumi.output(Promise.resolve(value));
const problemsWith = (args: WebServiceArgs) => problemsWithWebService("web", args);
const checked = (args: Partial<WebServiceArgs>) => checkedLater<WebServiceArgs>({ image, ...args }, problemsWith, headline);

/** The value of an output; rejects as it does. Internal to the SDK, whose `apply` never calls back then. */
function valueOf(output: unknown): Promise<unknown> {
  const internal = output as Internal;
  for (const other of [internal.isKnown, internal.isSecret, internal.allResources!()]) other.catch(() => {});
  return internal.promise();
}

interface Internal {
  promise(): Promise<unknown>;
  isKnown: Promise<boolean>;
  isSecret: Promise<boolean>;
  allResources?(): Promise<unknown>;
}

test.each([
  ["host", "Web_1", (value: never) => ({ host: value }), (args: WebServiceArgs) => args.host],
  ["host in routes", "10.0.0.1", (value: never) => ({ routes: [{ host: value }] }), (args: WebServiceArgs) => args.routes![0]!.host],
  ["replicas", -1, (value: never) => ({ replicas: value }), (args: WebServiceArgs) => args.replicas],
  ["port", 0, (value: never) => ({ port: value }), (args: WebServiceArgs) => args.port],
  ["image", "web:1", (value: never) => ({ image: value }), (args: WebServiceArgs) => args.image],
  ["probe path", "x", (value: never) => ({ probes: { liveness: { path: value } } }), (args: WebServiceArgs) => args.probes!.liveness!.path],
])("an invalid %s that is known later rejects with the error of a plain value", async (_what, value, argsWith, at) => {
  const plain = () => throwIfAny(problemsWith({ image, ...argsWith(value as never) }), headline);
  expect(plain).toThrow(/^WebService "web":\n {2}- /);
  const error = await valueOf(at(checked(argsWith(later(value) as never)))).catch((failure: Error) => failure);
  expect(error).toBeInstanceOf(UserError);
  expect(plain).toThrow((error as Error).message);
});

test("a valid value is itself, late values do not affect each other, and plain ones stay plain", async () => {
  const args = checked({ host: later("Web_1"), replicas: later(3), env: { A: later("b"), C: "d" } });
  expect([await valueOf(args.replicas), await valueOf(args.env!["A"]), args.env!["C"]]).toEqual([3, "b", "d"]);
  await expect(valueOf(args.host)).rejects.toThrow("host: must be a lower-case host name");
});

test("a value is checked together with the plain ones", async () => {
  const args = checked({ host: later("a.example.org"), routes: [{ host: "a.example.org" }] });
  await expect(valueOf(args.host)).rejects.toThrow(
    new UserError(`${headline}\n  - routes[0]: is a duplicate of a.example.org/. Remove it.`),
  );
});

test("an invalid secret is not in the message, and stays secret", async () => {
  const secret = checked({ host: pulumi.secret("10.0.0.1"), env: { A: pulumi.secret("b") } });
  await expect(valueOf(secret.host)).rejects.toThrow(
    new UserError(`${headline}\n  - host: must be a host name, not an IP address (got "[secret]").`),
  );
  expect(await (secret.env!["A"] as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
});

test("late values where only plain ones can be are listed with their paths", () => {
  const args = { replicas: later(2), ports: { a: later(1), b: 2 }, routes: [{ host: "x" }, { host: later("y") }], env: { A: later("b") } };
  const paths = [["replicas"], ["ports", "*"], ["routes", "*", "host"], ["missing", "*"]];
  const message = "must be known when the program runs, because containers depend on it (got an output). Pass a plain value";
  expect(problemsWithLate(args, paths, "containers depend on it")).toEqual([
    { path: ["replicas"], message },
    { path: ["ports", "a"], message },
    { path: ["routes", 1, "host"], message },
  ]);
});
