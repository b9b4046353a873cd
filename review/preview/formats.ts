import { z } from "zod";
import { UserError } from "../../lib/user-error.ts";
import type { Properties } from "../../lib/values.ts";
import { operations } from "./step.ts";

// What the Pulumi CLI prints: https://www.pulumi.com/docs/iac/cli/commands/pulumi_preview/ with --json; the plan's types are in
// pulumi, sdk/go/common/display/events.go and pkg/display/json.go, those of the stream in sdk/go/common/apitype/events.go.

// Not a record of zod's, which would copy what may be megabytes.
const properties = z.custom<Properties>((value) => value !== null && typeof value === "object" && !Array.isArray(value), "is no map");

const state = z.looseObject({
  custom: z.boolean().optional(),
  parent: z.string().optional(),
  inputs: properties.nullish().transform((value) => value ?? undefined),
  outputs: properties.nullish().transform((value) => value ?? undefined),
  additionalSecretOutputs: z.array(z.string()).nullish(),
  pendingReplacement: z.boolean().optional(),
  retainOnDelete: z.boolean().optional(),
  protect: z.boolean().optional(),
});

const urn = z.string().regex(/^urn:pulumi:.+?::.+?::.+::/, "is no URN");
const strings = z.array(z.string()).nullish();

const planStep = z.looseObject({
  op: z.string(),
  urn,
  oldState: state.nullish(),
  newState: state.nullish(),
  detailedDiff: z.record(z.string(), z.looseObject({ kind: z.string() })).nullish(),
  replaceReasons: strings,
});

const diagnostic = z.looseObject({ message: z.string(), severity: z.string() });

const plan = z.looseObject({
  steps: z.array(planStep),
  diagnostics: z.array(diagnostic).nullish(),
  changeSummary: z.record(z.string(), z.number()),
});

const event = z.looseObject({
  resourcePreEvent: z
    .looseObject({
      metadata: z.looseObject({
        op: z.string(),
        urn,
        old: state.nullish(),
        new: state.nullish(),
        detailedDiff: z.record(z.string(), z.looseObject({ diffKind: z.string() })).nullish(),
        keys: strings,
      }),
    })
    .optional(),
  resOpFailedEvent: z.looseObject({ metadata: z.looseObject({ urn }) }).optional(),
  diagnosticEvent: diagnostic.optional(),
  errorEvent: z.looseObject({ error: z.string() }).optional(),
  summaryEvent: z.looseObject({ resourceChanges: z.record(z.string(), z.number()), result: z.string().optional() }).optional(),
});

type State = z.infer<typeof state>;

/** A step as a preview has it, whatever the format. */
export interface RawStep {
  op: string;
  urn: string;
  type: string;
  old: State | undefined;
  new: State | undefined;
  /** Those of both that there are. */
  states: State[];
  /** What the provider says of properties by path: `add`, `update`, `delete-replace`, …; undefined where it says nothing. */
  detailed: Record<string, string> | undefined;
  /** Paths of properties for which it is replaced. */
  reasons: string[];
}

export interface RawPreview {
  steps: RawStep[];
  /** Why it came to no end. */
  errors: string[];
}

const make = "Make one with: pulumi preview --json";

export function parsePreview(text: string, from: string): RawPreview {
  if (text.trim() === "") throw new UserError(`${from}: is empty, and should be a preview. ${make}`);
  const whole = parseJson(text);
  const raw = whole !== undefined && !isEvent(whole) ? fromPlan(whole, from) : fromEvents(text, from);
  if (raw.steps.length === 0 && raw.errors.length === 0)
    throw new UserError(`${from}: has no steps, and even a preview of nothing has the stack itself. ${make}`);
  return raw;
}

function fromPlan(whole: unknown, from: string): RawPreview {
  const { steps, diagnostics, changeSummary } = checked(plan, whole, from);
  const raw = steps.map(({ op, urn, oldState, newState, detailedDiff, replaceReasons }) =>
    rawStep(op, urn, oldState, newState, detailedDiff && mapValues(detailedDiff, ({ kind }) => kind), replaceReasons),
  );
  const errors = errorsIn(diagnostics ?? []);
  if (errors.length === 0) compareWithSummary(raw, changeSummary, from, false);
  return { steps: raw, errors };
}

function fromEvents(text: string, from: string): RawPreview {
  const events = text
    .split("\n")
    .map((line, i) => [line, i] as const)
    .filter(([line]) => line.trim() !== "")
    .map(([line, i]) => {
      const parsed = parseJson(line);
      if (parsed === undefined) throw new UserError(`${from}: line ${i + 1} is no JSON; it is cut off, or no preview. ${make}`);
      return checked(event, parsed, `${from}: line ${i + 1}`);
    });
  const raw = events.flatMap(({ resourcePreEvent }) => {
    if (!resourcePreEvent) return [];
    const { op, urn, old, new: next, detailedDiff, keys } = resourcePreEvent.metadata;
    return [rawStep(op, urn, old, next, detailedDiff && mapValues(detailedDiff, ({ diffKind }) => diffKind), keys)];
  });
  const summary = events.find(({ summaryEvent }) => summaryEvent)?.summaryEvent;
  const errors = [
    ...errorsIn(events.flatMap(({ diagnosticEvent }) => diagnosticEvent ?? [])),
    ...events.flatMap(({ errorEvent }) => errorEvent?.error ?? []),
    ...events.flatMap(({ resOpFailedEvent }) => (resOpFailedEvent ? [`${resOpFailedEvent.metadata.urn.split("::").at(-1)} failed`] : [])),
  ];
  if (errors.length > 0) return { steps: raw, errors };
  if (!summary) throw new UserError(`${from}: has no summary at its end: it is cut off, or no preview. ${make}`);
  if (summary.result !== undefined && summary.result !== "succeeded") return { steps: raw, errors: [`it ended as ${summary.result}`] };
  compareWithSummary(raw, summary.resourceChanges, from, true);
  return { steps: raw, errors };
}

function rawStep(
  op: string,
  urn: string,
  old: State | null | undefined,
  next: State | null | undefined,
  detailed: Record<string, string> | null | undefined,
  reasons: string[] | null | undefined,
): RawStep {
  const type = urn.split("::").at(2)!.split("$").at(-1)!;
  const states = [old, next].filter((s) => s !== null && s !== undefined);
  return { op, urn, type, old: old ?? undefined, new: next ?? undefined, states, detailed: detailed ?? undefined, reasons: reasons ?? [] };
}

/** A preview says how many resources it is about; fewer are in one from which something was taken. */
function compareWithSummary(steps: RawStep[], summary: Record<string, number>, from: string, withSame: boolean): void {
  const counts = new Map<string, Set<string>>();
  for (const { op, urn } of steps) {
    const operation = operations[op] ?? op;
    counts.set(operation, (counts.get(operation) ?? new Set()).add(urn));
  }
  for (const operation of ["create", "update", "delete", "replace", ...(withSame ? ["same"] : [])]) {
    const [found, said] = [counts.get(operation)?.size ?? 0, summary[operation] ?? 0];
    if (found < said)
      throw new UserError(
        `${from}: says that it has ${said} steps "${operation}", and has ${found}: something is missing from it. ${make}`,
      );
  }
}

function errorsIn(diagnostics: z.infer<typeof diagnostic>[]): string[] {
  return diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message.trim());
}

function isEvent(value: unknown): boolean {
  return value !== null && typeof value === "object" && "sequence" in value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, from: string): T {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  throw new UserError(`${from}: is no preview of Pulumi: ${issue!.path.join(".") || "the whole"}: ${issue!.message}. ${make}`);
}

function mapValues<A, B>(map: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}
