import { closeSync, copyFileSync, existsSync, fdatasyncSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Stack } from "../../config/stack-file.ts";
import { locked } from "../../lib/file-lock.ts";
import { localKey, open, seal } from "../../lib/secrets.ts";
import { UserError } from "../../lib/user-error.ts";
import { isSecret, secret, type Value } from "../../lib/values.ts";
import { withChanges, type StateChange } from "./changes.ts";
import type { ResourceState } from "./checkpoint.ts";
import { FileHistory } from "./file-history.ts";
import { journalRecord, readJournal } from "./journal.ts";
import type { StateStore } from "./store.ts";

/** Version of the file. Older ones have no other form. */
const version = 1;

/** The journal in a file is not longer than the state before it, or this many bytes. */
const shortestJournal = 1024 * 1024;

/**
 * The state in one file of the checkout. During a run, changes are appended to it, each stored before the run goes on. Later, all is written again,
 * which replaces the file atomically: when the journal is as long as what is before it, and at the end of a run. Secrets are encrypted. The file as
 * the run before has left it is kept beside it.
 */
export class FileStore implements StateStore {
  /** Path of the file. */
  readonly file: string;
  readonly history: FileHistory;
  private readonly stack: Stack;
  /** Whether a record can be appended to the file: it was written, or read without a journal, by this object. */
  private isAppendable = false;
  /** Bytes of the state in the file, and of the journal behind it. */
  private sizes = { state: 0, journal: 0 };
  private keepsPrevious = false;

  constructor(stack: Stack) {
    this.stack = stack;
    this.file = join(stack.folder, "checkpoint.json");
    this.history = new FileHistory(stack);
  }

  async exists(): Promise<boolean> {
    return existsSync(this.file);
  }

  async load(): Promise<ResourceState[]> {
    const { resources, isClean, size } = this.read(this.file);
    this.isAppendable = isClean;
    this.sizes = { state: size, journal: 0 };
    this.keepsPrevious = false;
    return resources;
  }

  /** The state before the last run that changed it. */
  async loadPrevious(): Promise<ResourceState[]> {
    return this.read(`${this.file}.previous`).resources;
  }

  private read(file: string): { resources: ResourceState[]; isClean: boolean; size: number } {
    if (!existsSync(file)) return { resources: [], isClean: false, size: 0 };
    try {
      const opened = (_key: string, v: Value) => (isSecret(v) ? secret({ value: JSON.parse(open(localKey(), String(v.ciphertext))) }) : v);
      const content = readFileSync(file, "utf8");
      const { document, records, isTorn } = readJournal(content);
      const state = JSON.parse(document, opened) as { version: number; resources: ResourceState[] };
      if (state.version > version) throw new Error(`its version is ${state.version}, and this Slipway reads ${version}. Upgrade Slipway`);
      const changes = records.flatMap((record) => JSON.parse(record, opened) as StateChange[]);
      const isClean = records.length === 0 && !isTorn && content.endsWith("\n");
      return { resources: withChanges(state.resources, changes), isClean, size: Buffer.byteLength(content) };
    } catch (error) {
      const previous = `${this.file}.previous`;
      const remedy = existsSync(previous) ? `Restore the previous checkpoint: cp ${previous} ${this.file}` : "Restore it from a backup.";
      throw new UserError(`${file}: cannot be read (${(error as Error).message}). Nothing was changed. ${remedy}`);
    }
  }

  /** The lock also creates the folder. */
  async save(resources: ResourceState[]): Promise<void> {
    const { project, name } = this.stack;
    this.keepPrevious();
    this.isAppendable = false;
    const text = `${sealedJson({ version, project, stack: name, resources }, 2)}\n`;
    writeFileAtomic.sync(this.file, text, { mode: 0o600 });
    this.isAppendable = true;
    this.sizes = { state: Buffer.byteLength(text), journal: 0 };
  }

  async append(changes: StateChange[], all: () => ResourceState[]): Promise<void> {
    const { state, journal } = this.sizes;
    if (!this.isAppendable || journal > Math.max(state, shortestJournal)) return this.save(all());
    this.keepPrevious();
    const record = journalRecord(sealedJson(changes));
    this.isAppendable = false; // if this fails
    const file = openSync(this.file, "a");
    try {
      writeFileSync(file, record);
      fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
    this.isAppendable = true;
    this.sizes.journal += Buffer.byteLength(record);
  }

  private keepPrevious(): void {
    if (!this.keepsPrevious && existsSync(this.file)) copyFileSync(this.file, `${this.file}.previous`);
    this.keepsPrevious = true;
  }

  async remove(): Promise<void> {
    for (const suffix of ["", ".previous"]) rmSync(this.file + suffix, { force: true });
    this.isAppendable = false;
  }

  locked<T>(command: string, work: () => Promise<T>): Promise<T> {
    return locked(this.stack.folder, `Stack "${this.stack.name}"`, command, work);
  }
}

/** JSON in which the secrets are encrypted. */
function sealedJson(value: unknown, indent?: number): string {
  const sealed = (_key: string, v: Value) => (isSecret(v) ? secret({ ciphertext: seal(localKey(), JSON.stringify(v.value)) }) : v);
  return JSON.stringify(value, sealed, indent);
}
