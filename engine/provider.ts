import { UserError } from "../lib/user-error.ts";
import type { ResourceState } from "./state/checkpoint.ts";
import type { Properties } from "../lib/values.ts";

/** What a resource in the checkpoint needs: nothing, an update or a replacement because of some properties, or to be created again. */
export type Change = { kind: "same" | "gone" } | { kind: "update" | "replace"; because: string[]; deleteFirst?: boolean };

export interface Context {
  /** Nothing may be changed. Outputs are predicted. */
  preview: boolean;
  /** Inputs of the provider resource. */
  settings: Properties;
  /** The resource's name in the program. */
  name: string;
  /** The id under which an interrupted run may have created the resource. An object with this id belongs to the stack. */
  interrupted?: string;
  timeoutSeconds?: number;
  /** Aborted once the run has failed. Nothing waits for readiness any more. */
  signal: AbortSignal;
  /** Reports what the step waits for. */
  progress: (what: string) => void;
  /**
   * Records that the resource may exist from now on, under this id. To be awaited before anything is created. @default - the `name` property
   * is the id
   */
  creating: (id?: string) => Promise<void>;
}

/** Who has changed a property outside Slipway, as far as the platform records it. */
export interface Author {
  /** The field manager in Kubernetes: `kubectl-edit`. */
  manager: string;
  /** @default - not recorded */
  time?: string | undefined;
}

/** How a live object differs from the state: not at all, it does not exist or does not run, or in some properties. */
export type Drift =
  | { kind: "same" }
  | { kind: "gone"; problem: string }
  | {
      kind: "changed";
      /** The properties of the live object, and what they would be if it was restored. Lists have their entries at the same places. */
      live: Properties;
      restored: Properties;
      /** Paths of the properties that differ. */
      paths: string[];
      /** By path. @default - not recorded */
      authors?: Record<string, Author>;
      /** Whether the object must be replaced to restore it. @default false */
      replaces?: boolean;
    };

/** Manages the resource types of one package. Inputs and outputs have no secret marks. */
export interface Provider {
  diff(state: ResourceState, inputs: Properties, context: Context): Promise<Change>;
  create(type: string, inputs: Properties, context: Context): Promise<{ id: string; outputs: Properties }>;
  /** Returns the outputs. */
  update(state: ResourceState, inputs: Properties, context: Context): Promise<Properties>;
  delete(state: ResourceState, context: Context): Promise<void>;
  /**
   * Compares the live object with the state. Changes nothing.
   *
   * @throws Error if the object cannot be read.
   */
  drift(state: ResourceState, context: Context): Promise<Drift>;
}

/** The resource exists but did not become ready. */
export class NotReady extends Error {
  readonly id: string;
  readonly outputs: Properties;
  constructor(message: string, id: string, outputs: Properties) {
    super(message);
    this.id = id;
    this.outputs = outputs;
  }
}

/** The error for what the embedded engine cannot do: `needsCLI("does not support protect")`. */
export function needsCLI(what: string): UserError {
  return new UserError(`the embedded engine ${what}. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).`);
}

/** For types that only the Pulumi CLI can deploy: a preview shows them, an update rejects them. */
export function previewOnly(type: string): Provider {
  const reject = () => Promise.reject(needsCLI(`has no provider for ${type}`));
  const create: Provider["create"] = (_type, outputs, { preview }) => (preview ? Promise.resolve({ id: "", outputs }) : reject());
  return { diff: reject, create, update: reject, delete: reject, drift: reject };
}
