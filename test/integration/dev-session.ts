import type { DevEvent } from "../../cli/dev/report.ts";
import { eventually, type Checkout, type Run } from "./checkout.ts";

type EventOf<K extends DevEvent["event"]> = Extract<DevEvent, { event: K }>;

/** A running `slipway dev --json`. */
export class DevSession {
  private readonly child: ReturnType<Checkout["start"]>;
  private seen = 0;

  /** @param within a program that runs it, with its arguments. */
  constructor(checkout: Checkout, options: string[] = [], within: string[] = []) {
    this.child = checkout.start("dev", {}, ["--json", ...options], within);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The next event of a kind, and the events before it. */
  async next<K extends DevEvent["event"]>(kind: K): Promise<EventOf<K>> {
    // The events are for the message, if it does not come.
    const { at, events } = await eventually(
      async () => {
        if (this.child.exitCode !== null) throw new Error(`slipway dev has ended: ${this.child.output()}`);
        const events = this.events();
        return { at: events.findIndex(({ event }, i) => i >= this.seen && event === kind), events };
      },
      ({ at }) => at >= 0,
    );
    this.seen = at + 1;
    return events[at] as EventOf<K>;
  }

  /** Where an image was pushed to. The push may end before the program runs, or after. */
  async pushed(digest: string): Promise<string> {
    const find = async () => this.events().find((event) => event.event === "pushed" && event.image.endsWith(`@${digest}`));
    return ((await eventually(find, (event) => event !== undefined)) as EventOf<"pushed">).image;
  }

  /** All events until now. The progress of deployments is between them. */
  events(): DevEvent[] {
    return this.child
      .output()
      .split("\n")
      .filter((line) => line.startsWith('{"event":') && line.endsWith("}"))
      .map((line) => JSON.parse(line) as DevEvent);
  }

  /** Ctrl-C, or another signal. */
  async end(signal: NodeJS.Signals = "SIGINT"): Promise<Run> {
    process.kill(-this.child.pid!, signal);
    return this.child.run;
  }

  /** For a test that has failed. */
  kill(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) process.kill(-this.child.pid!, "SIGKILL");
  }
}
