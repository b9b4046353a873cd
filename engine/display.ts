import { styleText } from "node:util";
import { masked, type Value } from "./values.ts";

export type Operation = "create" | "update" | "replace" | "delete" | "same";

const marks: Record<Operation, string> = { create: "+", update: "~", replace: "±", delete: "-", same: " " };
const colours = { create: "green", update: "yellow", replace: "magenta", delete: "red", same: "dim" } as const;
const done: Record<Operation, string> = { create: "created", update: "updated", replace: "replaced", delete: "deleted", same: "unchanged" };
const doing: Record<Operation, string> = { create: "creating", update: "updating", replace: "replacing", delete: "deleting", same: "checking" };

/** Seconds without an end after which a step is said to be under way. */
const patience = 5;

/** Tells on standard output what happens: a line per changed resource, and one every five seconds for those that take long. */
export class Display {
  readonly counts: Record<Operation, number> = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  private readonly began = performance.now();
  private readonly preview: boolean;

  constructor(preview: boolean) {
    this.preview = preview;
  }

  /** Runs a step and tells of it. */
  async step<T>(operation: Operation, type: string, name: string, work: (progress: (what: string) => void) => Promise<T>): Promise<T> {
    const began = performance.now();
    let doingNow = "";
    const beat = setInterval(() => {
      this.line(operation, type, name, `${doing[operation]}${doingNow && `, ${doingNow}`} (${seconds(began)})`, "…");
    }, patience * 1000);
    try {
      const result = await work((what) => (doingNow = what));
      this.counts[operation]++;
      this.line(operation, type, name, `${done[operation]} (${seconds(began)})`);
      return result;
    } finally {
      clearInterval(beat);
    }
  }

  /** Counts what needs no step, or in a preview only would. */
  planned(operation: Operation, type: string, name: string, changes: { path: string; before: Value; after: Value }[] = []): void {
    this.counts[operation]++;
    if (operation === "same") return;
    this.line(operation, type, name, operation);
    for (const { path, before, after } of changes) process.stdout.write(`      ${path}: ${show(before)} → ${show(after)}\n`);
  }

  failed(type: string, name: string, error: Error): void {
    const message = error.message.split("\n").map((line, i) => (i ? "    " : "") + line).join("\n");
    process.stdout.write(`${styleText("red", "✗")} ${short(type)} ${name}: ${message}\n`);
  }

  note(text: string): void {
    process.stdout.write(text + "\n");
  }

  summary(): void {
    const words = this.preview ? { create: "to create", update: "to update", replace: "to replace", delete: "to delete", same: "unchanged" } : done;
    const parts = (Object.keys(this.counts) as Operation[]).filter((o) => this.counts[o] > 0).map((o) => `${this.counts[o]} ${words[o]}`);
    process.stdout.write(`${parts.join(", ") || "nothing to do"} (${seconds(this.began)})\n`);
  }

  private line(operation: Operation, type: string, name: string, text: string, mark = marks[operation]): void {
    process.stdout.write(`${styleText(colours[operation], mark)} ${short(type)} ${name} ${styleText("dim", text)}\n`);
  }
}

function seconds(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}

/** `docker:index/container:Container` → `docker:Container`. */
function short(type: string): string {
  return type.replace(/^docker:index\/\w+:/, "docker:").replace(/^pulumi-nodejs:dynamic\//, "");
}

function show(value: Value): string {
  const text = JSON.stringify(masked(value)) ?? "nothing";
  return text.length > 100 ? text.slice(0, 97) + "…" : text;
}
