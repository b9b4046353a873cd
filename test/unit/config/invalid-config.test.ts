import fc from "fast-check";
import { formatPath, type Path } from "../../../lib/property-path.ts";
import { check } from "../check.ts";
import { serviceSettings } from "../../../config/schema/service.ts";
import { settingsBelow } from "../../../config/schema/setting.ts";
import { readStack } from "../../../config/stack-file.ts";
import { generated, ofServices, ofStacks, type Contradiction } from "./contradictions.ts";
import { validStack, type Stack } from "./valid-stack.ts";

/** An invalid stack and the path of its problem. */
interface Invalid {
  stack: Stack;
  at: string;
}

/** Internal details that must not appear in messages for users. */
const nonsense = /\n\s*at |\[object |undefined|NaN|Error:/;

/** Number of generated stacks. The full tests generate more. */
const runs = Number(process.env["SLIPWAY_FUZZ_RUNS"] ?? 1000);

test("generated valid settings are accepted", async () => {
  const property = fc.asyncProperty(validStack, async (stack) => {
    expect((await check(stack)).problems).toEqual([]);
  });
  await fc.assert(property, { numRuns: Math.ceil(runs / 30) });
});

test("generated valid settings have every setting of a service that the platform local supports", () => {
  const names = settingsBelow(serviceSettings).map(({ path }) => path.join("."));
  const generated = new Set<string>();
  const walk = (value: unknown, path: string[]): void => {
    generated.add(path.join("."));
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) walk(inner, [...path, names.includes([...path, key].join(".")) ? key : "*"]);
  };
  for (const { services } of fc.sample(validStack, { numRuns: 500, seed: 1 }))
    for (const service of Object.values(services)) walk(service, []);
  const [free, onlyOnAws] = [/^affinity\.\w+\./, /^(aws|publish\.\*\.sourceRanges)\b/];
  expect(names.filter((name) => !generated.has(name) && !free.test(name) && !onlyOnAws.test(name))).toEqual([]);
});

test("generated invalid settings are rejected with the path of the problem and without a stack trace", async () => {
  const property = fc.asyncProperty(invalidStack, async ({ stack, at }) => {
    const { problems, value } = await check(stack);
    return value === undefined && pathsOf(problems).includes(at) && !nonsense.test(problems.join("\n"));
  });
  await fc.assert(property, { numRuns: runs });
});

test("each contradiction in a minimal stack is rejected with its path", async () => {
  const least: Stack = { services: { web: { source: "app" } } };
  const unnoticed: Invalid[] = [];
  for (const { stack, at } of contradictions.flatMap((contradiction) => fc.sample(contradicted(fc.constant(least), contradiction), 10)))
    if (!pathsOf((await check(stack)).problems).includes(at)) unnoticed.push({ stack, at });
  expect(unnoticed).toEqual([]);
});

test("any JSON value of a setting is either accepted or rejected with a path", async () => {
  const stacks = fc.oneof(validStack, fc.constantFrom(...["dev", "prod"].map(stackOf)));
  const property = fc.asyncProperty(stacks, fc.nat(), fc.jsonValue(), async (valid, n, json) => {
    const { problems, value } = await check(put(valid, pick(nodes(valid), n).path, json) as Stack);
    for (const problem of problems) expect(problem).toMatch(/^(platform|services|jobs|local|eks)\b[^]*: /);
    expect(problems.join("\n")).not.toMatch(nonsense);
    expect(value === undefined).toBe(problems.length > 0);
  });
  await fc.assert(property, { numRuns: Math.ceil(runs / 10) });
});

test("no message contains a secret, at any path and with any other problem", async () => {
  const secrets = ["s3cr3t", "/s3cr3t/", "s3cr3t.*", "*.s3cr3t.org", `"s3cr3t\\`, "53237Mi", 53237, -53237, { a: "s3cr3t" }];
  const property = fc.asyncProperty(invalidStack, fc.nat(), fc.constantFrom(...secrets), async ({ stack }, n, secret) => {
    // A generated name may contain the digits of the secret.
    fc.pre(!/s3cr3t|53237/.test(JSON.stringify(stack)));
    const leaves = nodes(stack).filter(({ value }) => Object(value) !== value);
    const { path } = pick([{ path: ["platform"] }, ...leaves], n);
    const { problems } = await check(put(stack, path, secret) as Stack, [path]);
    expect(problems.join("\n")).not.toMatch(/s3cr3t|53237/);
  });
  await fc.assert(property, { numRuns: Math.ceil(runs / 10) });
});

/** The settings of a stack file. */
function stackOf(name: string): Stack {
  const { config } = readStack(name);
  const parsed = Object.entries(config).map(([key, text]) => [
    key.replace("slipway:", ""),
    key === "slipway:platform" ? text : JSON.parse(text),
  ]);
  return Object.fromEntries(parsed) as Stack;
}

const contradictions = [
  ...ofStacks.map((contradiction) => ({ contradiction, inService: false })),
  ...ofServices.map((contradiction) => ({ contradiction, inService: true })),
];

/** A valid stack with a contradiction added to it or to its first service. */
function contradicted(
  valid: fc.Arbitrary<Stack>,
  { contradiction: [path, fields], inService }: { contradiction: Contradiction; inService: boolean },
): fc.Arbitrary<Invalid> {
  return fc.tuple(valid, generated(fields)).map(([stack, patch]) => {
    const [name] = Object.keys(stack.services);
    const prefix: Path = inService ? ["services", String(name)] : [];
    const [above = "", below] = path.split(".*");
    const at = [...prefix, ...parse(above), ...(below === undefined ? [] : [keyOf(valueAt(patch, parse(above)))])];
    return { stack: put(stack, prefix, { ...(valueAt(stack, prefix) as object), ...(patch as object) }) as Stack, at: formatPath(at) };
  });
}

/** The only key of a map. */
function keyOf(map: unknown): string {
  return String(Object.keys(map as object)[0]);
}

/** Values of a wrong type, by the expected type. */
const wrong = {
  string: [5, true, null, [], {}],
  number: [true, null, [], {}],
  boolean: ["yes", 1, null, [], {}],
  array: ["a", 1, null, {}],
  object: ["a", 1, null, []],
};

const withWrongType = fc.tuple(validStack, fc.nat(), fc.nat()).map(([valid, n, m]): Invalid => {
  const { path, value } = pick(nodes(valid), n);
  const type = Array.isArray(value) ? "array" : (typeof value as keyof typeof wrong);
  // The only field that accepts both a string and a number.
  const values = path.at(-1) === "maxSurge" ? wrong.number : wrong[type];
  return { stack: put(valid, path, pick(values, m)) as Stack, at: formatPath(path) };
});

/** Fields that accept any key. */
const maps =
  /^(services|ports|env|secretEnv|envFromSecret|files|secretFiles|secretFolders|volumes|nodeSelector|podLabels|annotations|ingressAnnotations|\w+Affinity)$/;

const withUnknownKey = fc.tuple(validStack, fc.nat(), fc.nat()).map(([valid, n, m]): Invalid => {
  const strict = nodes(valid).filter(
    ({ path, value }) =>
      typeof value === "object" && !Array.isArray(value) && (!maps.test(String(path.at(-1))) || formatPath(path) === "local.ports"),
  );
  const { path, value } = pick([{ path: [], value: valid }, ...strict], n);
  const at = [...path, `${pick([...Object.keys(value as object), "replicas"], m)}x`];
  return { stack: put(valid, at, 1) as Stack, at: formatPath(at) };
});

const invalidStack: fc.Arbitrary<Invalid> = fc.oneof(
  { weight: 8, arbitrary: fc.oneof(...contradictions.map((contradiction) => contradicted(validStack, contradiction))) },
  withWrongType,
  withUnknownKey,
);

function pathsOf(problems: string[]): string[] {
  return problems.map((problem) => problem.slice(0, problem.indexOf(": ")));
}

/** All nested values with their paths. */
function nodes(value: unknown, path: Path = []): { path: Path; value: unknown }[] {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, below]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    return [{ path: at, value: below }, ...nodes(below, at)];
  });
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((node, key) => (node as Record<string, unknown>)[key], value);
}

/** A copy of a value with another value at a path. */
function put(value: unknown, [key, ...rest]: Path, other: unknown): unknown {
  if (key === undefined) return other;
  const below = put((value as Record<string, unknown>)[key], rest, other);
  return Array.isArray(value) ? value.with(Number(key), below) : { ...(value as object), [key]: below };
}

function pick<T>(items: T[], n: number): T {
  return items[n % items.length]!;
}

function parse(path: string): Path {
  const parts = path.split(/[.[\]]+/).filter((part) => part !== "");
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}
