import { join, relative, resolve, sep } from "node:path";
import { loopback } from "../../components/ports.ts";
import { debuggerProgram } from "../../lib/debugger.ts";
import { ImageBuilder } from "../../components/image-builder.ts";
import { GoImage } from "../../components/go-image.ts";
import { developmentVariable, problemWithDevelopment, type Development } from "../../config/development.ts";
import { imageSources } from "../../config/image-sources.ts";
import { readStackFile } from "../../config/project.ts";
import type { Configuration } from "../../config/settings.ts";
import { readStack, type Stack } from "../../config/stack-file.ts";
import { cacheFolder } from "../../lib/cache-folder.ts";
import { LockedError, locked } from "../../lib/file-lock.ts";
import { registryOf } from "../../lib/docker-client.ts";
import { UserError } from "../../lib/user-error.ts";
import { loadPlatform } from "../../platforms/platform.ts";
import { configurationOf } from "../../review/configuration.ts";
import { engineFor, isDeployed, type Engine } from "../engines.ts";
import { registriesOf } from "../registries.ts";
import { placeOf } from "../workloads/place.ts";
import { deployStack } from "./deploy.ts";
import type { BuiltProgram } from "./build.ts";
import { Changes } from "./changes.ts";
import type { TakenError } from "./helper.ts";
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

interface Chosen {
  /** Services whose programs are replaced in place. */
  inPlace: Map<string, Parameters<typeof GoImage.build>[0]>;
  /** Services that are deployed again after a change, with the reason. */
  deployed: Map<string, { folder: string; why: string }>;
}

/** Which services are developed, and how. */
async function chosenServices(configuration: Configuration, names: string[]): Promise<Chosen> {
  const { imageDefaults } = await loadPlatform(configuration.platform);
  const sources = imageSources(configuration, imageDefaults(configuration));
  const all = Object.keys(configuration.services).filter((name) => sources.has(name));
  const problems = names.flatMap((name) => {
    if (!(name in configuration.services)) return `there is no service "${name}". Services with a source: ${all.join(", ") || "none"}.`;
    return sources.has(name) ? [] : `the service "${name}" has no source: its image is "${configuration.services[name]!.image}".`;
  });
  if (problems.length > 0) throw new UserError(`slipway dev: ${problems.join("\n  ")}`);
  if (all.length === 0) throw new UserError(`Stack "${configuration.stack}" has no service with a source, so there is nothing to develop.`);
  const chosen: Chosen = { inPlace: new Map(), deployed: new Map() };
  for (const name of names.length > 0 ? names : all) {
    const args = sources.get(name)!;
    const { command } = configuration.services[name]!;
    const why =
      args.builder === ImageBuilder.Dockerfile
        ? "it is built from a Dockerfile"
        : command !== undefined && command[0] !== "/app"
          ? `its command is ${command[0]}, not the program`
          : undefined;
    if (why === undefined) chosen.inPlace.set(name, args);
    else chosen.deployed.set(name, { folder: resolve(args.source), why });
  }
  return chosen;
}

async function imagesOf(engine: Engine): Promise<Record<string, string>> {
  const { images } = (await engine.outputs(false).catch(() => ({}))) as { images?: Record<string, string> };
  return images ?? {};
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
  /** What has replaced them since. */
  private readonly tried: Record<string, string> = {};
  private isUp = false;
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
    await this.deploy(undefined);
    this.services.forEach(({ name }, i) => {
      if (debugPort !== undefined) this.report.say({ event: "debugger", service: name, address: `${loopback}:${debugPort + i}` });
    });
    this.report.say({
      event: "watching",
      services: Object.fromEntries(this.services.map(({ name, folders }) => [name, folders.map(shown)])),
    });
    while (!this.over.signal.aborted) {
      const files = await Promise.race([this.changes.next(), aborted(this.over.signal)]);
      if (files === undefined) break;
      await this.handle(files);
    }
    if (this.failure) throw this.failure;
  }

  /** Ends all connections, so that the programs can be replaced by others. */
  async end(): Promise<void> {
    this.over.abort();
    await this.changes.close();
    await Promise.allSettled(this.pushes);
  }

  /** Deploys what was deployed before, or with `keep` what ran last. */
  async restore(before: Record<string, string>): Promise<boolean> {
    const names = [...this.chosen.inPlace.keys(), ...this.chosen.deployed.keys()];
    const wanted = { ...this.images, ...(this.options.keep ? this.tried : before) };
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
    if (!this.isUp) return this.deploy("the last deployment failed");
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
      if (!(error instanceof UserError)) throw error;
      this.report.say({ event: "failed", service: service.name, message: withPaths(error.message, service.args.source) });
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
    const image = this.push(name, next);
    try {
      const { result, reason = "", output = "", serving } = await service.replace(next, this.over.signal);
      if (result === "ready") {
        this.report.say({ event: "running", service: name, seconds: (performance.now() - began) / 1000, image: next.image });
        const reference = await image;
        if (reference !== undefined) this.tried[name] = reference;
      } else {
        const at = service.panicIn(output);
        this.report.say({ event: "crashed", service: name, reason, ...(at !== undefined && { at }), output, serving });
      }
    } catch (error) {
      if (!this.over.signal.aborted) this.report.say({ event: "failed", service: name, message: (error as Error).message });
    }
  }

  /** Pushes the image, so that what was tried can be deployed. Undefined if it cannot be pushed, which is said. */
  private push(name: string, { build }: BuiltProgram): Promise<string | undefined> {
    const repository = this.repository(name);
    // What is built for a debugger is not for others.
    if (repository === undefined || this.options.debugPort !== undefined) return Promise.resolve(undefined);
    const access = registriesOf(this.stack)[registryOf(`${repository}/x`)];
    const pushing = GoImage.push(build, { repository, ...access }).then(
      (image) => {
        this.report.say({ event: "pushed", service: name, image });
        return image;
      },
      (error: Error) => {
        this.report.say({ event: "warning", message: error.message });
        return undefined;
      },
    );
    this.pushes.add(pushing);
    void pushing.finally(() => this.pushes.delete(pushing));
    return pushing;
  }

  private repository(name: string): string | undefined {
    const image = this.images[name];
    return image === undefined ? undefined : image.slice(0, image.indexOf("@"));
  }

  /** Deploys the stack with the sources as they are, and connects to what it has started. */
  private async deploy(reason: string | undefined): Promise<void> {
    if (reason !== undefined) this.report.say({ event: "deploying", reason });
    for (const service of this.services) service.deploying();
    const development: Development = { services: this.services.map(({ name }) => name), debug: this.options.debugPort !== undefined };
    const variables = { [developmentVariable]: JSON.stringify(development) };
    const succeeded = await deployStack(this.stack.name, variables, this.options.json);
    if (this.over.signal.aborted) return;
    this.report.say({ event: "deployed", succeeded });
    if (!succeeded) return;
    Object.assign(this.images, await imagesOf(this.engine));
    for (const name of Object.keys(this.tried)) delete this.tried[name]; // the deployment has built it again
    const isFirst = !this.isUp;
    this.isUp = true;
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

  private async connect(): Promise<void> {
    const place = await placeOf(this.stack, this.engine);
    if (place === undefined) throw new UserError(`Stack "${this.stack.name}" is not up on this machine.`);
    const taken = (error: TakenError) => {
      this.failure = new LockedError(
        `Stack "${this.stack.name}" is being developed on by ${error.holder?.by ?? "somebody else"}${error.holder ? `, since ${error.holder.since}` : ""}. Wait until that session has ended.`,
      );
      this.over.abort();
    };
    for (const service of this.services) void service.stayConnected(place, taken, this.over.signal);
  }
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
