import type { Stack } from "../../config/stack-file.ts";
import type { RunDescription } from "../../engine/run-record.ts";
import { today } from "../today.ts";
import { originOf } from "./origin.ts";

/** What the history records about a run of `slipway <command>` that begins now. */
export function runOf(stack: Stack, command: string): RunDescription {
  return {
    command,
    origin: originOf(),
    judge: async (steps) => {
      const { judgementOf } = await import("./judge.ts");
      return judgementOf(stack, steps, today());
    },
  };
}
