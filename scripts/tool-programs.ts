import { join } from "node:path";
import { goProgram, goProgramSource, goProgramVersion } from "../lib/go-program.ts";

/** Go programs that tests and benchmarks use. Each has a Go module that pins its version. */
export type ToolProgram =
  | "act"
  | "actionlint"
  | "aws-load-balancer-controller"
  | "cosign"
  | "ko"
  | "kube-score"
  | "kustomize-controller"
  | "source-controller"
  | "vegeta";

/** Path and version of a program. The first call builds it. */
export async function toolProgram(name: ToolProgram): Promise<{ path: string; version: string }> {
  const module = moduleOf(name);
  return { path: await goProgram(module), version: await goProgramVersion(module) };
}

/** The folder with the source of a program, such as for the files that are installed next to it. */
export async function toolSource(name: ToolProgram): Promise<string> {
  return goProgramSource(moduleOf(name));
}

function moduleOf(name: ToolProgram): string {
  return join(import.meta.dirname, "go-programs", name);
}
