import { join, relative, resolve, sep } from "node:path";
import timers from "node:timers/promises";
import { loopback } from "../../components/ports.ts";
import { debuggerProgram } from "../../lib/debugger.ts";
import { GoImage } from "../../components/go-image.ts";
import { developmentVariable, problemWithDevelopment, type Development } from "../../config/development.ts";
import { readStackFile } from "../../config/project.ts";
import { readStack, type Stack } from "../../config/stack-file.ts";
import { cacheFolder } from "../../lib/cache-folder.ts";
import { LockedError, locked } from "../../lib/file-lock.ts";
import { fullDiskError } from "../../lib/full-disk.ts";
import { registryOf } from "../../lib/docker-client.ts";
import { UserError } from "../../lib/user-error.ts";
import { configurationOf } from "../../review/configuration.ts";
import { engineFor, isDeployed, type Engine } from "../engines.ts";
import { registriesOf } from "../registries.ts";
import { placeOf } from "../workloads/place.ts";
import { chosenServices, type Chosen } from "./chosen.ts";
import { deployStack } from "./deploy.ts";
import type { BuiltProgram } from "./build.ts";
import { Changes } from "./changes.ts";
import type { Holder, TakenError } from "./helper.ts";
import type { DevReport } from "./report.ts";
import { DevelopedService } from "./service.ts";

export interface DevOptions {
  stack: string;
  /** Names of services. @default - all that are built from source */
  services: string[];
  /** Whether the last program that ran is deployed at the end, instead of what was deployed before. */
  keep: boolean;
  /** First of the ports of this machine that lead to the debuggers, one for each service. @default - no debugger */
  debugPort: number | undefined;
  json: boolean;
}

/**
 * Runs the development loop of a stack until the signal is aborted.
 *
 * @returns whether the stack was restored.
 * @throws UserError if the stack must not be developed on, or a service cannot be; LockedError if somebody else develops on it.
 */
export async function develop(options: DevOptions, report: DevReport, signal: AbortSignal): Promise<boolean> {
  const stack = readStack(options.stack);
  const configuration = await configurationOf(stack);
  const problem = problemWithDevelopment(configuration);
  if (problem) throw new UserError(problem);
  const chosen = await chosenServices(configuration, options.services);
  const engine = await engineFor(stack, { install: true, json: options.json });
  const before = (await isDeployed(stack)) ? await imagesOf(engine) : {};
  return locked(join(stack.folder, "dev"), `The development of stack "${stack.name}"`, "slipway dev", async () => {
    const session = new Session(stack, engine, chosen, options, report, signal);
    try {
      await session.run();
    } finally {
      await session.end();
    }
    return session.restore(before);
  });
}

async function imagesOf(engine: Engine): Promise<Record<string, string>> {
  const { images } = (await engine.outputs(false).catch(() => ({}))) as { images?: Record<string, string> };
  return images ?? {};
}

/** Milliseconds that deployments take whose programs become ready, from experience. */
const usualDeploymentMs = 10_000;

/** Milliseconds until a helper has noticed that its session was killed, see components/helper/develop/control.go. */
const endOfKilledMs = 6000;

/** Waits a moment. False once the signal is aborted. */
function pause(signal: AbortSignal): Promise<boolean> {
  return timers.setTimeout(500, true, { signal }).catch(() => false);
}

class Session {
  private readonly stack: Stack;
  private readonly engine: Engine;
  private readonly chosen: Chosen;
  private readonly options: DevOptions;
  private readonly report: DevReport;
  private readonly services: DevelopedService[];
  private readonly changes = new Changes();
  /** Ends the connections and the work in progress. */
  private readonly over = new AbortController();
  private readonly pushes = new Set<Promise<unknown>>();
  /** The images of the last deployment. */
  private readonly images: Record<string, string> = {};
  /** References of the images that were pushed, by digest. */
  private readonly pushed = new Map<string, string>();
  private isConnected = false;
  private isDeployed = false;
  private failure: Error | undefined;

  constructor(stack: Stack, engine: Engine, chosen: Chosen, options: DevOptions, report: DevReport, signal: AbortSignal) {
    this.stack = stack;
    this.engine = engine;
    this.chosen = chosen;
    this.options = options;
    this.report = report;
    this.services = [...chosen.inPlace].map(([name, args]) => new DevelopedService(name, args, report));
    signal.addEventListener("abort", () => this.over.abort(), { once: true });
  }

  async run(): Promise<void> {
    for (const [name, { why }] of this.chosen.deployed)
      this.report.say({ event: "warning", message: `${name} is deployed again after each change, because ${why}.` });
    await Promise.all(this.services.map((service) => service.findModules()));
    await this.changes.add([...this.stackFiles(), ...this.folders()]);
    const { debugPort } = this.options;
    if (debugPort !== undefined) {
      await Promise.all(this.services.map((service, i) => service.forwardDebugger(debugPort + i, this.over.signal)));
      await debuggerProgram(); // building it takes a while
    }
    await this.checkAlone();
    await this.deploy(undefined);
    this.services.forEach(({ name }, i) => {
      if (debugPort !== undefined) this.report.say({ event: "debugger", service: name, address: `${loopback}:${debugPort + i}` });
    });
    this.report.say({
      event: "watching",
      services: Object.fromEntries([
        ...this.services.map(({ name, folders }) => [name, folders.map(shown)]),
        ...[...this.chosen.deployed].map(([name, { folder }]) => [name, [shown(folder)]]),
      ]),
    });
    while (!this.over.signal.aborted) {
      const files = await Promise.race([this.changes.next(), aborted(this.over.signal)]);
      if (files === undefined) break;
      // The session goes on: most causes are gone after another change.
      await this.handle(files).catch((error: unknown) => this.report.say({ event: "warning", message: messageOf(error) }));
    }
    if (this.failure) throw this.failure;
  }

  /** Ends all connections, so that the programs can be replaced by others. */
  async end(): Promise<void> {
    this.over.abort();
    await this.changes.close();
    if (this.options.keep) await Promise.allSettled(this.pushes);
  }

  /** Deploys what was deployed before, or with `keep` what ran last. */
  async restore(before: Record<string, string>): Promise<boolean> {
    const names = [...this.chosen.inPlace.keys(), ...this.chosen.deployed.keys()];
    const wanted = { ...this.images, ...(this.options.keep ? this.ran() : before) };
    const images = Object.fromEntries(names.flatMap((name) => (wanted[name] === undefined ? [] : [[name, wanted[name]]])));
    if (Object.keys(images).length === 0) return true;
    this.report.say({ event: "restoring", images });
    const succeeded = await deployStack(this.stack.name, { SLIPWAY_IMAGES: JSON.stringify(images) }, this.options.json);
    this.report.say({ event: "restored", succeeded });
    if (!succeeded)
      process.stderr.write(
        `The stack still has the programs of slipway dev. Run slipway up --stack ${this.stack.name} to deploy it as usual.\n`,
      );
    return succeeded;
  }

  /** The images of the programs that ran last, if they were pushed. Those of a deployment are in `images`. */
  private ran(): Record<string, string> {
    const pushed = this.services.flatMap(({ name, current }) => {
      const reference = this.pushed.get(current?.image ?? "");
      return reference === undefined ? [] : [[name, reference]];
    });
    return Object.fromEntries(pushed) as Record<string, string>;
  }

  private stackFiles(): string[] {
    return [resolve(readStackFile(this.stack.name).file)];
  }

  private folders(): string[] {
    return [...this.services.flatMap(({ folders }) => folders), ...[...this.chosen.deployed.values()].map(({ folder }) => folder)];
  }

  private async handle(files: string[]): Promise<void> {
    this.report.say({ event: "changed", files: files.map(shown) });
    const began = performance.now();
    if (files.some((file) => /(^|[/\\])go\.(mod|work|sum)$/.test(file))) {
      await Promise.all(this.services.map((service) => service.findModules()));
      await this.changes.add(this.folders());
    }
    if (!this.isDeployed) return this.deploy("the last deployment failed");
    if (files.some((file) => this.stackFiles().includes(file))) return this.deploy("the settings have changed");
    const redeployed = [...this.chosen.deployed].find(([, { folder }]) => files.some((file) => isIn(file, folder)));
    if (redeployed) return this.deploy(`the source of ${redeployed[0]} has changed`);
    const unchanged: string[] = [];
    for (const service of this.services.filter(({ folders }) => files.some((file) => folders.some((folder) => isIn(file, folder))))) {
      const outcome = await this.rebuild(service, began);
      if (outcome === "superseded") return;
      if (outcome === "deploy") return this.deploy(`files besides the program of ${service.name} have changed`);
      if (outcome === "unchanged") unchanged.push(service.name);
    }
    if (unchanged.length > 0) this.report.say({ event: "unchanged", services: unchanged });
  }

  /** Builds a program and replaces the running one. A further change ends the build, because the next one has it too. */
  private async rebuild(service: DevelopedService, began: number): Promise<"superseded" | "deploy" | "unchanged" | "done"> {
    const building = new AbortController();
    this.changes.onFirst = () => building.abort();
    this.over.signal.addEventListener("abort", this.changes.onFirst, { once: true });
    let next: BuiltProgram;
    try {
      next = await service.build(building.signal);
    } catch (error) {
      if (building.signal.aborted) return "superseded";
      this.report.say({ event: "failed", service: service.name, message: withPaths(messageOf(error), service.args.source) });
      return "done";
    } finally {
      this.over.signal.removeEventListener("abort", this.changes.onFirst);
      this.changes.onFirst = () => {};
    }
    if (next.rest !== service.current?.rest) return "deploy";
    if (next.digest === service.current.digest) return "unchanged";
    await this.replace(service, next, began);
    return "done";
  }

  private async replace(service: DevelopedService, next: BuiltProgram, began: number): Promise<void> {
    const { name } = service;
    try {
      const { result, reason = "", output = "", serving } = await service.replace(next, this.over.signal);
      if (result === "ready") {
        this.report.say({ event: "running", service: name, seconds: (performance.now() - began) / 1000, image: next.image });
        this.push(name, next); // before, it would slow down what the user waits for
      } else service.crashed(reason, output, serving);
    } catch (error) {
      if (!this.over.signal.aborted) this.report.say({ event: "failed", service: name, message: messageOf(error) });
    }
  }

  /**
   * Pushes the image, so that what was tried can be deployed. The next change does not wait for that, since a registry that cannot be reached is
   * tried for a while.
   */
  private push(name: string, { build, image }: BuiltProgram): void {
    const repository = this.repository(name);
    // What is built for a debugger is not for others.
    if (repository === undefined || this.options.debugPort !== undefined) return;
    const access = registriesOf(this.stack)[registryOf(`${repository}/x`)];
    const pushing = GoImage.push(build, { repository, ...access }).then(
      (reference) => {
        this.pushed.set(image, reference);
        this.report.say({ event: "pushed", service: name, image: reference });
      },
      (error: unknown) => {
        const message = `the image of ${name} is not in the registry, so --keep cannot deploy it. The program runs. ${messageOf(error)}`;
        this.report.say({ event: "warning", message });
      },
    );
    this.pushes.add(pushing);
    void pushing.finally(() => this.pushes.delete(pushing));
  }

  private repository(name: string): string | undefined {
    const image = this.images[name];
    return image === undefined ? undefined : image.slice(0, image.indexOf("@"));
  }

  /** Deploys the stack with the sources as they are, and connects to what it has started. */
  private async deploy(reason: string | undefined): Promise<void> {
    if (reason !== undefined) this.report.say({ event: "deploying", reason });
    const takeBack = this.services.map((service) => service.deploying());
    const development: Development = { services: this.services.map(({ name }) => name), debug: this.options.debugPort !== undefined };
    const variables = { [developmentVariable]: JSON.stringify(development) };
    const stop = new AbortController();
    this.isDeployed = await this.endedByChange(stop, deployStack(this.stack.name, variables, this.options.json, stop.signal));
    if (this.over.signal.aborted) return;
    const interrupted = !this.isDeployed && stop.signal.aborted && { interrupted: true as const };
    this.report.say({ event: "deployed", succeeded: this.isDeployed, ...interrupted });
    if (!this.isDeployed) return takeBack.forEach((take) => take());
    Object.assign(this.images, await imagesOf(this.engine));
    const isFirst = !this.isConnected;
    this.isConnected = true;
    if (isFirst) await this.connect();
    const { signal } = this.over;
    await Promise.all(this.services.map((service) => (isFirst ? service.ready(signal) : service.reconnect(signal))));
    for (const service of this.services) {
      const image = this.images[service.name];
      if (image !== undefined) service.deployed(image.slice(image.indexOf("@") + 1), cacheFolder("blobs"));
      // The image is the normal one, without what a debugger needs.
      if (development.debug) await this.rebuild(service, performance.now());
    }
  }

  /**
   * Ends a deployment after a change, if it has taken so long that it must be waiting for a program that does not become ready: the change may be
   * the correction. The Pulumi CLI would go on in a process of its own.
   */
  private async endedByChange<T>(stop: AbortController, deployment: Promise<T>): Promise<T> {
    const began = performance.now();
    let timer: NodeJS.Timeout | undefined;
    this.changes.onFirst = () => {
      if (this.engine.isEmbedded) timer = setTimeout(() => stop.abort(), Math.max(0, usualDeploymentMs - (performance.now() - began)));
    };
    if (this.changes.isWaiting) this.changes.onFirst();
    return deployment.finally(() => {
      clearTimeout(timer);
      this.changes.onFirst = () => {};
    });
  }

  /**
   * Makes sure that nobody develops on the stack from another folder or machine, before anything is deployed.
   *
   * @throws LockedError if somebody does.
   */
  private async checkAlone(): Promise<void> {
    const place = (await isDeployed(this.stack)) ? await placeOf(this.stack, this.engine) : undefined;
    if (place === undefined) return;
    for (const service of this.services) {
      // A session that was killed is noticed after a moment. A helper that does not answer is one of a container that just ends.
      const until = performance.now() + endOfKilledMs;
      let other: Holder | undefined;
      do other = await service.otherSession(place).catch(() => undefined);
      while (other !== undefined && performance.now() < until && (await pause(this.over.signal)));
      if (other !== undefined) throw this.takenBy(other);
    }
  }

  private takenBy(holder: Holder | null): LockedError {
    const who = holder === null ? "somebody else" : `${holder.by}, since ${holder.since}`;
    return new LockedError(`Stack "${this.stack.name}" is being developed on by ${who}. Wait until that session has ended.`);
  }

  private async connect(): Promise<void> {
    const place = await placeOf(this.stack, this.engine);
    if (place === undefined) throw new UserError(`Stack "${this.stack.name}" is not up on this machine.`);
    const taken = ({ holder }: TakenError) => {
      this.failure = this.takenBy(holder);
      this.over.abort();
    };
    for (const service of this.services) void service.stayConnected(place, taken, this.over.signal);
  }
}

/** What a user needs of an error. Others than plain ones, such as a TypeError, are mistakes of this program. */
function messageOf(error: unknown): string {
  const { name, message, stack } = error as Error;
  if (error instanceof UserError) return message;
  return fullDiskError(error)?.message ?? (name === "Error" ? message : (stack ?? message));
}

/** Go prints paths relative to the folder of the source. Relative to this one, editors and terminals open them. */
function withPaths(message: string, source: string): string {
  return message.replace(/^( *)((?:\.{1,2}\/)?[^\s:]+\.go):(\d+)/gm, (_, indent: string, file: string, row: string) => {
    return `${indent}${shown(resolve(source, file))}:${row}`;
  });
}

function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((done) => signal.addEventListener("abort", () => done(undefined), { once: true }));
}

function isIn(file: string, folder: string): boolean {
  return file === folder || file.startsWith(folder + sep);
}

/** A path as it is shown: relative to this folder if it is below it. */
function shown(path: string): string {
  const short = relative("", path);
  return short === "" || short.startsWith("..") ? path : short;
}
