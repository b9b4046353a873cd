import { plain, type Value } from "../../lib/values.ts";
import { TrackedResources } from "./changes.ts";
import type { StateStore } from "./store.ts";

/** The state of a resource. The names are those of Pulumi's deployment file. */
export interface ResourceState {
  urn: string;
  type: string;
  custom: boolean;
  id?: string;
  parent?: string;
  provider?: string;
  dependencies: string[];
  /** The dependencies whose outputs are among the inputs. */
  uses?: string[];
  deletedWith?: string;
  /** A deletion only removes it from the state. */
  retainOnDelete?: boolean;
  inputs: Record<string, Value>;
  outputs: Record<string, Value>;
  /** The run that creates the resource has not finished, so the resource may or may not exist. */
  creating?: boolean;
  /** The resource exists but did not become ready. */
  initErrors?: string[];
}

/** The URN in a reference to a provider, `<urn>::<id>`. */
export function providerUrn({ provider }: { provider?: string | undefined }): string | undefined {
  return provider?.slice(0, provider.lastIndexOf("::"));
}

/** The old resource of a replacement. It is deleted at the end of the run, or of the next one. */
export function isReplaced({ urn }: Pick<ResourceState, "urn">): boolean {
  return urn.includes("#");
}

/** The state without secret marks, as providers take it. */
export function decrypted(state: ResourceState): ResourceState {
  return { ...state, inputs: plain(state.inputs), outputs: plain(state.outputs) };
}

/** The state of a stack during a run. Every step stores what it changes. */
export class Checkpoint {
  readonly resources: TrackedResources;
  private readonly store: StateStore;
  private writing: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;
  /** Whether changes could not be stored, so that the next write must store everything. */
  private isIncomplete = false;

  private constructor(store: StateStore, resources: ResourceState[]) {
    this.store = store;
    this.resources = new TrackedResources(resources);
  }

  /** Reads the state. @throws UserError if it cannot be read. */
  static async open(store: StateStore): Promise<Checkpoint> {
    return new Checkpoint(store, await store.load());
  }

  /**
   * Stores what the state is now, or something newer. Steps that end while the state is being written share the next write. The stack must be
   * locked.
   */
  save(): Promise<void> {
    return this.write((all) => {
      const changes = this.resources.takeChanges();
      return this.isIncomplete ? this.store.save(all()) : changes.length === 0 ? Promise.resolve() : this.store.append(changes, all);
    });
  }

  /** Stores the state as a whole, at the end of a run. */
  async finish(): Promise<void> {
    await this.next?.catch(() => undefined);
    await this.write((all) => {
      this.resources.takeChanges();
      return this.store.save(all());
    });
  }

  private write(store: (all: () => ResourceState[]) => Promise<void>): Promise<void> {
    this.next ??= this.writing
      .catch(() => undefined) // whoever asked for that write was told
      .then(() => {
        this.next = undefined;
        this.writing = store(() => [...this.resources.values()]).then(
          () => void (this.isIncomplete = false),
          (error: unknown) => {
            this.isIncomplete = true;
            throw error;
          },
        );
        return this.writing;
      });
    return this.next;
  }

  async remove(): Promise<void> {
    await this.store.remove();
  }
}
