import { formatSpan } from "../../../lib/time-span.ts";

const second = 1000;
const hour = 3600 * second;

test.each([
  [-5 * second, "0 s"],
  [90 * second, "90 s"],
  [119 * second + 999, "119 s"],
  [120 * second, "2 min"],
  [119 * 60 * second, "119 min"],
  [2 * hour, "2 h"],
  [47.9 * hour, "47 h"],
  [48 * hour, "2 d"],
])("%d ms are %s", (milliseconds, text) => {
  expect(formatSpan(milliseconds)).toBe(text);
});
