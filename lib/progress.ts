import { styleText } from "node:util";

const BEAT_SECONDS = { terminal: 0.2, pipe: 30 };

/**
 * Runs `work` as one step that a person can follow: nothing for steps under a second unless `always`; else a line that
 * counts on a terminal, and in a pipe a line at the start, every 30 s and at the end. On standard error, for standard
 * output holds results.
 */
export async function step<T>(title: string, work: () => Promise<T>, options: { always?: boolean } = {}): Promise<T> {
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1) + " s";
  const terminal = process.stderr.isTTY === true;
  let shown = false;
  const show = (line: string, last: boolean) => {
    process.stderr.write(terminal ? `\r\x1b[K${line}${last ? "\n" : ""}` : line + "\n");
    shown = true;
  };
  const first = setTimeout(() => show(`  ${title} …`, false), 1000);
  const beat = setInterval(
    () => performance.now() - began > 1000 && show(`  ${title} … ${seconds()}`, false),
    (terminal ? BEAT_SECONDS.terminal : BEAT_SECONDS.pipe) * 1000,
  );
  try {
    const result = await work();
    if (shown || options.always) show(`${styleText("green", "✓")} ${title} (${seconds()})`, true);
    return result;
  } catch (error) {
    show(`${styleText("red", "✗")} ${title} (${seconds()})`, true);
    throw error;
  } finally {
    clearTimeout(first);
    clearInterval(beat);
  }
}
