import * as pulumi from "@pulumi/pulumi";
import debuggable from "@pulumi/pulumi/runtime/debuggable.js";
import state from "@pulumi/pulumi/runtime/state.js";

// The SDK notes a stack trace for each of about 40 promises of a resource, and all callers of its constructor. With 7,000 resources that takes half of
// the processor time and two thirds of the memory. The traces of promises are only printed with PULUMI_DEBUG_PROMISE_LEAKS, and this
// engine does not use the callers. Traces of errors are not changed.

type Debuggable = { debuggablePromise: <T>(promise: Promise<T>, context: unknown) => Promise<T>; debugPromiseLeaks: boolean };
const { getStore } = state as unknown as { getStore: () => { leakCandidates: Set<Promise<unknown>> } };

let isLight = false;

/** Lets the SDK do without traces that nobody reads. It still detects promises that are never settled. */
export function lightenSdk(): void {
  const sdk = debuggable as unknown as Debuggable;
  if (isLight || sdk.debugPromiseLeaks) return;
  isLight = true;
  // The first promise installs what reports promises that are never settled, when the process ends.
  void sdk.debuggablePromise(Promise.resolve(), "first");
  sdk.debuggablePromise = watched;
  (pulumi.Resource as unknown as { callsites: () => object[] }).callsites = () => [];
}

function watched<T>(promise: Promise<T>): Promise<T> {
  const { leakCandidates } = getStore();
  leakCandidates.add(promise);
  return promise.then(
    (value) => {
      leakCandidates.delete(promise);
      return value;
    },
    (error: Error & { promise?: Promise<T> }) => {
      leakCandidates.delete(promise);
      error.promise = promise;
      throw error;
    },
  );
}
