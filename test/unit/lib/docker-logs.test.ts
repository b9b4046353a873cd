import { linesOf } from "../../../lib/docker-logs.ts";

test("log lines have no chunk headers, even printable ones, no control characters and no empty lines", () => {
  const chunk = (text: string) => Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
  const long = "x".repeat(64); // 65 bytes with the line end; as a character, 65 is A
  expect(linesOf(Buffer.concat([chunk(`${long}\n`), chunk("\u001b[31mred\n"), chunk(" \t\n\n")]))).toEqual([long, "[31mred"]);
});
