import { join } from "node:path";
import { goProgram, goProgramVersion } from "../lib/go-program.ts";

/** Go programs that tests and benchmarks use. Each has a Go module that pins its version. */
export type ToolProgram = "actionlint" | "ko" | "kube-score" | "vegeta";

/** Path and version of a program. The first call builds it. */
export async function toolProgram(name: ToolProgram): Promise<{ path: string; version: string }> {
  const module = join(import.meta.dirname, "go-programs", name);
  return { path: await goProgram(module), version: await goProgramVersion(module) };
}
