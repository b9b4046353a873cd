import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { UserError } from "../lib/user-error.ts";
import { localKey, open, seal } from "../lib/secrets.ts";
import type { Stack } from "../config/stack-file.ts";
import { isSecret, secret, type Value } from "../lib/values.ts";

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

/** The state of a stack in one file, which every step replaces atomically. Secrets are encrypted. The previous file is kept beside it. */
export class Checkpoint {
  readonly resources: Map<string, ResourceState>;
  private readonly file: string;
  private readonly stack: Stack;

  constructor(stack: Stack) {
    this.stack = stack;
    this.file = join(stack.folder, "checkpoint.json");
    this.resources = new Map(this.read().map((r) => [r.urn, r]));
  }

  /** The stack must be locked: its lock also creates the folder. */
  save(): void {
    const { project, name } = this.stack;
    const content = { version: 1, project, stack: name, resources: [...this.resources.values()] };
    const sealed = (_key: string, v: Value) => (isSecret(v) ? secret({ ciphertext: seal(localKey(), JSON.stringify(v.value)) }) : v);
    if (existsSync(this.file)) copyFileSync(this.file, `${this.file}.previous`);
    writeFileAtomic.sync(this.file, JSON.stringify(content, sealed, 2), { mode: 0o600 });
  }

  remove(): void {
    for (const suffix of ["", ".previous"]) rmSync(this.file + suffix, { force: true });
  }

  private read(): ResourceState[] {
    if (!existsSync(this.file)) return [];
    try {
      const opened = (_key: string, v: Value) => (isSecret(v) ? secret({ value: JSON.parse(open(localKey(), String(v.ciphertext))) }) : v);
      return JSON.parse(readFileSync(this.file, "utf8"), opened).resources;
    } catch (error) {
      const previous = `${this.file}.previous`;
      const remedy = existsSync(previous) ? `Restore the previous checkpoint: cp ${previous} ${this.file}` : "Restore it from a backup.";
      throw new UserError(`${this.file}: cannot be read (${(error as Error).message}). Nothing was changed. ${remedy}`);
    }
  }
}
