import { join } from "node:path";
import { goProgram } from "../setup/go-programs.ts";

/** Go programs that tests and benchmarks use. Each has a Go module that pins its version. */
export type ToolProgram = "actionlint" | "ko" | "kube-score" | "vegeta";

/** Path and version of a program. The first call builds it. */
export function toolProgram(name: ToolProgram): Promise<{ path: string; version: string }> {
  return goProgram(join(import.meta.dirname, "go-programs", name));
}
