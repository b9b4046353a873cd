// The embedded engine on the project in the current folder, for tests: node run-engine.ts up|preview|plan|down|outputs STACK
import * as engine from "../engine/main.ts";
import { previewAsJson } from "../engine/preview-json.ts";
import { readStack } from "../config/stack-file.ts";
import { UserError } from "../lib/user-error.ts";

const [command = "", name = "test"] = process.argv.slice(2);
try {
  const stack = readStack(name);
  if (command === "plan") console.log(await previewAsJson(stack));
  else if (command === "outputs") console.log(JSON.stringify(engine.outputs(stack, false)));
  else if (command === "down") await engine.down(stack, process.stdout);
  else process.exitCode = (await (command === "up" ? engine.up : engine.preview)(stack, process.stdout)) ? 0 : 1;
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exitCode = 1;
}
process.exit();
