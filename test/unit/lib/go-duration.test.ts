import { goDuration, shortDuration } from "../../../lib/go-duration.ts";

test("durations are formatted like in Go", () => {
  expect([0, 59, 60, 85, 3600, 3661].map(goDuration)).toEqual(["0s", "59s", "1m0s", "1m25s", "1h0m0s", "1h1m1s"]);
});

test("the short form omits trailing zero units", () => {
  expect(["0s", "59s", "1m0s", "1m25s", "1h0m0s", "1h1m0s", "1h0m5s"].map(shortDuration)).toEqual([
    "0s",
    "59s",
    "1m",
    "1m25s",
    "1h",
    "1h1m",
    "1h0m5s",
  ]);
});
