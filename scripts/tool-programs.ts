import { join } from "node:path";
import { goProgram } from "../setup/go-programs.ts";

/** Go programs that tests and benchmarks use; the module of each pins its version. */
export type ToolProgram = "actionlint" | "ko" | "kube-score" | "vegeta";

/** The path of a program and its version, built when it is first asked for. */
export function toolProgram(name: ToolProgram): Promise<{ path: string; version: string }> {
  return goProgram(join(import.meta.dirname, "go-programs", name));
}
