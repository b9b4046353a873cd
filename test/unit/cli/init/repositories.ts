import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { formatInit } from "../../../../cli/init/format.ts";
import { initialize, type Initialized, type InitOptions } from "../../../../cli/init/init.ts";
import { defaults } from "../../../../cli/init/questions.ts";

const folder = resolve("test/fixtures/repositories");

/** Repositories, each with what `slipway init` prints and writes there in `<name>.txt`. */
export const repositories = readdirSync(folder).filter((name) => !name.endsWith(".txt"));

/** A copy of a repository, in which a test runs. */
export class Repository implements Disposable {
  readonly path: string;
  private readonly checkout = process.cwd();

  constructor(name: string) {
    // The name of the folder is part of what is printed.
    this.path = join(realpathSync(mkdtempSync(join(tmpdir(), "slipway-init-"))), name);
    cpSync(join(folder, name), this.path, { recursive: true });
    process.chdir(this.path);
  }

  init(options: Partial<InitOptions> = {}): Promise<Initialized> {
    return initialize({ folder: ".", platform: "local", aws: false, dryRun: false, ask: defaults, ...options });
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), "utf8");
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.path, file), text);
  }

  has(file: string): boolean {
    return existsSync(join(this.path, file));
  }

  /** All files that are not in Git's folder or the state, with their contents. */
  files(): Record<string, string> {
    const entries = readdirSync(this.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(this.path.length + 1)).sort();
    return Object.fromEntries(paths.map((path) => [path, this.read(path)]));
  }

  [Symbol.dispose](): void {
    process.chdir(this.checkout);
    rmSync(join(this.path, ".."), { recursive: true });
  }
}

/** What `slipway init` prints and writes in a repository, or its error, without what differs each time. */
export async function initialized(name: string, options: Partial<InitOptions> = {}): Promise<string> {
  using repository = new Repository(name);
  const result = await repository.init(options).catch((error: Error) => error.message);
  if (typeof result === "string") return `error: ${result}\n`;
  const written = result.files.filter(({ state }) => state !== "unchanged").map(({ path }) => `==> ${path}\n${repository.read(path)}`);
  return [formatInit(result, options.folder ?? ".", options.dryRun ?? false), ...written]
    .join("\n")
    .replace(/(encryptionsalt|secure): v1:.*/g, "$1: …")
    .replace(/"slipway": "\d.*"/, '"slipway": "…"');
}

/** What is expected of a repository. */
export function expectedOf(name: string): string {
  return join(folder, `${name}.txt`);
}
