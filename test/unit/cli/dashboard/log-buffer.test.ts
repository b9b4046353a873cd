import { LogBuffer } from "../../../../cli/dashboard/live/log-buffer.ts";

const line = (text: string) => ({ time: "2026-11-28T10:00:00.000Z", service: "web", from: "web-1", text });

test("lines are numbered from 1, and those after a number can be read", () => {
  const buffer = new LogBuffer();
  for (const text of ["a", "b", "c"]) buffer.add(line(text));
  expect(buffer.after(1, 10).map(({ number, text }) => [number, text])).toEqual([
    [2, "b"],
    [3, "c"],
  ]);
  expect(buffer.after(0, 2).map(({ text }) => text)).toEqual(["a", "b"]);
  expect(buffer.after(3, 10)).toEqual([]);
  expect(buffer.newest).toBe(3);
});

test("the newest 100,000 lines are kept", () => {
  const buffer = new LogBuffer();
  for (let i = 1; i <= 123_456; i++) buffer.add(line(String(i)));
  const kept = buffer.after(0, Infinity);
  expect([kept.length, kept[0]!.text, kept.at(-1)!.text]).toEqual([100_000, "23457", "123456"]);
});

test("long lines are shortened, and their characters are bounded, too", () => {
  const buffer = new LogBuffer();
  expect(buffer.add(line("x".repeat(20_000))).text).toBe(`${"x".repeat(16_384)}…`);
  for (let i = 0; i < 5000; i++) buffer.add(line("y".repeat(16_384)));
  const characters = buffer.after(0, Infinity).reduce((sum, { text }) => sum + text.length, 0);
  expect(characters).toBeLessThanOrEqual(32 * 2 ** 20);
  expect(characters).toBeGreaterThan(31 * 2 ** 20);
});
