import { TolerationEffect, TolerationOperator, type TolerationArgs, type WebServiceArgs } from "../../../web-service-args.ts";
import { problemWithKey, problemWithLabelValue, problemWithObjectName } from "../../../../lib/kubernetes-names.ts";
import { ifKnown, prefixed, type Report } from "../../../../lib/problem.ts";

const operators: string[] = Object.values(TolerationOperator);
const effects: string[] = Object.values(TolerationEffect);

/** Priority, and the nodes that pods may run on. */
export function checkPlacement(args: WebServiceArgs, report: Report): void {
  report(["priorityClassName"], ifKnown(args.priorityClassName, problemWithObjectName));
  checkLabels(["nodeSelector"], args.nodeSelector, report);
  for (const [i, toleration] of (args.tolerations ?? []).entries())
    checkToleration(toleration, (key, message) => report(["tolerations", i, ...key], message));
}

function checkToleration({ key, operator, value, effect }: TolerationArgs, report: Report): void {
  report(["key"], ifKnown(key, problemWithKey));
  report(["value"], ifKnown(value, problemWithLabelValue));
  report(["operator"], operator !== undefined && !operators.includes(operator) && `must be ${operators.join(" or ")} (got "${operator}")`);
  report(["effect"], effect !== undefined && !effects.includes(effect) && `must be ${effects.join(" or ")} (got "${effect}")`);
  report(["value"], operator === "Exists" && value !== undefined && "is not used with operator Exists. Remove one of them");
  report(
    ["key"],
    key === undefined && (value !== undefined || operator === "Equal") && "is missing. Set the key, or only operator: Exists",
  );
}

/** Keys and values of labels. */
export function checkLabels(path: (string | number)[], labels: Record<string, unknown> | undefined, report: Report): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    report([...path, key], prefixed("the key", problemWithKey(key)));
    report([...path, key], ifKnown(value, problemWithLabelValue));
  }
}

/** Keys of annotations; their values may be anything. */
export function checkAnnotations(path: string[], annotations: Record<string, unknown> | undefined, report: Report): void {
  for (const key of Object.keys(annotations ?? {})) report([...path, key], prefixed("the key", problemWithKey(key)));
}
