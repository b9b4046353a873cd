import { createRequire } from "node:module";

// The SDK records a stack trace for each promise of a resource, and prints it only if the program ends with unfinished promises and
// PULUMI_DEBUG_PROMISE_LEAKS. Without them, an unchanged `up` takes a tenth less processor time.
const debuggable = createRequire(import.meta.url)("@pulumi/pulumi/runtime/debuggable.js") as Debuggable;

interface Debuggable {
  debugPromiseLeaks: boolean;
  debuggablePromise: <T>(promise: Promise<T>, context: unknown) => Promise<T>;
}

const { debuggablePromise } = debuggable;
if (!debuggable.debugPromiseLeaks)
  debuggable.debuggablePromise = (promise, context) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
