import type { ResourceState } from "../checkpoint.ts";

export type Properties = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- what a resource has is its provider's to know

/** What a change of inputs, or of what is there, asks for. */
export type Change = { kind: "same" } | { kind: "update" | "replace"; reasons: string[] };

export interface Context {
  preview: boolean;
  /** The resource's name, for messages. */
  name: string;
  /** Inputs of the provider resource that the resource uses. */
  settings: Properties;
  /** An earlier run was interrupted while it made this resource: what is there under its name is the stack's own. */
  interrupted: boolean;
  timeoutSeconds?: number;
  /** Aborted when the run has failed elsewhere and nothing should be waited for any more. */
  signal: AbortSignal;
  /** Tells what is being waited for. */
  progress(what: string): void;
}

/**
 * Carries out what is registered for the resource types of one package. Inputs and outputs are plain, without marks of
 * secrecy.
 */
export interface Provider {
  /** What is there, as outputs; undefined if nothing is. */
  read(state: ResourceState, context: Context): Promise<Properties | undefined>;
  diff(state: ResourceState, live: Properties, inputs: Properties, context: Context): Promise<Change>;
  create(type: string, inputs: Properties, context: Context): Promise<{ id: string; outputs: Properties }>;
  update(state: ResourceState, inputs: Properties, context: Context): Promise<Properties>;
  /** Outputs that a preview can foretell, of a creation (no state) or an update. */
  foretell(state: ResourceState | undefined, type: string, inputs: Properties, context: Context): Promise<Properties>;
  delete(state: ResourceState, context: Context): Promise<void>;
}

/** A resource that exists but did not become what it was waited for. */
export class NotReady extends Error {
  readonly id: string;
  readonly outputs: Properties;
  constructor(message: string, id: string, outputs: Properties) {
    super(message);
    this.id = id;
    this.outputs = outputs;
  }
}
