import { UserError } from "../lib/user-error.ts";
import type { ResourceState } from "./checkpoint.ts";
import type { Properties } from "../lib/values.ts";

/** What is to be done about a resource that the checkpoint has: nothing, or this for these properties' sake; or it is gone. */
export type Change = { kind: "same" | "gone" } | { kind: "update" | "replace"; because: string[]; deleteFirst?: boolean };

export interface Context {
  /** Nothing may be changed: outputs are foretold. */
  preview: boolean;
  /** Inputs of the provider resource. */
  settings: Properties;
  /** The resource's name in the program. */
  name: string;
  /** The id of what an interrupted run may have made of this resource: what is there by it is the stack's own. */
  interrupted?: string;
  timeoutSeconds?: number;
  /** Aborted once the run has failed elsewhere: nothing is waited for any more. */
  signal: AbortSignal;
  /** Says what is being waited for. */
  progress: (what: string) => void;
  /** Notes that from now on the resource may be there, whatever happens; by this id, if not by its `name` property. */
  creating: (id?: string) => void;
}

/** Carries out what is registered, for the resource types of one package. Inputs and outputs have no marks of secrecy. */
export interface Provider {
  diff(state: ResourceState, inputs: Properties, context: Context): Promise<Change>;
  create(type: string, inputs: Properties, context: Context): Promise<{ id: string; outputs: Properties }>;
  /** Returns the outputs. */
  update(state: ResourceState, inputs: Properties, context: Context): Promise<Properties>;
  delete(state: ResourceState, context: Context): Promise<void>;
}

/** It exists, but did not become what it was waited for. */
export class NotReady extends Error {
  readonly id: string;
  readonly outputs: Properties;
  constructor(message: string, id: string, outputs: Properties) {
    super(message);
    this.id = id;
    this.outputs = outputs;
  }
}

/** What is said where the embedded engine cannot do something. */
export function needsCLI(what: string): UserError {
  return new UserError(`the embedded engine ${what}; that needs the Pulumi CLI (SLIPWAY_ENGINE=pulumi)`);
}

/** For types that only the Pulumi CLI has: a preview tells of them, an update refuses them. */
export function foretold(type: string): Provider {
  const refuse = () => Promise.reject(needsCLI(`has no provider for ${type}`));
  const create: Provider["create"] = (_type, outputs, { preview }) => (preview ? Promise.resolve({ id: "", outputs }) : refuse());
  return { diff: refuse, create, update: refuse, delete: refuse };
}
