import type { DriftedResource, DriftResult, Uncompared } from "../../engine/drift.ts";
import type { Author } from "../../engine/provider.ts";
import { imageTypes, needsBuild } from "../../engine/drift.ts";
import { Impact, worst } from "../../lib/impact.ts";
import { parsePath, startsWith } from "../../lib/property-path.ts";
import type { Properties } from "../../lib/values.ts";
import { impactRules, impactsOf, type StepImpact } from "../../review/impact/step-impact.ts";
import { kindOf, type ImpactRule } from "../../review/impact/rule.ts";
import type { RawStep } from "../../review/preview/formats.ts";
import { secretsIn, stepsOf } from "../../review/preview/read.ts";
import type { Change, Step } from "../../review/preview/step.ts";

/** An object that differs from the state. */
export interface DriftedObject {
  /** What has happened to the object, and what that does to users. */
  happened: StepImpact;
  /** What happens to users if the object is restored. */
  restored: StepImpact;
  /** The name of the object where it is: `namespace/name` in Kubernetes. */
  id: string | undefined;
  /** Why it counts as missing. @default - it exists */
  missing?: string;
  /** The properties that differ: `before` is the value in the state, `after` the live one. */
  changes: (Change & { author?: Author | undefined })[];
  /** Whether only a build can restore it. */
  needsBuild: boolean;
}

/** The drift of a stack, without secrets. */
export interface DriftReport {
  project: string;
  stack: string;
  compared: number;
  /** The worst impact first. */
  objects: DriftedObject[];
  uncompared: (Omit<Uncompared, "inputs"> & { name: string })[];
}

/** The impact of a deletion by somebody else differs from that of a deletion by Slipway: nothing takes the place of the object. */
const driftRules: ImpactRule[] = [
  {
    id: "image-missing",
    types: imageTypes,
    operations: ["delete"],
    impact: Impact.Downtime,
    reason: "running pods and containers go on, but new ones cannot pull the image",
  },
  {
    id: "container-lost",
    types: ["docker:index/*:Container"],
    operations: ["delete"],
    when: ({ urn }) => !urn.includes("slipway:index:LocalCluster$"),
    impact: Impact.Downtime,
    reason: "the container serves no requests",
  },
  {
    id: "proxy-route-lost",
    types: [dynamic("ProxyRoute")],
    operations: ["delete"],
    impact: Impact.Downtime,
    reason: "the proxy no longer routes requests to the service",
  },
];

function dynamic(kind: string): string {
  return `pulumi-nodejs:dynamic/slipway:${kind}`;
}

/** The drift with its impacts, and with `[secret]` instead of secrets. */
export function reportOf(
  { project, name }: { project: string; name: string },
  { compared, drifted, uncompared }: DriftResult,
): DriftReport {
  const happened = drifted.map((resource) => stepOf(resource, "happened"));
  const undone = drifted.map((resource) => stepOf(resource, "restored"));
  const unread = uncompared.map(({ inputs, ...one }) =>
    stepOf({ ...one, inputs, parent: undefined, drift: { kind: "gone", problem: "" } }, "happened"),
  );
  const secrets = secretsIn([...happened, ...undone, ...unread]);
  const impacts = (raw: RawStep[], rules: ImpactRule[]) =>
    new Map(impactsOf({ project, stack: name, steps: stepsOf(raw, secrets) }, rules).map((impact) => [impact.step.urn, impact]));
  const [effects, restorations] = [impacts(happened, [...driftRules, ...impactRules]), impacts(undone, impactRules)];
  const objects = [...effects.values()].map((effect): DriftedObject => {
    const { drift, id, type } = drifted.find(({ urn }) => urn === effect.step.urn)!;
    const authors = drift.kind === "changed" ? (drift.authors ?? {}) : {};
    return {
      happened: effect,
      restored: createdAgain(restorations.get(effect.step.urn)!),
      id: id === undefined ? undefined : secrets.hideIn(id),
      ...(drift.kind === "gone" && { missing: drift.problem }),
      changes: effect.step.changes.map((change) => ({ ...change, author: authorOf(change, authors) })),
      needsBuild: needsBuild(type),
    };
  });
  const unknown = uncompared.map(({ urn, type, id, problem }) => {
    return { urn, type, name: String(urn.split("::").at(-1)), id, problem: secrets.hideIn(problem) };
  });
  return { project, stack: name, compared, objects, uncompared: unknown };
}

/** The rules for new objects say that nothing depends on them yet. */
function createdAgain(restored: StepImpact): StepImpact {
  if (restored.step.operation !== "create") return restored;
  const reason = `the ${kindOf(restored.step.type)} is created again`;
  const findings = restored.findings.map((finding) => (finding.impact === Impact.Nothing ? { ...finding, reason } : finding));
  return { ...restored, findings };
}

/** The overall impact of what has happened. */
export function impactOf({ objects }: DriftReport): Impact {
  return worst(objects.map(({ happened }) => happened.impact));
}

/** A step as a preview has it: from the state to the live object, or back. */
function stepOf({ urn, type, parent, inputs, drift }: DriftedResource, direction: "happened" | "restored"): RawStep {
  const state = (of: Properties) => ({ custom: true, inputs: of, outputs: undefined, ...(parent !== undefined && { parent }) });
  const raw = (op: string, from?: Properties, to?: Properties, detailed?: Record<string, string>): RawStep => {
    const [old, next] = [from && state(from), to && state(to)];
    // The inputs in the state say what is secret, even if nothing of it is shown.
    const states = [old, next, state(inputs)].filter((one) => one !== undefined);
    return { op, urn, type, old, new: next, states, detailed, reasons: [] };
  };
  if (drift.kind === "gone") return direction === "happened" ? raw("delete", inputs) : raw("create", undefined, inputs);
  const { live, restored, paths, replaces = false } = drift;
  const kindOfChange = direction === "restored" && replaces ? "update-replace" : "update";
  const detailed = Object.fromEntries(paths.map((path) => [path, kindOfChange]));
  if (direction === "happened") return raw("update", restored, live, detailed);
  if (!replaces) return raw("update", live, restored, detailed);
  const replacement = raw("replace", live, restored, detailed);
  return { ...replacement, old: { ...state(live), pendingReplacement: true } };
}

/** Who has made a change: the author of the property or of one that contains it. */
function authorOf({ path }: Change, authors: Record<string, Author>): Author | undefined {
  const key = Object.keys(authors).find((text) => startsWith(path, parsePath(text)));
  return key === undefined ? undefined : authors[key];
}

/** `Deployment web`'s name in the cluster, if it says more than the label. */
export function placeOf({ id }: DriftedObject, { name }: Pick<Step, "name">): string {
  return id === undefined || id === name ? "" : ` (${id.replace(/^([\da-f]{12})[\da-f]{52}$/, "$1")})`;
}
