import { hostname } from "node:os";
import { resolve } from "node:path";
import timers from "node:timers/promises";
import type { GoImageArgs } from "../../components/go-image.ts";
import { UserError } from "../../lib/user-error.ts";
import { userName } from "../../lib/user-name.ts";
import type { Place } from "../workloads/place.ts";
import { developmentPorts } from "../../components/development-ports.ts";
import { debuggerProgram } from "../../lib/debugger.ts";
import { goArchitecture } from "../../lib/go-architecture.ts";
import { containerOf, type DevelopedContainer } from "./containers.ts";
import { forwardPort } from "./forward.ts";
import { buildProgram, programIn, type BuiltProgram } from "./build.ts";
import { Helper, TakenError, type HelperEvent, type Holder, type Replacement } from "./helper.ts";
import { localModules, panicIn, type LocalModule } from "./modules.ts";
import type { DevReport } from "./report.ts";

/** Who holds a session, for others who want to begin one. */
const by = `${userName()}@${hostname()} (process ${process.pid})`;

/** Milliseconds between two attempts to find a service's container or to connect to it. */
const retryMs = 300;

/** A service whose program is replaced in place. */
export class DevelopedService {
  readonly name: string;
  readonly args: Omit<GoImageArgs, "repository">;
  modules: LocalModule[] = [];
  /** What runs, or is to run once there is a container. */
  current: BuiltProgram | undefined;
  private readonly report: DevReport;
  /** Whether `current` is the program of the image that the stack deployed. */
  private isOfImage = true;
  /** Whether programs run in the debugger. */
  private isDebugged = false;

  private container: DevelopedContainer | undefined;
  private helper: Helper | undefined;
  /** Of the container. */
  private architecture = "";
  /** Ends the connection to the helper, but not the session. */
  private connection = new AbortController();
  private isConnected = false;
  private connected = Promise.withResolvers<void>();

  constructor(name: string, args: Omit<GoImageArgs, "repository">, report: DevReport) {
    this.name = name;
    this.args = args;
    this.report = report;
  }

  async findModules(): Promise<void> {
    this.modules = await localModules(this.args.source);
  }

  /** Absolute paths of the folders that the program is built from. */
  get folders(): string[] {
    return [...new Set([...this.modules.map(({ folder }) => folder), resolve(this.args.source)])];
  }

  /** Connects again, since there may be a new container, and the old one may still be running. */
  async reconnect(signal: AbortSignal): Promise<void> {
    this.connected = Promise.withResolvers();
    this.isConnected = false;
    this.connection.abort();
    await this.ready(signal);
  }

  /** Stays connected to the helper until the signal is aborted, also if the container is replaced. */
  async stayConnected(place: Place, taken: (error: TakenError) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.connectOnce(place, signal);
      } catch (error) {
        if (error instanceof TakenError && error.holder?.by !== by) return taken(error);
        // The container may just be starting or ending.
      }
      this.helper?.close();
      this.helper = undefined;
      if (this.isConnected) this.connected = Promise.withResolvers();
      this.isConnected = false;
      await timers.setTimeout(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async connectOnce(place: Place, signal: AbortSignal): Promise<void> {
    this.connection = new AbortController();
    const either = AbortSignal.any([signal, this.connection.signal]);
    const container = await containerOf(place, this.name);
    if (container === undefined) return;
    this.container = container;
    const helper = new Helper(() => container.open(developmentPorts.control));
    const { architecture, digest } = await helper.status();
    const begun = async () => {
      this.architecture = architecture;
      this.helper = helper;
      // A container that was started again has the program of its image.
      if (this.current && digest !== this.current.digest && !this.isOfImage) await this.sendAgain(helper, this.current, signal);
      this.isConnected = true;
      this.connected.resolve();
      // Opens the connection for the first program, since this one is for the events.
      helper.status().catch(() => undefined);
    };
    await helper.events(by, begun, (event) => this.seen(event), either);
  }

  private async sendAgain(helper: Helper, program: BuiltProgram, signal: AbortSignal): Promise<void> {
    const { result, reason = "", output = "", serving } = await this.send(helper, program, signal);
    if (result === "ready") this.report.say({ event: "sent-again", service: this.name });
    else this.crashed(reason, output, serving);
  }

  /** The stack is being deployed, so a new container has what is wanted. Returns what takes that back, if the deployment fails. */
  deploying(): () => void {
    const { isOfImage } = this;
    this.isOfImage = true;
    return () => {
      this.isOfImage = isOfImage;
    };
  }

  /** Another session that replaces the program now. */
  async otherSession(place: Place): Promise<Holder | undefined> {
    const container = await containerOf(place, this.name);
    if (container === undefined) return undefined;
    const helper = new Helper(() => container.open(developmentPorts.control));
    try {
      return (await helper.status()).session;
    } finally {
      helper.close();
    }
  }

  /** The stack was deployed with an image, which this machine has built. */
  deployed(image: string, blobs: string): void {
    this.current = programIn(image, { descriptor: { mediaType: "", size: 0, digest: image }, blobs }, this.architecture);
    this.isOfImage = true;
  }

  /** Resolves once the helper is connected. */
  ready(signal: AbortSignal): Promise<void> {
    return Promise.race([
      this.connected.promise,
      new Promise<void>((done) => signal.addEventListener("abort", () => done(), { once: true })),
    ]);
  }

  /**
   * Builds the program as it is now.
   *
   * @throws UserError with the compiler's output.
   */
  build(signal: AbortSignal): Promise<BuiltProgram> {
    return buildProgram(this.args, this.architecture, signal, this.isDebugged);
  }

  /** Replaces the program. */
  async replace(next: BuiltProgram, signal: AbortSignal): Promise<Replacement> {
    await this.ready(signal);
    if (this.helper === undefined) throw new UserError(`The container of ${this.name} cannot be reached.`);
    const replacement = await this.send(this.helper, next, signal);
    if (replacement.result === "ready") {
      this.current = next;
      this.isOfImage = false;
    }
    return replacement;
  }

  private async send(helper: Helper, program: BuiltProgram, signal: AbortSignal): Promise<Replacement> {
    if (program.isDebugged) {
      if (this.architecture !== goArchitecture)
        throw new UserError(
          `--debug: the debugger is for ${goArchitecture}, as this machine, but the container of ${this.name} runs on ${this.architecture}. Develop it without --debug.`,
        );
      await helper.takeDebugger(await debuggerProgram(), signal);
    }
    return helper.replace(by, program, signal);
  }

  /**
   * Connects a port of this machine's loopback address to the debugger in the container, until the signal is aborted.
   *
   * @throws UserError if the port cannot be used.
   */
  async forwardDebugger(port: number, signal: AbortSignal): Promise<void> {
    this.isDebugged = true;
    await forwardPort(port, () => this.container!.open(developmentPorts.debugger), signal);
  }

  private seen(event: HelperEvent): void {
    const { name: service } = this;
    if (event.type === "log") this.report.say({ event: "log", service, text: event.text ?? "" });
    if (event.type === "restarted") this.report.say({ event: "restarted", service });
    if (event.type === "lost") this.report.say({ event: "warning", message: `${event.count} lines of ${service} were not shown.` });
    if (event.type === "crashed") this.crashed(event.text, event.output ?? "", false);
  }

  /** Reports a program that has ended, with the place in the project's code where it panicked. */
  crashed(reason: string, output: string, serving: boolean): void {
    const at = panicIn(output, this.modules);
    this.report.say({ event: "crashed", service: this.name, reason, ...(at !== undefined && { at }), output, serving });
  }
}
