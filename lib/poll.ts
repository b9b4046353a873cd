import pWaitFor, { TimeoutError } from "p-wait-for";

export interface PollOptions {
  /** Seconds after which to give up. */
  timeoutSeconds: number;
  /** Milliseconds between the first attempts. Later ones are a tenth of the time waited so far apart, at most 1 s. @default 100 */
  intervalMs?: number;
  /** The error to throw after the timeout. @default - an error that names the timeout */
  onTimeout?: () => Error | Promise<Error>;
  /** Ends the waiting early, after the attempt in progress. @default - none */
  signal?: AbortSignal;
}

const longestIntervalMs = 1000;

/** Milliseconds after the timeout in which an attempt in progress may end. Otherwise one that never gets an answer would wait forever. */
const graceMs = 30_000;

/**
 * Calls `attempt` until it returns something other than `undefined`, and returns that. It is called at least once, even if the signal is
 * already aborted. An error that it throws ends the polling.
 *
 * @throws Error of `onTimeout` after the timeout, and the signal's reason once it is aborted.
 */
export async function poll<T>(attempt: () => Promise<T | undefined> | T | undefined, options: PollOptions): Promise<T> {
  const { timeoutSeconds, intervalMs = 100, onTimeout, signal } = options;
  const began = Date.now();
  let next = began;
  const condition = async () => {
    if (Date.now() < next) return false;
    const result = await attempt();
    next = Date.now() + Math.min((Date.now() - began) / 10, longestIntervalMs);
    if (result !== undefined) return pWaitFor.resolveWith(result);
    signal?.throwIfAborted();
    return false;
  };
  const timeout = Math.round(timeoutSeconds * 1000);
  const hanging = Promise.withResolvers<never>();
  const timer = setTimeout(() => hanging.reject(new TimeoutError()), timeout + graceMs);
  return Promise.race([pWaitFor<T>(condition, { interval: intervalMs, timeout }), hanging.promise])
    .catch(async (error: Error) => {
      if (!(error instanceof TimeoutError)) throw error;
      throw (await onTimeout?.()) ?? new Error(`timed out after ${timeoutSeconds} s`);
    })
    .finally(() => clearTimeout(timer));
}

/** Polls until `condition` holds. */
export async function pollUntil(condition: () => Promise<boolean> | boolean, options: PollOptions): Promise<void> {
  await poll(async () => (await condition()) || undefined, options);
}
