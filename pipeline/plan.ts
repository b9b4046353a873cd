import { z } from "zod";
import { UserError } from "../components/internal/user-error.ts";
import { differences, isSecret, type Properties } from "../engine/values.ts";

/** What is to be done with a resource. */
export type Operation = "same" | "create" | "update" | "replace" | "delete";

export interface Change {
  /** Property path in Pulumi's form, such as `spec.template.spec.containers[0].image`. */
  path: string;
  /** Whether it is what the resource is replaced for. */
  replaces: boolean;
  /** Undefined where there is none; `[secret]` where it is secret. */
  before: unknown;
  after: unknown;
}

export interface Step {
  operation: Operation;
  urn: string;
  /** `kubernetes:apps/v1:Deployment` */
  type: string;
  name: string;
  parent: string | undefined;
  /** Inputs before and after; empty where there are none. Secrets are masked. */
  before: Properties;
  after: Properties;
  changes: Change[];
}

/** What a preview says that an update would do. */
export interface Plan {
  project: string;
  stack: string;
  steps: Step[];
  /** How many resources stay as they are; not all of them need be among the steps. */
  unchanged: number;
}

const state = z.looseObject({ inputs: z.record(z.string(), z.unknown()).optional(), parent: z.string().optional() });
const difference = z.looseObject({ kind: z.string().optional(), diffKind: z.string().optional() });
const detailedDiff = z.record(z.string(), difference);
const planStep = z.looseObject({
  op: z.string(),
  urn: z.string().startsWith("urn:pulumi:"),
  oldState: state.nullish(),
  newState: state.nullish(),
  replaceReasons: z.array(z.string()).nullish(),
  diffReasons: z.array(z.string()).nullish(),
  detailedDiff: detailedDiff.nullish(),
});
const diagnostic = z.looseObject({ severity: z.string(), message: z.string() });

/** https://www.pulumi.com/docs/iac/cli/commands/pulumi_preview/ with --json: apitype or `display.PreviewDigest`. */
const counts = z.record(z.string(), z.number());
const digest = z.looseObject({ steps: z.array(planStep), diagnostics: z.array(diagnostic).nullish(), changeSummary: counts.nullish() });

const metadata = z.looseObject({
  op: z.string(),
  urn: z.string().startsWith("urn:pulumi:"),
  old: state.nullish(),
  new: state.nullish(),
  keys: z.array(z.string()).nullish(),
  diffs: z.array(z.string()).nullish(),
  detailedDiff: detailedDiff.nullish(),
});

/** A line of the same with PULUMI_ENABLE_STREAMING_JSON_PREVIEW: `apitype.EngineEvent`. */
const event = z.looseObject({
  sequence: z.number(),
  resourcePreEvent: z.looseObject({ metadata }).optional(),
  diagnosticEvent: diagnostic.optional(),
  summaryEvent: z.looseObject({ result: z.string().optional(), resourceChanges: counts.nullish() }).optional(),
});

/**
 * Reads what `pulumi preview --json` printed, as one document or as a stream of events.
 *
 * @param text What was printed.
 * @param expected The stack that it must be of, and its project.
 * @throws UserError where it is none, broken off, of a preview that failed, or of another stack.
 */
export function readPlan(text: string, expected: { project: string; stack: string }): Plan {
  const raw = text.trimStart().startsWith("{") ? parse(text) : undefined;
  if (raw === undefined)
    throw new UserError(`The preview cannot be read: ${text.trim() === "" ? "it is empty" : "it is no JSON"}. ${remedy}`);
  const { steps, errors } = raw;
  if (errors.length > 0)
    throw new UserError(
      ["The preview failed, so what an update would do is not known:", ...errors.map((e) => `  - ${e.trim()}`)].join("\n"),
    );
  const merged = merge(steps);
  const plan = { ...expected, steps: merged, unchanged: raw.same ?? merged.filter(({ operation }) => operation === "same").length };
  const [other] = steps.flatMap(({ urn }) => {
    const [stack, project] = [urn.split("::")[0]!.replace("urn:pulumi:", ""), urn.split("::")[1]];
    return stack === expected.stack && project === expected.project ? [] : [`${project}/${stack}`];
  });
  if (other !== undefined) throw new UserError(`The preview is of ${other}, and not of ${expected.project}/${expected.stack}. ${remedy}`);
  return plan;
}

const remedy = "Make it anew: pulumi preview --json --stack <stack> >preview.json";

type Raw = z.infer<typeof planStep>;

interface Parsed {
  steps: Raw[];
  errors: string[];
  same?: number;
}

function parse(text: string): Parsed | undefined {
  const whole = parseJson(text);
  if (whole !== undefined && !("sequence" in (whole as object))) {
    const { success, data, error } = digest.safeParse(whole);
    if (!success) throw new UserError(`The preview cannot be read: ${where(error)}. ${remedy}`);
    return { steps: data.steps, errors: errorsOf(data.diagnostics ?? []), same: data.changeSummary?.["same"] };
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const events = lines.map((line, i) => {
    const { success, data } = event.safeParse(parseJson(line));
    if (!success)
      throw new UserError(
        `The preview cannot be read: line ${i + 1} is no event of Pulumi's${i === lines.length - 1 ? ", as if it were broken off" : ""}. ${remedy}`,
      );
    return data;
  });
  const summary = events.findLast(({ summaryEvent }) => summaryEvent)?.summaryEvent;
  const errors = errorsOf(events.flatMap(({ diagnosticEvent }) => diagnosticEvent ?? []));
  if (summary === undefined && errors.length === 0)
    throw new UserError(`The preview cannot be read: it has no end, as if it were broken off. ${remedy}`);
  if (summary?.result === "failed" && errors.length === 0) errors.push("it says no more");
  const steps = events.flatMap(({ resourcePreEvent }) => {
    if (!resourcePreEvent) return [];
    const { op, urn, old, new: after, keys, diffs, detailedDiff } = resourcePreEvent.metadata;
    return [{ op, urn, oldState: old, newState: after, replaceReasons: keys, diffReasons: diffs, detailedDiff }];
  });
  return { steps, errors, same: summary?.resourceChanges?.["same"] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function where(error: z.ZodError): string {
  const { path = [], message } = error.issues[0] ?? {};
  return `${path.length === 0 ? "it" : path.join(".")} is not as Pulumi writes it (${message})`;
}

function errorsOf(diagnostics: z.infer<typeof diagnostic>[]): string[] {
  return diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
}

const operations: Record<string, Operation> = {
  same: "same",
  read: "same",
  refresh: "same",
  discard: "same",
  "remove-pending-replace": "same",
  create: "create",
  import: "create",
  update: "update",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  "read-replacement": "replace",
  "import-replacement": "replace",
  delete: "delete",
};

/** One step for each resource: a replacement may be told of in three. */
function merge(raw: Raw[]): Step[] {
  const byUrn = Map.groupBy(raw, ({ urn }) => urn);
  return [...byUrn.values()].map((group) => {
    const operation = group.map(({ op }) => operations[op] ?? "replace").find((op) => op !== "same") ?? "same";
    const told = group.find(({ op }) => operations[op] === operation) ?? group[0]!;
    const [before, after] = [
      masked(group.find((s) => s.oldState)?.oldState?.inputs),
      masked(group.findLast((s) => s.newState)?.newState?.inputs),
    ];
    const [, , path = "", name = ""] = told.urn.split("::");
    return {
      operation,
      urn: told.urn,
      type: path.split("$").at(-1)!,
      name,
      parent: (told.newState ?? told.oldState)?.parent || undefined,
      before,
      after,
      changes: operation === "update" || operation === "replace" ? changesOf(group, before, after) : [],
    };
  });
}

function changesOf(group: Raw[], before: Properties, after: Properties): Change[] {
  const details = Object.assign({}, ...group.map(({ detailedDiff }) => detailedDiff ?? {})) as z.infer<typeof detailedDiff>;
  const reasons = group.flatMap(({ replaceReasons }) => replaceReasons ?? []);
  const told = Object.keys(details).length > 0 ? Object.keys(details) : group.flatMap(({ diffReasons }) => diffReasons ?? []);
  // An engine that tells of none leaves the two states.
  const paths = told.length > 0 ? told : differences(before, after).map(({ path }) => path);
  return [...new Set([...paths, ...reasons])].map((path) => ({
    path,
    replaces: reasons.includes(path) || /replace/.test(details[path]?.kind ?? details[path]?.diffKind ?? ""),
    before: at(before, path),
    after: at(after, path),
  }));
}

/** The value at a property path, such as `a.b["c.d"][0]`. */
function at(value: unknown, path: string): unknown {
  const parts = [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, plain]) => quoted ?? index ?? plain ?? "",
  );
  return parts.reduce<unknown>((v, part) => (v === null || typeof v !== "object" ? undefined : (v as Properties)[part]), value);
}

export const secretMask = "[secret]";

/** Without what is secret: what is marked so, and what Kubernetes' Secrets hold. */
function masked(inputs: Properties = {}): Properties {
  const mask = (value: unknown, all: boolean): unknown => {
    if (isSecret(value)) return secretMask;
    if (Array.isArray(value)) return value.map((v) => mask(v, all));
    if (value !== null && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mask(v, all)]));
    return all ? secretMask : value;
  };
  const isKubernetesSecret = inputs["kind"] === "Secret" && inputs["apiVersion"] === "v1";
  return Object.fromEntries(
    Object.entries(inputs).map(([k, v]) => [k, mask(v, isKubernetesSecret && (k === "data" || k === "stringData"))]),
  );
}
