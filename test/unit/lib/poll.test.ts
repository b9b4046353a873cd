import { setTimeout } from "node:timers/promises";
import { poll, pollUntil } from "../../../lib/poll.ts";

test("the first result that is not undefined is returned", async () => {
  const results = [undefined, undefined, 0];
  expect(await poll(() => results.shift(), { timeoutSeconds: 5, intervalMs: 1 })).toBe(0);
  expect(results).toEqual([]);
});

test.each([
  [5, 500],
  [3600, 1000],
])("after %d s, the next attempt is made %d ms later", async (seconds, pause) => {
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    const advance = (ms: number) => vi.setSystemTime(Date.now() + ms);
    let attempts = 0;
    const attempt = () => {
      attempts++;
      if (attempts === 1) advance(seconds * 1000);
      return attempts === 2 || undefined;
    };
    const polled = poll(attempt, { timeoutSeconds: 5, intervalMs: 1 });
    await setTimeout(20);
    advance(pause - 1);
    await setTimeout(20);
    expect(attempts).toBe(1);
    advance(1);
    expect(await polled).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});

test("an error of the attempt ends the polling", async () => {
  let attempts = 0;
  const attempt = () => {
    attempts++;
    throw new Error("no such thing");
  };
  await expect(poll(attempt, { timeoutSeconds: 5 })).rejects.toThrow("no such thing");
  expect(attempts).toBe(1);
});

describe("after the timeout", () => {
  const never = () => false;

  test("the error names the timeout", async () => {
    await expect(pollUntil(never, { timeoutSeconds: 1 / 30, intervalMs: 1 })).rejects.toThrow("timed out after 0.03");
  });

  test("the caller's error is thrown, and may be created asynchronously", async () => {
    const onTimeout = () => Promise.resolve(new Error("still not ready"));
    await expect(pollUntil(never, { timeoutSeconds: 0.01, intervalMs: 1, onTimeout })).rejects.toThrow("still not ready");
  });
});

test("an attempt that never ends is given up 30 s after the timeout", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const ended = vi.fn<() => void>();
    const polled = poll(() => new Promise<never>(() => {}), { timeoutSeconds: 5 });
    const rejected = expect(polled).rejects.toThrow("timed out after 5 s");
    void polled.catch(ended);
    await vi.advanceTimersByTimeAsync(34_999);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await rejected;
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

describe("with an aborted signal", () => {
  const signal = AbortSignal.abort(new Error("the run failed"));

  test("a successful first attempt is returned", async () => {
    expect(await poll(() => "ready", { timeoutSeconds: 5, signal })).toBe("ready");
  });

  test("there is only one attempt, and the error is the signal's reason", async () => {
    let attempts = 0;
    const attempt = () => void attempts++;
    await expect(poll(attempt, { timeoutSeconds: 5, signal })).rejects.toThrow("the run failed");
    expect(attempts).toBe(1);
  });
});
