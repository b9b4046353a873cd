import * as engine from "../engine/main.ts";
import { FileStore } from "../engine/state/file-store.ts";
import { previewAsJson } from "../engine/preview-json.ts";
import { readStack } from "../config/stack-file.ts";
import { UserError } from "../lib/user-error.ts";

export type EngineCommand = "up" | "preview" | "plan" | "down" | "outputs";

/** Runs the embedded engine on the stack `test` of the project in the current folder. Returns the exit code. */
export async function runEngine(command: EngineCommand, output: NodeJS.WritableStream): Promise<number> {
  try {
    const stack = readStack("test");
    switch (command) {
      case "up":
        return (await engine.up(stack, output)) ? 0 : 1;
      case "preview":
        return (await engine.preview(stack, output)) ? 0 : 1;
      case "plan":
        output.write(`${await previewAsJson(stack)}\n`);
        return 0;
      case "down":
        await engine.down(stack, output);
        return 0;
      case "outputs":
        output.write(`${JSON.stringify(await engine.outputs(new FileStore(stack), false))}\n`);
        return 0;
    }
  } catch (error) {
    output.write(`${error instanceof UserError ? error.message : (error as Error).stack}\n`);
    return 1;
  }
}
