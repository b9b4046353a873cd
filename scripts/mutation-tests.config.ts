import { BaseSequencer, ForksPoolWorker, type PoolOptions, type TestSpecification } from "vitest/node";
import { defineConfig } from "vitest/config";
import { unit } from "../vitest.config.ts";

/** After so many runs a process is replaced: each run leaves a listener behind. */
const runsPerProcess = 100;

/**
 * A process that outlives a run, with the Pulumi SDKs and the modules of the product loaded. Stryker turns mutants on and off inside the loaded
 * modules, and Vitest evaluates the test file again for each run. A new process for each mutant would take most of the time.
 */
class LastingWorker extends ForksPoolWorker {
  override name = "lasting";
  #runs = 0;
  #listeners: [string, (value: unknown) => void][] = [];

  override on(event: string, callback: (value: unknown) => void): void {
    if (event !== "error") this.#listeners.push([event, callback]);
    super.on(event, callback);
  }

  override send(message: { type?: string }): void {
    if (message.type !== "stop" || this.#mustEnd) return super.send(message as never);
    // The runner ends; the process stays.
    this["fork"].emit("message", { type: "stopped", __vitest_worker_response__: true });
  }

  override async start(): Promise<void> {
    this.#runs++;
    await super.start();
  }

  override async stop(): Promise<void> {
    if (this.#mustEnd) {
      this.#runs = 0;
      return super.stop();
    }
    for (const [event, callback] of this.#listeners.splice(0)) super.off(event, callback);
  }

  get #mustEnd(): boolean {
    return this.#runs >= runsPerProcess;
  }
}

/** The file that noticed the last mutant first, then the quickest: the first failure ends the run. */
class QuickestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = (file: TestSpecification): number => {
      const last = this.ctx.cache.getTestSpecificationResult(file);
      return last === undefined ? 0 : last.failed ? -1 : last.duration;
    };
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

let worker: LastingWorker | undefined;
const createPoolWorker = (options: PoolOptions): LastingWorker => (worker ??= new LastingWorker(options));

// The unit tests alone, for Stryker: its runner cannot choose a project.
export default defineConfig({
  cacheDir: ".slipway/mutation/vite",
  test: {
    ...unit,
    include: process.env["SLIPWAY_MUTATION_TESTS"]?.split(",") ?? unit.include,
    experimental: {},
    setupFiles: [],
    // They read the sources, which Stryker has changed.
    exclude: ["test/unit/components/components.test.ts", "test/unit/config/service-args.test.ts"],
    env: { SLIPWAY_FUZZ_RUNS: "100" },
    testTimeout: 10_000,
    hookTimeout: 10_000,
    sequence: { sequencer: QuickestFirst },
  },
  plugins: [
    {
      name: "lasting-worker",
      // Stryker sets the pool after it has read this file.
      configureVitest({ project }) {
        Object.assign(project.config, { pool: "lasting", poolRunner: { name: "lasting", createPoolWorker } });
      },
    },
  ],
});
