import { z } from "zod";
import { UserError } from "../../lib/user-error.ts";
import type { Properties } from "../../lib/values.ts";
import { operations } from "./step.ts";

// The formats of `pulumi preview --json`: https://www.pulumi.com/docs/iac/cli/commands/pulumi_preview/. The types of the plan are in
// pulumi, sdk/go/common/display/events.go and pkg/display/json.go; those of the events in sdk/go/common/apitype/events.go.

// z.record would copy the properties, which can be megabytes.
const properties = z.custom<Properties>((value) => typeof value === "object" && !Array.isArray(value), "is not a map");

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

const urn = z.string().regex(/^urn:pulumi:.+?::.+?::.+::/, "is not a URN");
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

/** A step of a preview, in either format. */
export interface RawStep {
  op: string;
  urn: string;
  type: string;
  old: State | undefined;
  new: State | undefined;
  /** The old and the new state, as far as they exist. */
  states: State[];
  /** Changes of properties as the provider reports them: path → `add`, `update`, `delete-replace`, … Undefined if it reports none. */
  detailed: Record<string, string> | undefined;
  /** Paths of the properties that cause a replacement. */
  reasons: string[];
}

export interface RawPreview {
  steps: RawStep[];
  /** Why the preview failed. Empty if it succeeded. */
  errors: string[];
}

/** Where a preview comes from. */
export interface Source {
  /** Its name in messages. */
  from: string;
  /** The stack that it should be a preview of. */
  stack: string;
  /** What to do if it cannot be read. @default - create a preview with `slipway preview` */
  remedy?: string;
}

/** @throws UserError if the text is not a complete preview. */
export function parsePreview(text: string, source: Source): RawPreview {
  if (text.trim() === "") throw invalid(source, "is empty");
  const whole = parseJson(text);
  const raw = whole !== undefined && !isEvent(whole) ? fromPlan(whole, source) : fromEvents(text, source);
  if (raw.steps.length === 0 && raw.errors.length === 0) throw invalid(source, "has no steps, not even one for the stack");
  return raw;
}

function invalid({ from, stack, remedy }: Source, problem: string): UserError {
  return new UserError(`${from}: ${problem}. ${remedy ?? `Create a preview with: slipway preview --stack ${stack} --json`}`);
}

function fromPlan(whole: unknown, source: Source): RawPreview {
  const { steps, diagnostics, changeSummary } = checked(plan, whole, source, "is not a preview");
  const raw = steps.map(rawStepOf);
  const errors = errorsIn(diagnostics ?? []);
  if (errors.length === 0) compareWithSummary(raw, changeSummary, source, false);
  return { steps: raw, errors };
}

function fromEvents(text: string, source: Source): RawPreview {
  const events = text
    .split("\n")
    .map((line, i) => [line, i] as const)
    .filter(([line]) => line.trim() !== "")
    .map(([line, i]) => {
      const parsed = parseJson(line);
      if (parsed === undefined) throw invalid(source, `line ${i + 1} is not JSON; the preview is truncated, or not a preview`);
      return checked(event, parsed, source, `line ${i + 1} is not an event of a preview`);
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
  if (!summary) throw invalid(source, "has no summary; the preview is truncated, or not a preview");
  if (summary.result !== undefined && summary.result !== "succeeded") return { steps: raw, errors: [`its result is "${summary.result}"`] };
  compareWithSummary(raw, summary.resourceChanges, source, true);
  return { steps: raw, errors };
}

/** A step of a plan. */
export type PlanStep = z.infer<typeof planStep>;

/** A step of a plan in the form that all formats share. */
export function rawStepOf({ op, urn, oldState, newState, detailedDiff, replaceReasons }: PlanStep): RawStep {
  return rawStep(op, urn, oldState, newState, detailedDiff && mapValues(detailedDiff, ({ kind }) => kind), replaceReasons);
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

/** Detects an incomplete preview: the summary has the number of steps. */
function compareWithSummary(steps: RawStep[], summary: Record<string, number>, source: Source, withSame: boolean): void {
  const counts = new Map<string, Set<string>>();
  for (const { op, urn } of steps) {
    const operation = operations[op] ?? op;
    counts.set(operation, (counts.get(operation) ?? new Set()).add(urn));
  }
  for (const operation of ["create", "update", "delete", "replace", ...(withSame ? ["same"] : [])]) {
    const [found, expected] = [counts.get(operation)?.size ?? 0, summary[operation] ?? 0];
    if (found < expected) throw invalid(source, `is incomplete: it has ${found} of the ${expected} steps "${operation}" in its summary`);
  }
}

function errorsIn(diagnostics: z.infer<typeof diagnostic>[]): string[] {
  return diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message.trim());
}

function isEvent(value: unknown): boolean {
  return value !== null && typeof value === "object" && "sequence" in value;
}

/** The content of a JSON text. Undefined if it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, source: Source, problem: string): T {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  const path = issue!.path.length > 0 ? `${issue!.path.join(".")}: ` : "";
  throw invalid(source, `${problem} (${path}${issue!.message})`);
}

function mapValues<A, B>(map: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}
