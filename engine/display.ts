import { styleText } from "node:util";
import type { ResourceState } from "./state/checkpoint.ts";
import { label } from "./deployment.ts";
import type { Change } from "./provider.ts";
import { differences, plain } from "../lib/values.ts";

/** Operations: mark, colour, and the words for in progress, done and planned. */
const operations = {
  create: ["+", "green", "creating", "created", "to create"],
  update: ["~", "yellow", "updating", "updated", "to update"],
  replace: ["±", "magenta", "replacing", "replaced", "to replace"],
  delete: ["-", "red", "deleting", "deleted", "to delete"],
  retain: ["-", "yellow", "", "no longer managed, not deleted", "no longer managed, not deleted"],
  same: [" ", "dim", "", "unchanged", "unchanged"],
} as const;
export type Operation = keyof typeof operations;

/** Milliseconds between two lines about a step in progress. */
const progressIntervalMs = 5000;

/** Prints a line for every resource that changes, and every five seconds one for every step in progress. */
export class Display {
  private readonly counts = new Map<Operation, number>();
  private readonly began = performance.now();
  private readonly output: NodeJS.WritableStream;

  constructor(output: NodeJS.WritableStream) {
    this.output = output;
  }

  /** Runs a step and prints its progress and result. */
  async step<T>(operation: Operation, resource: string, work: (progress: (what: string) => void) => Promise<T>): Promise<T> {
    const began = performance.now();
    const [mark, colour, inProgress, done] = operations[operation];
    let waitingFor = "";
    const beat = () => this.line("…", colour, resource, `${inProgress}${waitingFor} (${secondsSince(began)})`);
    const timer = setInterval(beat, progressIntervalMs);
    try {
      const result = await work((what) => (waitingFor = `, waiting for ${what}`));
      this.count(operation);
      this.line(mark, colour, resource, `${done} (${secondsSince(began)})`);
      return result;
    } finally {
      clearInterval(timer);
    }
  }

  /** Prints what a preview would do with a resource. An unchanged resource is only counted. */
  planned(operation: Operation, goal?: Omit<ResourceState, "outputs">, old?: ResourceState, _change?: Change): void {
    this.count(operation);
    const [mark, colour, , , planned] = operations[operation];
    if (operation !== "same") this.line(mark, colour, label((goal ?? old)!), planned);
    const text = (value: unknown) => (JSON.stringify(plain(value, "[secret]")) ?? "nothing").slice(0, 120);
    // The inputs of an unchanged resource may differ in properties that its provider ignores.
    for (const { path, before, after } of goal && old && operation !== "same" ? differences(old.inputs, goal.inputs) : [])
      this.output.write(`      ${path}: ${text(before)} → ${text(after)}\n`);
  }

  failed(resource: string, error: Error): void {
    this.line("✗", "red", resource, error.message.replaceAll("\n", "\n    "));
  }

  summary(preview: boolean): void {
    const counted = (Object.keys(operations) as Operation[]).filter((operation) => this.counts.has(operation));
    const parts = counted.map((operation) => `${this.counts.get(operation)} ${operations[operation][preview ? 4 : 3]}`);
    this.output.write(`${parts.join(", ") || "nothing to do"} (${secondsSince(this.began)})\n`);
  }

  private count(operation: Operation): void {
    this.counts.set(operation, (this.counts.get(operation) ?? 0) + 1);
  }

  private line(mark: string, colour: (typeof operations)[Operation][1], resource: string, text: string): void {
    this.output.write(`${styleText(colour, mark)} ${resource}  ${text}\n`);
  }
}

function secondsSince(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}
