import type { TestProject } from "vitest/node";
import { Checkout } from "./checkout.ts";

/** Vitest calls this function before the first suite of the lane, and the returned function after the last one. */
export default function setUp({ name, provide }: TestProject): () => Promise<void> {
  const checkout = new Checkout(`integration-${name}`);
  provide("sharedStack", checkout.folder);
  provide("lane", name);
  return () => checkout[Symbol.asyncDispose]();
}
