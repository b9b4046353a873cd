import { createRequire } from "node:module";
import { styleText } from "node:util";
import type { Ora } from "ora";

/** Seconds between two lines about a step, if standard error is not a terminal. */
const pipeIntervalSeconds = 30;

/** Milliseconds after which a step is shown. */
const delayMs = 1000;

export interface StepOptions {
  /** Also show a step that takes less than a second. @default false */
  always?: boolean;
}

/**
 * Runs `work` and shows its progress: on a terminal a spinner with the elapsed time, in a pipe a line at the start, every 30 s
 * and at the end. On standard error, because standard output is for results.
 */
export async function step<T>(title: string, work: () => Promise<T>, { always = false }: StepOptions = {}): Promise<T> {
  const started = performance.now();
  const elapsed = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const show = process.stderr.isTTY ? onTerminal(title, elapsed) : inPipe(title, elapsed);
  const first = setTimeout(show.start, delayMs);
  try {
    const result = await work();
    show.end(styleText("green", "✓"), always || performance.now() - started > delayMs);
    return result;
  } catch (error) {
    show.end(styleText("red", "✗"), true);
    throw error;
  } finally {
    clearTimeout(first);
  }
}

interface Shown {
  start: () => void;
  end: (mark: string, print: boolean) => void;
}

/** Steps that a terminal shows: one spinner for all, because several would overwrite each other's lines. */
const running = new Set<() => string>();
let spinner: Ora | undefined;
let beat: NodeJS.Timeout | undefined;

/** Loads ora only when it is needed, because that takes 50 ms. */
function newSpinner(): Ora {
  const { default: ora } = createRequire(import.meta.url)("ora") as typeof import("ora");
  return ora({ indent: 2, discardStdin: false });
}

function onTerminal(title: string, elapsed: () => string): Shown {
  const line = () => `${title} (${elapsed()})`;
  const update = (shown: Ora) => (shown.text = [...running].map((one) => one()).join(", "));
  return {
    start() {
      running.add(line);
      const shown = (spinner ??= newSpinner());
      update(shown);
      shown.start();
      beat ??= setInterval(() => update(shown), 100);
    },
    end(mark, print) {
      running.delete(line);
      spinner?.stop();
      if (print) process.stderr.write(`${mark} ${line()}\n`);
      if (spinner && running.size > 0) {
        update(spinner);
        spinner.start();
      } else {
        clearInterval(beat);
        beat = undefined;
      }
    },
  };
}

function inPipe(title: string, elapsed: () => string): Shown {
  let beat: NodeJS.Timeout | undefined;
  return {
    start() {
      process.stderr.write(`  ${title} …\n`);
      beat = setInterval(() => process.stderr.write(`  ${title} … ${elapsed()}\n`), pipeIntervalSeconds * 1000);
    },
    end(mark, print) {
      clearInterval(beat);
      if (print) process.stderr.write(`${mark} ${title} (${elapsed()})\n`);
    },
  };
}
