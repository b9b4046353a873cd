import type { Action } from "./model.ts";

// The page shows this command before it asks the server to run it, so both have it from here. No imports of Node.js.

/** The arguments of `slipway` for an action. */
export function argumentsOf({ kind, service, replicas }: Action, stack: string): string[] {
  const onStack = ["--stack", stack];
  switch (kind) {
    case "rollback":
      return ["rollback", "--service", service, ...onStack];
    case "restart":
      return ["restart", service, ...onStack];
    case "scale":
      return ["scale", service, "--replicas", String(replicas ?? 0), ...onStack];
  }
}

/** The command as a user would type it. Names of services and stacks need no quotes. */
export function commandOf(action: Action, stack: string): string {
  return `slipway ${argumentsOf(action, stack).join(" ")}`;
}
