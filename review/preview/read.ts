import { UserError } from "../../lib/user-error.ts";
import { differences, type Properties } from "../../lib/values.ts";
import { parsePath, valueAt, type Path } from "../../lib/property-path.ts";
import { parsePreview, type RawStep } from "./formats.ts";
import { hidden, Secrets } from "./secrets.ts";
import { leaves, operations, type Change, type Preview, type Step } from "./step.ts";

/**
 * Reads what `pulumi preview --json` printed, or its stream of events (PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true). `from` is what
 * messages call it.
 *
 * @throws UserError for what is no preview, is cut off, or ended in an error; and for one of another project or stack.
 */
export function readPreview(text: string, from: string, expected: { project: string; stack: string }): Preview {
  const { steps, errors } = parsePreview(text, from);
  const secrets = new Secrets();
  for (const { type, states } of steps)
    for (const state of states)
      for (const properties of [state.inputs, state.outputs])
        if (properties) secrets.learn(type, properties, state.additionalSecretOutputs ?? []);
  if (errors.length > 0) {
    const lines = errors.map((error) => `  - ${secrets.hideIn(error).replaceAll("\n", "\n    ")}`);
    throw new UserError([`${from}: the preview failed, so it does not say what would happen:`, ...lines].join("\n"));
  }
  const [, stack = "", project = ""] = /^urn:pulumi:(.+?)::(.+?)::/.exec(steps[0]!.urn) ?? [];
  if (project !== expected.project || stack !== expected.stack) {
    const [is, wanted] = [`stack "${stack}" of project "${project}"`, `stack "${expected.stack}" of project "${expected.project}"`];
    throw new UserError(
      `${from}: is a preview of ${is}, and should be of ${wanted}. Name its stack with STACK=…, or make another preview.`,
    );
  }
  // The parts of a replacement come as several steps.
  const grouped = Map.groupBy(steps, ({ urn, op }) => `${operations[op] ?? op} ${urn}`);
  return { project, stack, steps: [...grouped.values()].map((parts) => stepOf(parts, secrets)) };
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
    said: op,
    changes: operation === "update" || operation === "replace" ? changesOf(main, { before, after }, secrets) : [],
    before,
    after,
    // Pulumi notes on what it deletes first that its replacement is pending.
    deletesFirst: operation === "replace" && (parts[0]!.op === "delete-replaced" || old?.pendingReplacement === true),
    retained: old?.retainOnDelete === true,
    protected: old?.protect === true,
  };
}

/** What the provider says has changed; of one that says nothing, where the inputs differ. */
function changesOf(
  { old, new: next, detailed, reasons }: RawStep,
  shown: { before: Properties; after: Properties },
  secrets: Secrets,
): Change[] {
  const told = Object.entries(detailed ?? {}).map(([path, kind]) => ({ path, replaces: kind.endsWith("-replace") }));
  const differing = differences(old?.inputs ?? {}, next?.inputs ?? {}).map(({ path }) => ({ path, replaces: reasons.includes(path) }));
  return (told.length > 0 ? told : differing).flatMap(({ path: text, replaces }) => {
    const path = parsePath(text);
    // Providers tell of properties too that only outputs have.
    const [first = ""] = path;
    const had = first in shown.before ? shownAt(shown.before, path) : secrets.hide(valueAt(old?.outputs, path), String(path.at(-1)));
    return leaves({ path, replaces, before: had, after: shownAt(shown.after, path) });
  });
}

/** What may be shown of a property; below what is hidden, nothing. */
function shownAt(value: unknown, [part, ...below]: Path): unknown {
  if (value === hidden || part === undefined) return value;
  return value === null || typeof value !== "object" ? undefined : shownAt((value as Record<PropertyKey, unknown>)[part], below);
}
