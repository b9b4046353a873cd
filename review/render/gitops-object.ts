import type { Properties } from "../../lib/values.ts";

/** What decides how a controller treats an object. */
export interface ObjectContext {
  /** How many services and jobs come before it at most. */
  stage: number;
  /** Whether the stack has volumes, so that its namespace must stay. */
  isKept: boolean;
}

/** An object with further annotations. */
export function annotated(object: Properties, annotations: Record<string, string>): Properties {
  if (Object.keys(annotations).length === 0) return object;
  const { metadata = {} } = object as { metadata?: Properties };
  return { ...object, metadata: { ...metadata, annotations: { ...metadata["annotations"], ...annotations } } };
}

/** Whether the deletion of an object deletes data. */
export function isData({ kind }: Properties, isKept: boolean): boolean {
  return kind === "PersistentVolumeClaim" || (kind === "Namespace" && isKept);
}
