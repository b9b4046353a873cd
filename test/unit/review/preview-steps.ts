import { differences } from "../../../lib/values.ts";
import { parsePath } from "../../../lib/property-path.ts";
import { leaves, type Operation, type Step } from "../../../review/preview/step.ts";

/** A step of a preview with these inputs before and after. In a replacement, every difference causes it. */
export function stepOf(type: string, operation: Operation, before: object, after: object, more: Partial<Step> = {}): Step {
  const changed = operation === "update" || operation === "replace" ? differences(before, after) : [];
  const replaces = operation === "replace";
  return {
    urn: `urn:pulumi:test::slipway::${type}::it`,
    type,
    name: "it",
    parent: undefined,
    custom: true,
    operation,
    rawOperation: operation,
    changes: changed.flatMap(({ path, before, after }) => leaves({ path: parsePath(path), replaces, before, after })),
    before,
    after,
    deletesFirst: false,
    retained: false,
    protected: false,
    ...more,
  };
}
