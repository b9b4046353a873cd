import { goDuration } from "../../../lib/go-duration.ts";
import { linesOf } from "../../../engine/docker/convergence.ts";
import { withImages } from "../../../cli/workloads/docker-history.ts";

test("the newest image of a service comes first, one that comes again is moved, and five are kept to go back to", () => {
  const before = { cameUp: { web: ["f", "e", "d", "c", "b", "a"], gone: ["x"] }, failed: true };
  expect(withImages(before, { web: "g" })).toEqual({ cameUp: { web: ["g", "f", "e", "d", "c", "b"] }, failed: false });
  expect(withImages(before, { web: "c", api: "1" }).cameUp).toEqual({ web: ["c", "f", "e", "d", "b", "a"], api: ["1"] });
});

test("durations are as Go writes them", () => {
  expect([0, 59, 60, 85, 3600, 3661].map(goDuration)).toEqual(["0s", "59s", "1m0s", "1m25s", "1h0m0s", "1h1m1s"]);
});

test("lines of a log come without the eight bytes that the engine puts before each piece, printable ones, too", () => {
  const piece = (text: string) => Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
  const long = "x".repeat(64); // 65 with its end, which would be an A
  expect(linesOf(Buffer.concat([piece(`${long}\n`), piece("\u001b[31mred\n"), piece("\n")]))).toEqual([long, "[31mred"]);
});
