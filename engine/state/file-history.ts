import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Stack } from "../../config/stack-file.ts";
import type { Deployment } from "../../lib/deployment-record.ts";
import { UserError } from "../../lib/user-error.ts";
import { formatHistory, parseHistory, type HistoryStore } from "./history-store.ts";

/** The history in a file beside the state, which every write replaces atomically. */
export class FileHistory implements HistoryStore {
  /** Path of the file. */
  readonly file: string;
  private readonly stack: Stack;

  constructor(stack: Stack) {
    this.stack = stack;
    this.file = join(stack.folder, "history.json");
  }

  async load(): Promise<Deployment[]> {
    if (!existsSync(this.file)) return [];
    try {
      return parseHistory(readFileSync(this.file, "utf8"));
    } catch (error) {
      throw new UserError(`${this.file}: cannot be read (${(error as Error).message}). Restore it from a backup, or delete it.`);
    }
  }

  /** The lock also creates the folder. */
  async save(deployments: Deployment[]): Promise<void> {
    writeFileAtomic.sync(this.file, formatHistory(this.stack, deployments), { mode: 0o600 });
  }

  async setAside(): Promise<string> {
    const copy = `${this.file}.damaged`;
    renameSync(this.file, copy);
    return copy;
  }

  async remove(): Promise<void> {
    rmSync(this.file, { force: true });
  }
}
