import { reasonAnnotation, reasonLabel } from "../../lib/security-level.ts";
import type { Properties } from "../../lib/values.ts";
import { labelOf } from "../impact/rule.ts";
import { listOf, type Resource } from "./rule.ts";

/** Why a workload has the security level `baseline`; undefined if it does not. */
export function baselineReason({ inputs }: Resource): string | undefined {
  const { annotations } = inputs.metadata ?? {};
  const label = listOf<Properties>(inputs.labels).find((one) => one.label === reasonLabel);
  const reason: unknown = annotations?.[reasonAnnotation] ?? label?.value;
  return typeof reason === "string" ? reason : undefined;
}

/** Why a namespace may enforce no more than `baseline`: the workloads that need it. */
export function baselineWorkloads(others: Resource[]): string | undefined {
  const names = others.filter((other) => baselineReason(other) !== undefined).map(labelOf);
  return names.length > 0 ? `${names.join(", ")} ${names.length === 1 ? "has" : "have"} the level baseline` : undefined;
}
