import fc from "fast-check";
import { formatPath, type Path } from "../../../lib/property-path.ts";
import { check } from "../check.ts";
import { serviceSettings } from "../../../config/schema/service.ts";
import { settingsBelow } from "../../../config/schema/setting.ts";
import { readStack } from "../../../config/stack-file.ts";
import { generated, ofServices, ofStacks, type Contradiction } from "./contradictions.ts";
import { validStack, type Stack } from "./valid-stack.ts";

/** A stack that does not hold, and where its problem is. */
interface Invalid {
  stack: Stack;
  at: string;
}

/** What a message has that a person was not meant to see. */
const nonsense = /\n\s*at |\[object |undefined|NaN|Error:/;

/** How many settings are generated: more in the full tests. */
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
  const [free, onlyOnAws] = [/^affinity\.\w+\./, /^aws\b/];
  expect(names.filter((name) => !generated.has(name) && !free.test(name) && !onlyOnAws.test(name))).toEqual([]);
});

test("generated invalid settings are all rejected with a path, and none with a stack trace", async () => {
  const property = fc.asyncProperty(invalidStack, async ({ stack, at }) => {
    const { problems, value } = await check(stack);
    return value === undefined && pathsOf(problems).includes(at) && !nonsense.test(problems.join("\n"));
  });
  await fc.assert(property, { numRuns: runs });
});

test("each contradiction by itself is rejected at its own path", async () => {
  const least: Stack = { services: { web: { source: "app" } } };
  const unnoticed: Invalid[] = [];
  for (const { stack, at } of contradictions.flatMap((contradiction) => fc.sample(contradicted(fc.constant(least), contradiction), 10)))
    if (!pathsOf((await check(stack)).problems).includes(at)) unnoticed.push({ stack, at });
  expect(unnoticed).toEqual([]);
});

test("with any JSON in place of a setting, the result is a value or problems with a path", async () => {
  const stacks = fc.oneof(validStack, fc.constantFrom(...["dev", "prod"].map(stackOf)));
  const property = fc.asyncProperty(stacks, fc.nat(), fc.jsonValue(), async (valid, n, json) => {
    const { problems, value } = await check(put(valid, pick(nodes(valid), n).path, json) as Stack);
    for (const problem of problems) expect(problem).toMatch(/^(platform|services|local|eks)\b[^]*: /);
    expect(problems.join("\n")).not.toMatch(nonsense);
    expect(value === undefined).toBe(problems.length > 0);
  });
  await fc.assert(property, { numRuns: Math.ceil(runs / 10) });
});

test("no message contains a secret, wherever it is and whatever else is wrong", async () => {
  const secrets = ["s3cr3t", "/s3cr3t/", "s3cr3t.*", "*.s3cr3t.org", `"s3cr3t\\`, "53237Mi", 53237, -53237, { a: "s3cr3t" }];
  const property = fc.asyncProperty(invalidStack, fc.nat(), fc.constantFrom(...secrets), async ({ stack }, n, secret) => {
    // A generated name may have the secret's digits in it.
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

/** A valid stack with a contradiction put into it, or into the first of its services. */
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

/** What cannot stand where there is something of a type. */
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
  // The one field that is text or a number.
  const values = path.at(-1) === "maxSurge" ? wrong.number : wrong[type];
  return { stack: put(valid, path, pick(values, m)) as Stack, at: formatPath(path) };
});

/** Fields that have any keys. */
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

/** Everything in a value, with its path. */
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

/** A value with another one at a path. */
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
