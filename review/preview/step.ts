import { isDeepStrictEqual } from "node:util";
import type { Properties } from "../../lib/values.ts";
import type { Path } from "../../lib/property-path.ts";

/** What happens to a resource. The steps of a replacement are one operation. */
export type Operation = "same" | "create" | "import" | "update" | "replace" | "delete" | "unknown";

/** A changed property. */
export interface Change {
  path: Path;
  /** Whether the change causes the replacement of the resource. */
  replaces: boolean;
  /** Values without secrets. Undefined means not set. */
  before: unknown;
  after: unknown;
}

/** Splits the change of a map into changes of its entries, at any depth. */
export function leaves({ path, before, after, replaces }: Change): Change[] {
  const keys = [before, after].flatMap((value) => (isMap(value) ? Object.keys(value as object) : []));
  if (keys.length === 0 || ![before, after].every((value) => value === undefined || isMap(value)))
    return [{ path, replaces, before, after }];
  const below = (value: unknown, key: string) => (value as Properties | undefined)?.[key] as unknown;
  const changed = [...new Set(keys)].filter((key) => !isDeepStrictEqual(below(before, key), below(after, key)));
  return changed.flatMap((key) => leaves({ path: [...path, key], replaces, before: below(before, key), after: below(after, key) }));
}

function isMap(value: unknown): boolean {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** What a preview reports about one resource. Secrets in properties are replaced by `[secret]`. */
export interface Step {
  urn: string;
  type: string;
  name: string;
  parent: string | undefined;
  /** Whether a provider manages the resource. False for components. */
  custom: boolean;
  operation: Operation;
  /** The operation as the preview names it. */
  rawOperation: string;
  changes: Change[];
  /** Inputs before and after the step. Empty if there are none. */
  before: Properties;
  after: Properties;
  /** Whether a replacement deletes the old resource before it creates the new one. */
  deletesFirst: boolean;
  /** Whether a deletion only removes the resource from the state (retainOnDelete). */
  retained: boolean;
  /** Whether Pulumi rejects the deletion of the resource. */
  protected: boolean;
}

/** The changes that an update would make to a stack. */
export interface Preview {
  project: string;
  stack: string;
  steps: Step[];
}

/** Operations as Pulumi names them (pulumi, sdk/go/common/apitype/updates.go). */
export const operations: Record<string, Operation> = {
  same: "same",
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  "import-replacement": "replace",
  "remove-pending-replace": "same",
  import: "import",
  // A read resource is not changed. A discarded one was read before.
  read: "same",
  "read-replacement": "same",
  refresh: "same",
  discard: "same",
  "discard-replaced": "same",
};
