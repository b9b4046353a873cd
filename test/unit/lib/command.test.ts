import { tmpdir } from "node:os";
import { command, succeeds, type CommandOptions } from "../../../lib/command.ts";
import { UserError } from "../../../lib/user-error.ts";

const node = (code: string, options?: CommandOptions) => command(process.execPath, ["--eval", code], options);
const failure = async (work: Promise<unknown>) =>
  (await work.then(
    () => undefined,
    (error: Error) => error,
  ))!;

test("the standard output is returned, also more than the megabyte that Node accepts by default", async () => {
  expect(await node("console.error('warning'); process.stdout.write('x'.repeat(2_000_000))")).toBe("x".repeat(2_000_000));
});

test("the program runs in the folder and with the variables of the call, and its standard input is empty", async () => {
  const code =
    "process.stdin.on('data', () => {}).on('end', () => console.log(process.cwd(), process.env.A, process.env.PATH !== undefined))";
  expect(await node(code, { cwd: tmpdir(), env: { A: "b" } })).toBe(`${tmpdir()} b true\n`);
});

describe("the error", () => {
  test("shows the command, the exit code and the errors of the program, but not its output", async () => {
    const error = await failure(node("console.log('out'); console.error('one\\ntwo'); process.exit(3)"));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toBe(
      `${process.execPath} --eval console.log('out'); console.error('one\\ntwo'); process.exit(3)\n  exit code 3\n  | one\n  | two`,
    );
  });

  test("shows the output if there are no errors", async () => {
    expect((await failure(node("console.log('out'); process.exit(1)"))).message).toMatch(/\n {2}exit code 1\n {2}\| out$/);
  });

  test("shows the last 20 lines, or as many as asked for", async () => {
    const code = "for (let i = 1; i <= 30; i++) console.error(i); process.exit(1)";
    const shown = async (options?: CommandOptions) => (await failure(node(code, options))).message.match(/(?<=^ {2}\| ).*/gm)!.map(Number);
    expect(await shown()).toEqual(Array.from({ length: 20 }, (_, i) => 11 + i));
    expect(await shown({ lines: 2 })).toEqual([29, 30]);
  });

  test("names a missing program", async () => {
    expect((await failure(command("no-such-program", ["run"]))).message).toBe("no-such-program run\n  spawn no-such-program ENOENT");
  });

  test("names the timeout", async () => {
    const error = await failure(node("setInterval(() => {}, 1000)", { timeoutSeconds: 0.2 }));
    expect(error.message).toMatch(/\n {2}timed out after 0\.2 s$/);
  });
});

test("a program succeeds if it ends without an error", async () => {
  expect(await succeeds(process.execPath, ["--version"])).toBe(true);
  expect(await succeeds(process.execPath, ["--no-such-option"])).toBe(false);
  expect(await succeeds("no-such-program", [])).toBe(false);
});
