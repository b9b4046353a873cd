import { closeSync, copyFileSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../components/internal/user-error.ts";
import { checkpointKey, open, seal, type Stack } from "./stack.ts";
import { isSecret, secret, type Value } from "./values.ts";

/** What is known of a resource, under the names that Pulumi's own deployment file uses. */
export interface ResourceState {
  urn: string;
  type: string;
  custom: boolean;
  id?: string;
  parent?: string;
  provider?: string;
  dependencies: string[];
  deletedWith?: string;
  inputs: Record<string, Value>;
  outputs: Record<string, Value>;
  /** Made, but what it was waited for did not come: waited for again next time. */
  initErrors?: string[];
}

interface Deployment {
  version: 1;
  project: string;
  stack: string;
  resources: ResourceState[];
  /** Creations under way when this was written; after a crash they may have happened. */
  pendingOperations: string[];
}

/**
 * The state of a stack in a file, replaced whole with every step and with its secrets sealed. The previous version stays
 * beside it.
 */
export class Checkpoint {
  readonly resources: Map<string, ResourceState>;
  readonly pending: Set<string>;
  private readonly file: string;
  private readonly stack: Stack;
  private readonly key = checkpointKey();

  constructor(stack: Stack) {
    this.stack = stack;
    this.file = join(stack.folder, "checkpoint.json");
    const { resources, pendingOperations } = this.read();
    this.resources = new Map(resources.map((r) => [r.urn, r]));
    this.pending = new Set(pendingOperations);
  }

  static exists(stack: Stack): boolean {
    return existsSync(join(stack.folder, "checkpoint.json"));
  }

  save(): void {
    const content: Deployment = {
      version: 1,
      project: this.stack.project,
      stack: this.stack.name,
      resources: [...this.resources.values()],
      pendingOperations: [...this.pending],
    };
    const text = JSON.stringify(content, (_key, value) => (isSecret(value) ? { ...secret(undefined), ciphertext: seal(this.key, JSON.stringify(value.value)) } : value), 2);
    mkdirSync(this.stack.folder, { recursive: true, mode: 0o700 });
    const partial = `${this.file}.new`;
    const handle = openSync(partial, "w", 0o600);
    writeSync(handle, text);
    fsyncSync(handle);
    closeSync(handle);
    if (existsSync(this.file)) copyFileSync(this.file, `${this.file}.previous`);
    renameSync(partial, this.file);
  }

  remove(): void {
    for (const ending of ["", ".previous", ".new"]) rmSync(this.file + ending, { force: true });
  }

  private read(): Deployment {
    if (!existsSync(this.file)) return { version: 1, project: "", stack: "", resources: [], pendingOperations: [] };
    try {
      return JSON.parse(readFileSync(this.file, "utf8"), (_key, value) => (isSecret(value) ? secret(this.unseal(String(value.ciphertext))) : value));
    } catch (error) {
      const previous = existsSync(`${this.file}.previous`) ? `The version before the last change is beside it: cp ${this.file}.previous ${this.file}` : "There is no earlier version beside it.";
      throw new UserError(`${this.file}: the checkpoint of stack "${this.stack.name}" cannot be read (${(error as Error).message}). Nothing was changed. ${previous}`);
    }
  }

  private unseal(ciphertext: string): Value {
    const text = open(this.key, ciphertext);
    if (text === undefined) throw new Error("its secrets were sealed with another key than .slipway/key");
    return JSON.parse(text);
  }
}
