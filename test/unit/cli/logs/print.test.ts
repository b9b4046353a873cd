import { positiveInteger } from "../../../../cli/positive-integer.ts";
import { LogPrinter, sinceOf } from "../../../../cli/logs/print.ts";
import { timed, type LogLine } from "../../../../cli/logs/log.ts";

const line = (from: string, text: string): LogLine => ({ time: "2026-11-28T10:00:00.000000001Z", service: "web", from, text });

function printed(lines: LogLine[], format: { json?: boolean; timestamps?: boolean } = {}): string {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const printer = new LogPrinter({ json: false, timestamps: false, ...format });
  for (const one of lines) printer.print(one);
  const text = write.mock.calls.map(([chunk]) => String(chunk)).join("");
  write.mockRestore();
  return text;
}

test("each line has the name of its pod, aligned as far as the names are known", () => {
  expect(printed([line("web-1", "a"), line("worker-10", "b"), line("web-1", "c")])).toBe("web-1  a\nworker-10  b\nweb-1      c\n");
});

test("times are printed on request", () => {
  expect(printed([line("web-1", "a")], { timestamps: true })).toBe("web-1  2026-11-28T10:00:00.000000001Z  a\n");
});

test("characters that would control the terminal are left out, but not of JSON", () => {
  const text = "\u001b[2Ja\tb\u0007é";
  expect(printed([line("web-1", text)])).toBe("web-1  [2Ja\tbé\n");
  expect(JSON.parse(printed([line("web-1", text)], { json: true }))).toEqual(line("web-1", text));
});

test("the time comes before the text, which may be empty and may have spaces", () => {
  expect(timed("2026-11-28T10:00:00Z a b")).toEqual({ time: "2026-11-28T10:00:00Z", text: "a b" });
  expect(timed("2026-11-28T10:00:00Z")).toEqual({ time: "2026-11-28T10:00:00Z", text: "" });
});

test.each([
  ["90s", "2026-11-28T09:58:30.000Z"],
  ["10m", "2026-11-28T09:50:00.000Z"],
  ["2h", "2026-11-28T08:00:00.000Z"],
  ["1d", "2026-11-27T10:00:00.000Z"],
  ["2026-11-28T09:00:00+01:00", "2026-11-28T08:00:00.000Z"],
])("--since %s is a time", (text, expected) => {
  expect(sinceOf(text, Date.parse("2026-11-28T10:00:00Z")).toISOString()).toBe(expected);
});

test.each(["", "10", "m", "yesterday", "10 m", "2026-13-40"])("--since %j is rejected", (text) => {
  expect(() => sinceOf(text)).toThrow(`--since: must be a time such as 10m, 2h or 2026-11-28T10:00:00Z (got "${text}").`);
});

test("--tail takes positive integers", () => {
  expect(positiveInteger("--tail", "5")).toBe(5);
  for (const text of ["0", "-1", "1.5", "all"])
    expect(() => positiveInteger("--tail", text)).toThrow(`--tail: must be a positive integer (got "${text}").`);
});
