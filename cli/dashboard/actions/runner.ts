import { spawn } from "node:child_process";
import { z } from "zod";
import { ActionKind, type Action, type ActionRun, type Service } from "../page/model.ts";
import { argumentsOf, commandOf } from "../page/command.ts";

/** Characters of the output that are kept, the last ones. */
const maxOutput = 64 * 1024;

/** Milliseconds between two updates of the output. */
const updateMs = 100;

const schema = z.strictObject({
  kind: z.enum(Object.values(ActionKind)),
  service: z.string(),
  replicas: z.int().min(0).max(9999).optional(),
});

/** Why an action is not started. */
export class ActionError extends Error {
  readonly status: 400 | 403 | 409;
  constructor(status: 400 | 403 | 409, message: string) {
    super(message);
    this.status = status;
  }
}

/** Runs actions as commands of this program, one at a time. */
export class ActionRunner {
  private readonly stack: string;
  private readonly readOnly: boolean;
  private readonly changed: () => void;
  private last: ActionRun | undefined;
  private running: Promise<void> = Promise.resolve();

  /** @param changed is called when the run has printed something, or ended. */
  constructor(stack: string, readOnly: boolean, changed: () => void) {
    this.stack = stack;
    this.readOnly = readOnly;
    this.changed = changed;
  }

  get run(): ActionRun | undefined {
    return this.last && { ...this.last };
  }

  /** Is fulfilled when nothing runs. */
  get idle(): Promise<void> {
    return this.running;
  }

  /** @throws ActionError if it is not allowed, or another one runs. */
  start(given: unknown, services: Service[]): ActionRun {
    if (this.readOnly) throw new ActionError(403, "The dashboard was started with --read-only, so it changes nothing.");
    const { success, data: action } = schema.safeParse(given);
    if (!success || (action.kind === ActionKind.Scale) !== (action.replicas !== undefined))
      throw new ActionError(400, "The action is invalid. Reload the page.");
    const service = services.find(({ name }) => name === action.service);
    if (!service?.actions.includes(action.kind)) throw new ActionError(400, `${action.service}: ${action.kind} is not possible now.`);
    if (this.last !== undefined && this.last.exitCode === undefined)
      throw new ActionError(409, `${this.last.command} still runs. Try again when it has ended.`);
    return this.begin(action);
  }

  private begin(action: Action): ActionRun {
    const run: ActionRun = { id: (this.last?.id ?? 0) + 1, action, command: commandOf(action, this.stack), output: "" };
    this.last = run;
    const environment = { ...process.env, NO_COLOR: "1" };
    const args = [...process.execArgv, process.argv[1]!, ...argumentsOf(action, this.stack)];
    // In a process group of its own: Ctrl-C ends the dashboard, not a rollback in the middle.
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env: environment, detached: true });
    const ended = Promise.withResolvers<void>();
    this.running = ended.promise;
    let timer: NodeJS.Timeout | undefined;
    const print = (text: string) => {
      run.output = (run.output + text).slice(-maxOutput);
      timer ??= setTimeout(() => ((timer = undefined), this.changed()), updateMs);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", print);
    const end = (code: number) => {
      clearTimeout(timer);
      run.exitCode = code;
      this.changed();
      ended.resolve();
    };
    child.on("error", (error) => (print(`${error.message}\n`), end(1))).on("close", (code) => end(code ?? 1));
    this.changed();
    return run;
  }
}
