import { join } from "node:path";
import { goProgram } from "./go-program.ts";

/** Path of Delve, the debugger for Go, which is built once: https://github.com/go-delve/delve. */
export function debuggerProgram(): Promise<string> {
  return goProgram(join(import.meta.dirname, "debugger"));
}
