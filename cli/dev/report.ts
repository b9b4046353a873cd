import { styleText } from "node:util";

/** What `slipway dev --json` prints, one per line. */
export type DevEvent =
  | { event: "watching"; services: Record<string, string[]> }
  | { event: "debugger"; service: string; address: string }
  | { event: "changed"; files: string[] }
  | { event: "failed"; service: string; message: string }
  | { event: "running"; service: string; seconds: number; image: string }
  | { event: "crashed"; service: string; reason: string; at?: string; output: string; serving: boolean }
  | { event: "restarted"; service: string }
  | { event: "sent-again"; service: string }
  | { event: "unchanged"; services: string[] }
  | { event: "deploying"; reason: string }
  | { event: "deployed"; succeeded: boolean; interrupted?: true }
  | { event: "pushed"; service: string; image: string }
  | { event: "warning"; message: string }
  | { event: "log"; service: string; text: string }
  | { event: "restoring"; images: Record<string, string> }
  | { event: "restored"; succeeded: boolean };

/** Prints what happens during `slipway dev`. */
export class DevReport {
  private readonly json: boolean;
  private readonly quiet: boolean;

  constructor({ json, quiet }: { json: boolean; quiet: boolean }) {
    this.json = json;
    this.quiet = quiet;
  }

  say(event: DevEvent): void {
    if (event.event === "log" && this.quiet) return;
    const text = this.json ? JSON.stringify(event) : formatted(event, this.quiet);
    if (text !== undefined) process.stdout.write(`${text}\n`);
  }
}

const shownFiles = 3;

/**
 * Undefined for what is not worth a line.
 *
 * @param quiet whether the user has not seen what the programs print.
 */
function formatted(event: DevEvent, quiet: boolean): string | undefined {
  switch (event.event) {
    case "watching": {
      const names = Object.keys(event.services);
      return `\ndev  watching the sources of ${names.join(", ")}. Ctrl-C ends it and restores what was deployed before.`;
    }
    case "debugger":
      return line(event.service, `runs in the debugger: connect to ${event.address}`);
    case "changed": {
      const more = event.files.length - shownFiles;
      return line("", `changed ${event.files.slice(0, shownFiles).join(", ")}${more > 0 ? ` and ${more} more` : ""}`);
    }
    case "running":
      return line(event.service, `${styleText("green", "✓")} the new program answers after ${event.seconds.toFixed(2)} s`);
    case "failed":
      return line(event.service, `${styleText("red", "✗")} ${event.message}\n  The previous program goes on.`);
    case "crashed": {
      const where = event.at === undefined ? "" : `, at ${event.at}`;
      const next = event.serving ? "The previous program goes on." : "It starts again; requests wait.";
      return line(event.service, `${styleText("red", "✗")} ${event.reason}${where}. ${next}${quiet ? indented(event.output) : ""}`);
    }
    case "restarted":
      return line(event.service, "the program runs again");
    case "sent-again":
      return line(event.service, "its container has started again, and runs the last program again");
    case "unchanged":
      return line("", `the programs have not changed`);
    case "deploying":
      return line("", `${event.reason}: deploying the stack`);
    case "deployed":
      if (event.interrupted) return line("", "the deployment was still waiting when sources changed, and begins again");
      return event.succeeded
        ? undefined
        : line("", `${styleText("red", "✗")} the deployment failed. It is tried again after the next change.`);
    case "pushed":
      return undefined;
    case "warning":
      return line("", `warning: ${event.message}`);
    case "log":
      return `${styleText("cyan", event.service)} | ${event.text}`;
    case "restoring":
      return `\ndev  restoring the normal Deployment`;
    case "restored":
      return undefined;
  }
}

/** Lines of a crash's output that are shown. */
const shownOutput = 20;

function indented(output: string): string {
  const lines = output.split("\n").filter((text) => text.trim() !== "");
  return lines
    .slice(0, shownOutput)
    .map((text) => `\n  | ${text}`)
    .join("");
}

function line(service: string, text: string): string {
  const time = styleText("dim", new Date().toTimeString().slice(0, 8));
  return [time, ...(service === "" ? [] : [styleText("bold", service)]), text].join("  ");
}
