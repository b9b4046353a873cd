import { inject } from "vitest";
import { Checkout } from "./checkout.ts";

// One stack on the platform local for all suites of a lane, because creating a cluster takes longer than most tests. It is created and deleted in
// shared-stack-setup.ts.

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of the shared stack's checkout. */
    sharedStack: string;
    /** The lane that shares it. */
    lane: string;
  }
}

export const stack = `integration-${inject("lane")}`;
export const namespace = `slipway-${stack}`;

/** The shared stack. Each suite deploys its own services, which replace those of the previous suite. */
export function sharedCheckout(): Checkout {
  return new Checkout(stack, "local", inject("sharedStack"));
}
