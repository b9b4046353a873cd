import { styleText } from "node:util";
import type { ResourceState } from "./checkpoint.ts";
import { label } from "./deployment.ts";
import type { Change } from "./provider.ts";
import { differences, plain } from "../lib/values.ts";

/** Operations: the mark, the colour, and the words for under way, done and planned. */
const operations = {
  create: ["+", "green", "creating", "created", "to create"],
  update: ["~", "yellow", "updating", "updated", "to update"],
  replace: ["±", "magenta", "replacing", "replaced", "to replace"],
  delete: ["-", "red", "deleting", "deleted", "to delete"],
  same: [" ", "dim", "", "unchanged", "unchanged"],
} as const;
export type Operation = keyof typeof operations;

/** Tells what happens: a line per resource that changes, and one every five seconds for what takes long. */
export class Display {
  private readonly counts = new Map<Operation, number>();
  private readonly began = performance.now();
  private readonly output: NodeJS.WritableStream;

  constructor(output: NodeJS.WritableStream) {
    this.output = output;
  }

  /** Runs a step and tells of it. */
  async step<T>(operation: Operation, resource: string, work: (progress: (what: string) => void) => Promise<T>): Promise<T> {
    const began = performance.now();
    const [mark, colour, underWay, done] = operations[operation];
    let waitingFor = "";
    const beat = setInterval(() => this.line("…", colour, resource, `${underWay}${waitingFor} (${secondsSince(began)})`), 5000);
    try {
      const result = await work((what) => (waitingFor = `, waiting for ${what}`));
      this.count(operation);
      this.line(mark, colour, resource, `${done} (${secondsSince(began)})`);
      return result;
    } finally {
      clearInterval(beat);
    }
  }

  /** Tells of what a preview would do, or of what needs no doing. */
  planned(operation: Operation, goal?: Omit<ResourceState, "outputs">, old?: ResourceState, _change?: Change): void {
    this.count(operation);
    const [mark, colour, , , planned] = operations[operation];
    if (operation !== "same") this.line(mark, colour, label((goal ?? old)!), planned);
    const text = (value: unknown) => (JSON.stringify(plain(value, "[secret]")) ?? "nothing").slice(0, 120);
    // Of what is the same all the same, a provider takes no notice.
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
