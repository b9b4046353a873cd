import { UserError } from "../../lib/user-error.ts";
import { differences, has, type Properties } from "../../lib/values.ts";
import { parsePath, type Path } from "../../lib/property-path.ts";
import { parsePreview, rawStepOf, type PlanStep, type RawStep } from "./formats.ts";
import { hidden, Secrets } from "./secrets.ts";
import { leaves, operations, type Change, type Preview, type Step } from "./step.ts";

/**
 * Reads the output of `pulumi preview --json`, or its stream of events (PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true). `from` is its name in
 * messages.
 *
 * @throws UserError if the text is not a complete and successful preview, or is a preview of another project or stack.
 */
export function readPreview(text: string, from: string, expected: { project: string; stack: string }): Preview {
  const { steps, errors } = parsePreview(text, { from, stack: expected.stack });
  const secrets = secretsIn(steps);
  if (errors.length > 0) throw failed(`${from}: the preview failed, so its impact is unknown:`, errors, secrets);
  const [, stack = "", project = ""] = /^urn:pulumi:(.+?)::(.+?)::/.exec(steps[0]!.urn) ?? [];
  if (project !== expected.project || stack !== expected.stack) {
    const label = (of: { project: string; stack: string }) => `stack "${of.stack}" of project "${of.project}"`;
    const problem = `must be a preview of ${label(expected)} (got ${label({ project, stack })})`;
    const remedy = project === expected.project ? `Add --stack ${stack}, or create` : "Create";
    throw new UserError(`${from}: ${problem}. ${remedy} a preview of "${expected.stack}".`);
  }
  return { project, stack, steps: stepsOf(steps, secrets) };
}

/** Steps that were made, in the form of a plan, without secrets. Secrets of unchanged resources are hidden in the changed ones, too. */
export function readSteps(steps: PlanStep[]): Step[] {
  const raw = steps.map(rawStepOf);
  const secrets = secretsIn(raw);
  return stepsOf(
    raw.filter(({ op }) => op !== "same"),
    secrets,
  );
}

/** The secrets in the inputs and outputs of all steps. */
export function secretsIn(steps: RawStep[]): Secrets {
  const secrets = new Secrets();
  for (const { type, states } of steps)
    for (const state of states)
      for (const properties of [state.inputs, state.outputs])
        if (properties) secrets.learn(type, properties, state.additionalSecretOutputs ?? []);
  return secrets;
}

/** An error that lists others, without secrets. */
export function failed(what: string, errors: string[], secrets: Secrets): UserError {
  return new UserError([what, ...errors.map((error) => `  - ${secrets.hideIn(error).replaceAll("\n", "\n    ")}`)].join("\n"));
}

/** One step for each resource, without secrets. */
export function stepsOf(steps: RawStep[], secrets: Secrets): Step[] {
  // A replacement has several steps.
  const grouped = Map.groupBy(steps, ({ urn, op }) => `${operations[op] ?? op} ${urn}`);
  return [...grouped.values()].map((parts) => stepOf(parts, secrets));
}

function stepOf(parts: RawStep[], secrets: Secrets): Step {
  const main = parts.find(({ op }) => op === "replace") ?? parts.find(({ op }) => op !== "delete-replaced") ?? parts[0]!;
  const { urn, type, op, old, new: next, states } = main;
  const names = [...new Set(states.flatMap((state) => state.additionalSecretOutputs ?? []))];
  const operation = operations[op] ?? "unknown";
  const before = secrets.hideOf(type, old?.inputs ?? {}, names);
  const after = secrets.hideOf(type, next?.inputs ?? {}, names);
  return {
    urn,
    type,
    name: secrets.hideIn(urn.split("::").at(-1)!),
    parent: (next ?? old)?.parent || undefined,
    custom: (next ?? old)?.custom ?? false,
    operation,
    rawOperation: op,
    changes: operation === "update" || operation === "replace" ? changesOf(main, { before, after, names }, secrets) : [],
    before,
    after,
    // If Pulumi deletes first, it marks the old resource as pending replacement.
    deletesFirst: operation === "replace" && (parts[0]!.op === "delete-replaced" || old?.pendingReplacement === true),
    retained: old?.retainOnDelete === true,
    protected: old?.protect === true,
  };
}

/** The changes that the provider reports. If it reports none, the differences between the inputs. */
function changesOf(
  { type, old, new: next, detailed, reasons }: RawStep,
  shown: { before: Properties; after: Properties; names: string[] },
  secrets: Secrets,
): Change[] {
  const reported = Object.entries(detailed ?? {}).map(([path, kind]) => ({ path, replaces: kind.endsWith("-replace") }));
  const differing = differences(old?.inputs ?? {}, next?.inputs ?? {}).map(({ path }) => ({ path, replaces: reasons.includes(path) }));
  return (reported.length > 0 ? reported : differing).flatMap(({ path: text, replaces }) => {
    const raw = parsePath(text);
    const path = raw.map((part) => (typeof part === "string" ? secrets.hideInKey(part) : part));
    // Providers also report properties that only outputs have.
    const [first = ""] = raw;
    const isInput = first in (old?.inputs ?? {});
    const properties = isInput ? shown.before : secrets.hideOf(type, { [first]: old?.outputs?.[first] as unknown }, shown.names);
    const change = { path, replaces, before: shownAt(properties, path), after: shownAt(shown.after, path) };
    const split = leaves(change);
    // A difference in secrets only is not visible.
    return split.length === 0 && has(change.before, (value) => value === hidden) ? [change] : split;
  });
}

/** The value at a path in properties without secrets. Everything below a secret is `[secret]`. */
function shownAt(value: unknown, [part, ...below]: Path): unknown {
  if (value === hidden || part === undefined) return value;
  return value === null || typeof value !== "object" ? undefined : shownAt((value as Record<PropertyKey, unknown>)[part], below);
}
