import type { DriftResult } from "../../engine/drift.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Properties } from "../../lib/values.ts";
import { parsePreview, type RawStep } from "../../review/preview/formats.ts";
import { failed, secretsIn } from "../../review/preview/read.ts";

/**
 * A refresh that writes nothing: https://www.pulumi.com/docs/iac/cli/commands/pulumi_refresh/. It runs no program. Its JSON has the form of
 * `pulumi preview --json` (pulumi, pkg/backend/display/json.go, ShowPreviewDigest).
 */
export const refreshArguments = ["refresh", "--preview-only", "--json"];

const source = `pulumi ${refreshArguments.join(" ")}`;

/**
 * The drift in what a refresh without changes prints. A step that is still `refresh` found nothing; a changed resource is an `update` from the
 * state to the live object, and a missing one a `delete` (RefreshStep.ResultOp in pulumi, pkg/resource/deploy/step.go).
 *
 * @throws UserError if the refresh failed, or is not complete.
 */
export function driftInRefresh(text: string, stack: string): DriftResult {
  const remedy = `Run ${source} --stack ${stack} to see why.`;
  const { steps, errors } = parsePreview(text, { from: source, stack, remedy });
  if (errors.length > 0) throw failed(`${source}: failed, so nobody knows whether the stack has drifted:`, errors, secretsIn(steps));
  const compared = steps.filter(({ old, type }) => old?.custom === true && !type.startsWith("pulumi:providers:"));
  const unknown = compared.find(({ op }) => !["refresh", "same", "update", "delete"].includes(op));
  if (unknown) throw new UserError(`${source}: has an unknown operation (${unknown.op} of ${unknown.urn}). ${remedy}`);
  return { compared: compared.length, drifted: compared.flatMap(driftedIn), uncompared: [] };
}

function driftedIn({ op, urn, type, old, new: live, detailed }: RawStep): DriftResult["drifted"] {
  const id = typeof old?.["id"] === "string" ? old["id"] : undefined;
  const resource = { urn, type, id, parent: old?.parent, inputs: old?.inputs ?? {} };
  if (op === "delete") return [{ ...resource, drift: { kind: "gone", problem: "does not exist" } }];
  if (op !== "update") return [];
  const all = (state: RawStep["old"]): Properties => ({ ...state?.outputs, ...state?.inputs });
  const paths = Object.keys(detailed ?? {});
  const replaces = Object.values(detailed ?? {}).some((kind) => kind.endsWith("-replace"));
  return [{ ...resource, drift: { kind: "changed", live: all(live), restored: all(old), paths, replaces } }];
}
