import { isDeepStrictEqual } from "node:util";
import type { Properties } from "../../lib/values.ts";
import type { Path } from "../../lib/property-path.ts";

/** What happens to a resource; the parts of a replacement are one. */
export type Operation = "same" | "create" | "import" | "update" | "replace" | "delete" | "unknown";

/** A property that another value is seen for. */
export interface Change {
  path: Path;
  /** Why the resource is replaced. */
  replaces: boolean;
  /** What was and what comes, without secrets; undefined where there is nothing. */
  before: unknown;
  after: unknown;
}

/** A change of a map as those of what is in it, at any depth. */
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

/** What a preview says of one resource. Properties hold no secrets, but `[secret]` in their place. */
export interface Step {
  urn: string;
  type: string;
  name: string;
  parent: string | undefined;
  /** A resource of a provider, and no component. */
  custom: boolean;
  operation: Operation;
  /** The operation as the preview has it. */
  said: string;
  changes: Change[];
  /** Inputs as they were and as they come; empty where there are none. */
  before: Properties;
  after: Properties;
  /** Of a replacement: the old resource goes before the new one is there. */
  deletesFirst: boolean;
  /** It is only forgotten, and stays where it is. */
  retained: boolean;
  /** Pulumi refuses to delete it. */
  protected: boolean;
}

/** What a run of the program would do to a stack. */
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
  // What is read is not changed; what is discarded was read.
  read: "same",
  "read-replacement": "same",
  refresh: "same",
  discard: "same",
  "discard-replaced": "same",
};
