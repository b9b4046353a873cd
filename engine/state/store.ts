import type { StateChange } from "./changes.ts";
import type { ResourceState } from "./checkpoint.ts";
import type { HistoryStore } from "./history-store.ts";

/** Where the embedded engine keeps the state of a stack. */
export interface StateStore {
  /** The deployments of the stack, beside its state. */
  readonly history: HistoryStore;
  /** Whether the stack has a state here. */
  exists(): Promise<boolean>;
  /**
   * The resources of the stack. None if it has no state.
   *
   * @throws UserError if the state cannot be read.
   */
  load(): Promise<ResourceState[]>;
  /** Replaces the state. It is stored once the promise is fulfilled. */
  save(resources: ResourceState[]): Promise<void>;
  /**
   * Stores changes of the state that was loaded, or stored last. They are stored once the promise is fulfilled. If it is rejected, the state
   * must be saved as a whole.
   *
   * @param all The state with the changes.
   */
  append(changes: StateChange[], all: () => ResourceState[]): Promise<void>;
  /** Deletes the state. */
  remove(): Promise<void>;
  /**
   * Locks the stack while `work` changes it.
   *
   * @param command What holds the lock, for messages: `slipway up`.
   * @throws LockedError that names the holder.
   */
  locked<T>(command: string, work: () => Promise<T>): Promise<T>;
}
