import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Stack } from "../../config/stack-file.ts";
import { locked } from "../../lib/file-lock.ts";
import { localKey, open, seal } from "../../lib/secrets.ts";
import { UserError } from "../../lib/user-error.ts";
import { isSecret, secret, type Value } from "../../lib/values.ts";
import type { ResourceState } from "./checkpoint.ts";
import { FileHistory } from "./file-history.ts";
import type { StateStore } from "./store.ts";

/** The state in one file of the checkout, which every write replaces atomically. Secrets are encrypted. The previous file is kept beside it. */
export class FileStore implements StateStore {
  /** Path of the file. */
  readonly file: string;
  readonly history: FileHistory;
  private readonly stack: Stack;

  constructor(stack: Stack) {
    this.stack = stack;
    this.file = join(stack.folder, "checkpoint.json");
    this.history = new FileHistory(stack);
  }

  async exists(): Promise<boolean> {
    return existsSync(this.file);
  }

  async load(): Promise<ResourceState[]> {
    return this.read(this.file);
  }

  /** The state before the last step that changed it. */
  async loadPrevious(): Promise<ResourceState[]> {
    return this.read(`${this.file}.previous`);
  }

  private read(file: string): ResourceState[] {
    if (!existsSync(file)) return [];
    try {
      const opened = (_key: string, v: Value) => (isSecret(v) ? secret({ value: JSON.parse(open(localKey(), String(v.ciphertext))) }) : v);
      return JSON.parse(readFileSync(file, "utf8"), opened).resources;
    } catch (error) {
      const previous = `${this.file}.previous`;
      const remedy = existsSync(previous) ? `Restore the previous checkpoint: cp ${previous} ${this.file}` : "Restore it from a backup.";
      throw new UserError(`${file}: cannot be read (${(error as Error).message}). Nothing was changed. ${remedy}`);
    }
  }

  /** The lock also creates the folder. */
  async save(resources: ResourceState[]): Promise<void> {
    const { project, name } = this.stack;
    const sealed = (_key: string, v: Value) => (isSecret(v) ? secret({ ciphertext: seal(localKey(), JSON.stringify(v.value)) }) : v);
    if (existsSync(this.file)) copyFileSync(this.file, `${this.file}.previous`);
    writeFileAtomic.sync(this.file, JSON.stringify({ version: 1, project, stack: name, resources }, sealed, 2), { mode: 0o600 });
  }

  async remove(): Promise<void> {
    for (const suffix of ["", ".previous"]) rmSync(this.file + suffix, { force: true });
  }

  locked<T>(command: string, work: () => Promise<T>): Promise<T> {
    return locked(this.stack.folder, `Stack "${this.stack.name}"`, command, work);
  }
}
