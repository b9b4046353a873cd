import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";

const program = (lines: number) => `
  const { exitAfterOutput } = await import(${JSON.stringify(resolve("lib/exit.ts"))});
  for (let i = 1; i <= ${lines}; i++) process.stdout.write("line " + i + "\\n");
  await exitAfterOutput(3);`;
const start = (lines: number) =>
  spawn(process.execPath, ["--input-type=module", "--eval", program(lines)], { stdio: ["ignore", "pipe", "inherit"] });

test("a reader that is slow gets everything before the process ends", async () => {
  const child = start(100_000);
  const closed = once(child, "close");
  await setTimeout(500);
  let last = "";
  for await (const text of child.stdout.setEncoding("utf8")) last = (last + String(text)).slice(-20);
  expect([last.trimEnd().split("\n").at(-1), (await closed)[0]]).toEqual(["line 100000", 3]);
});

test("a reader that is gone does not keep the process", async () => {
  const child = start(100_000);
  const closed = once(child, "close");
  await once(child.stdout, "readable");
  child.stdout.destroy();
  expect((await closed)[0]).toBe(3);
});
