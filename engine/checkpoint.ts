import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { UserError } from "../lib/user-error.ts";
import { localKey, open, seal } from "../lib/secrets.ts";
import type { Stack } from "../config/stack-file.ts";
import { isSecret, secret, type Value } from "../lib/values.ts";

/** What is known of a resource, under the names of Pulumi's own deployment file. */
export interface ResourceState {
  urn: string;
  type: string;
  custom: boolean;
  id?: string;
  parent?: string;
  provider?: string;
  dependencies: string[];
  /** Those of the dependencies whose outputs are among its inputs. */
  uses?: string[];
  deletedWith?: string;
  inputs: Record<string, Value>;
  outputs: Record<string, Value>;
  /** It may be there or not: the run that was making it has not come to its end. */
  creating?: boolean;
  /** It is there, but what it was waited for did not come. */
  initErrors?: string[];
}

/** The state of a stack in a file, replaced whole with every step, its secrets sealed; the version before stays beside it. */
export class Checkpoint {
  readonly resources: Map<string, ResourceState>;
  private readonly file: string;
  private readonly stack: Stack;

  constructor(stack: Stack) {
    this.stack = stack;
    this.file = join(stack.folder, "checkpoint.json");
    this.resources = new Map(this.read().map((r) => [r.urn, r]));
  }

  save(): void {
    const { project, name } = this.stack;
    const content = { version: 1, project, stack: name, resources: [...this.resources.values()] };
    const sealed = (_key: string, v: Value) => (isSecret(v) ? secret({ ciphertext: seal(localKey(), JSON.stringify(v.value)) }) : v);
    mkdirSync(this.stack.folder, { recursive: true, mode: 0o700 });
    if (existsSync(this.file)) copyFileSync(this.file, `${this.file}.previous`);
    writeFileAtomic.sync(this.file, JSON.stringify(content, sealed, 2), { mode: 0o600 });
  }

  remove(): void {
    for (const ending of ["", ".previous"]) rmSync(this.file + ending, { force: true });
  }

  private read(): ResourceState[] {
    if (!existsSync(this.file)) return [];
    try {
      const opened = (_key: string, v: Value) => (isSecret(v) ? secret({ value: JSON.parse(open(localKey(), String(v.ciphertext))) }) : v);
      return JSON.parse(readFileSync(this.file, "utf8"), opened).resources;
    } catch (error) {
      const previous = `${this.file}.previous`;
      const remedy = existsSync(previous) ? `The version before the last change is beside it: cp ${previous} ${this.file}` : "";
      throw new UserError(`${this.file}: this checkpoint cannot be read (${(error as Error).message}). Nothing was changed. ${remedy}`);
    }
  }
}
