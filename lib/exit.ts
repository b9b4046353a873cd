/** Ends the process once its readers have got what it printed. A pipe takes only a part at a time, and `process.exit` drops the rest. */
export async function exitAfterOutput(code: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr])
    // Nothing more arrives at a reader that is gone.
    if (stream.writableLength > 0) await new Promise<void>((done) => stream.once("error", () => done()).write("", () => done()));
  process.exit(code);
}
