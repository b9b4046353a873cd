import type { Stats } from "node:fs";
import { basename, sep } from "node:path";
import { watch, type FSWatcher } from "chokidar";

/** When changes count. */
export interface Patience {
  /** Milliseconds without a further change after which a change counts. Editors write a file in several steps. */
  quietMs: number;
  /** The same with many changed files, such as after a switch of branches: more are to be expected. */
  quietMsAfterMany: number;
}

/** How many files are many. */
const many = 10;

/** Files of editors, and folders whose content is no source. */
const ignored = /(~|\.sw[a-z]|\.tmp|\.bak)$|^(\..*|#.*#|4913|node_modules)$/;

/** Watches folders and files, and hands out what has changed since the last time. */
export class Changes {
  private readonly patience: Patience;
  private watcher: FSWatcher | undefined;
  private readonly roots = new Set<string>();
  private readonly files = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private waiting = Promise.withResolvers<void>();
  /** Called at the first change after `next`. */
  onFirst: () => void = () => {};

  constructor(patience: Patience = { quietMs: 40, quietMsAfterMany: 300 }) {
    this.patience = patience;
  }

  /** Also watches these paths, absolute ones. */
  async add(paths: string[]): Promise<void> {
    const added = paths.filter((path) => !this.roots.has(path) && !isBelow(path, this.roots));
    for (const path of added) this.roots.add(path);
    if (this.watcher) this.watcher.add(added);
    else await this.begin(added);
  }

  private async begin(paths: string[]): Promise<void> {
    const isIgnored = (path: string, stats?: Stats) =>
      !this.roots.has(path) && (ignored.test(basename(path)) || stats?.isFIFO() === true || stats?.isSocket() === true);
    // A file that an editor deletes and writes again is one change anyway, so nobody has to wait for that.
    this.watcher = watch(paths, { ignoreInitial: true, atomic: false, ignored: isIgnored });
    const { quietMs, quietMsAfterMany } = this.patience;
    this.watcher.on("all", (event, path) => {
      // A new folder without files changes no program.
      if (event === "addDir" || event === "unlinkDir") return;
      if (this.files.size === 0) this.onFirst();
      this.files.add(path);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.waiting.resolve(), this.files.size > many ? quietMsAfterMany : quietMs);
    });
    this.watcher.on("error", (error) => process.stderr.write(`warning: a change may be missed: ${(error as Error).message}\n`));
    await new Promise<void>((done) => this.watcher!.once("ready", done));
  }

  /** Whether something has changed since `next`. */
  get isWaiting(): boolean {
    return this.files.size > 0;
  }

  /** The files that have changed. Waits for the first, and until no more follow. */
  async next(): Promise<string[]> {
    await this.waiting.promise;
    this.waiting = Promise.withResolvers();
    const files = [...this.files];
    this.files.clear();
    return files;
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.watcher?.close();
  }
}

function isBelow(path: string, folders: Iterable<string>): boolean {
  return [...folders].some((folder) => path.startsWith(folder + sep));
}
