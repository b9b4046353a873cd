import { step } from "../../../lib/progress.ts";

let lines: string[];
const { isTTY } = process.stderr;

beforeEach(() => {
  lines = [];
  vi.useFakeTimers();
  vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
});
afterEach(() => {
  vi.useRealTimers();
  process.stderr.isTTY = isTTY;
});

/** Runs a step that takes `seconds`. */
const takes = (seconds: number, options?: Parameters<typeof step>[2]) =>
  step("Build", () => new Promise<string>((done) => setTimeout(() => done("built"), seconds * 1000)), options);

describe("in a pipe", () => {
  beforeEach(() => (process.stderr.isTTY = false));

  test("a step that takes less than a second is not shown, and its result is returned", async () => {
    const built = takes(0.9);
    await vi.runAllTimersAsync();
    expect(await built).toBe("built");
    expect(lines).toEqual([]);
  });

  test("a quick step is shown if it always should be", async () => {
    const built = takes(0.2, { always: true });
    await vi.runAllTimersAsync();
    await built;
    expect(lines).toEqual(["✓ Build (0.2 s)\n"]);
  });

  test("a longer step is shown after a second, then every 30 s and at the end", async () => {
    const built = takes(65);
    await vi.advanceTimersByTimeAsync(999);
    expect(lines).toEqual([]);
    await vi.runAllTimersAsync();
    await built;
    expect(lines).toEqual(["  Build …\n", "  Build … 31.0 s\n", "  Build … 61.0 s\n", "✓ Build (65.0 s)\n"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a failure is shown even if it is quick, and is passed on", async () => {
    await expect(step("Build", () => Promise.reject(new Error("no space")))).rejects.toThrow("no space");
    expect(lines).toEqual(["✗ Build (0.0 s)\n"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("on a terminal", () => {
  beforeEach(() => {
    process.stderr.isTTY = true;
    vi.stubEnv("TERM", "dumb"); // one that ora writes lines to
  });
  afterEach(() => vi.unstubAllEnvs());

  test("a step that takes less than a second is not shown", async () => {
    const built = takes(0.9);
    await vi.runAllTimersAsync();
    await built;
    expect(lines).toEqual([]);
  });

  test("one spinner shows all steps in progress, and each leaves a line", async () => {
    const steps = [takes(2), step("Push", () => new Promise((done) => setTimeout(done, 3000)))];
    await vi.advanceTimersByTimeAsync(1000);
    expect(lines.join("")).toContain("Build (1.0 s), Push (1.0 s)");
    await vi.advanceTimersByTimeAsync(1000);
    lines = lines.slice(lines.indexOf("✓ Build (2.0 s)\n"));
    expect(lines[0]).toBe("✓ Build (2.0 s)\n");
    expect(lines.slice(1).join("")).toContain("Push (2.0 s)");
    expect(lines.slice(1).join("")).not.toContain("Build");
    await vi.runAllTimersAsync();
    await Promise.all(steps);
    expect(lines.at(-1)).toBe("✓ Push (3.0 s)\n");
    expect(vi.getTimerCount()).toBe(0);
  });
});
