import timers from "node:timers/promises";

/** Milliseconds between two looks. */
const intervalMs = 2000;

const clear = "\x1b[2J\x1b[H";

/** Prints what `look` returns again and again, on a terminal always at the top of the screen, until the signal is aborted. */
export async function watch(look: () => Promise<string>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // A look that fails, for example during an update, does not end the watch.
    const text = await look().catch((error: Error) => `${error.message}\n`);
    if (signal.aborted) return;
    process.stdout.write(process.stdout.isTTY ? `${clear}${text}` : `${text}\n`);
    await timers.setTimeout(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
