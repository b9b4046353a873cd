import type { TestProject } from "vitest/node";
import { Checkout } from "./checkout.ts";
import { stack } from "./shared-stack.ts";

/** Vitest calls it before the lane's first suite, and what it returns after the last. */
export default function setUp({ provide }: TestProject): () => Promise<void> {
  const checkout = new Checkout(stack);
  provide("sharedStack", checkout.folder);
  return () => checkout[Symbol.asyncDispose]();
}
