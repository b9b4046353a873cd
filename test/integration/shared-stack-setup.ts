import type { TestProject } from "vitest/node";
import { Checkout } from "./checkout.ts";
import { stack } from "./shared-stack.ts";

/** Vitest calls this function before the first suite of the lane, and the returned function after the last one. */
export default function setUp({ provide }: TestProject): () => Promise<void> {
  const checkout = new Checkout(stack);
  provide("sharedStack", checkout.folder);
  return () => checkout[Symbol.asyncDispose]();
}
