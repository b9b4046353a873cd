import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { dirname, join, resolve } from "node:path";
import { stringify } from "yaml";
import { dockerClient } from "../../lib/docker-client.ts";
import { stackLabel } from "../../lib/docker-labels.ts";
import { KubernetesCluster } from "../../lib/kubernetes-client.ts";
import { poll } from "../../lib/poll.ts";
import { namesOfObjects, newCheckoutFolder, removeObjects } from "./test-objects.ts";

export const docker = dockerClient();

/** The result of a command. */
export interface Run {
  code: number | null;
  /** Standard output and standard error. Durations are replaced with `(time)`. */
  out: string;
}

/** Lanes of tests run at the same time (vitest.config.ts), each with its own ports. */
const lane = 10 * Number(process.env["SLIPWAY_TEST_LANE"] ?? 0);

/** Ports that do not conflict with the default ones, which may be in use on a developer's machine. */
export const ports = { api: 26550 + lane, http: 28080 + lane, https: 28443 + lane, registry: 25001 + lane };

/** The same for the platforms docker and swarm. */
export const dockerPorts = { http: 32180 + lane, https: 32143 + lane, registry: 32101 + lane };

/** A port that a test uses itself. */
export const otherPort = 32501 + lane;

/** For a state in the cluster, as in a pipeline. */
export const passphraseVariable = { PULUMI_CONFIG_PASSPHRASE: "correct horse" };

/** A copy of this checkout in a temporary folder, with one stack. The embedded engine deploys it to the real Docker and Kubernetes. */
export class Checkout {
  readonly folder: string;
  readonly stack: string;
  readonly platform: string;

  /** @param folder An existing copy, whose files are copied again. @default - a new one */
  constructor(stack: string, platform = "local", folder?: string) {
    this.stack = stack;
    this.platform = platform;
    this.folder = folder ?? newCheckoutFolder(lane);
    const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
    for (const file of files.split("\n").filter((f) => !f.startsWith("test/") && f && existsSync(f))) {
      mkdirSync(join(this.folder, dirname(file)), { recursive: true });
      cpSync(file, join(this.folder, file));
    }
    if (folder === undefined) symlinkSync(resolve("node_modules"), join(this.folder, "node_modules"));
  }

  /** Writes the stack file, with these services, settings of the platform and further settings. */
  configure(services: object, settings: object = {}, more: Record<string, unknown> = {}): void {
    const defaults = this.platform === "local" ? { cluster: "own", ports } : this.platform === "kubernetes" ? {} : { ports: dockerPorts };
    const config = {
      "slipway:platform": this.platform,
      "slipway:services": services,
      [`slipway:${this.platform}`]: { ...defaults, ...settings },
      ...more,
    };
    writeFileSync(join(this.folder, `stacks/Pulumi.${this.stack}.yaml`), stringify({ config }));
  }

  /** Replaces text in a file. */
  edit(file: string, before: string, after: string): void {
    const path = join(this.folder, file);
    const text = readFileSync(path, "utf8");
    if (!text.includes(before)) throw new Error(`${file} does not contain ${before}`);
    writeFileSync(path, text.replace(before, after));
  }

  /**
   * Starts a command in a separate process group. `output` returns what it has printed so far.
   *
   * @param within a program that runs it, with its arguments.
   */
  start(
    command: string,
    env: Record<string, string> = {},
    options: string[] = [],
    within: string[] = [],
  ): ChildProcess & { run: Promise<Run>; output: () => string } {
    const stackOption = command.startsWith("review ") ? "--template" : "--stack";
    return this.spawn([...command.split(" "), stackOption, this.stack, ...options], env, within);
  }

  private spawn(args: string[], env: Record<string, string>, within: string[] = []): ReturnType<Checkout["start"]> {
    const passphrase = this.platform === "kubernetes" && passphraseVariable;
    const [program = "", ...all] = [...within, join(this.folder, "slipway"), ...args];
    const child = spawn(program, all, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", SLIPWAY_ENGINE: "embedded", NODE_OPTIONS: "", ...passphrase, ...env },
      detached: true,
    });
    let out = "";
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (out += text));
    const run = new Promise<Run>((done) => child.on("close", (code) => done({ code, out: out.replaceAll(/\(\d+\.\d s\)/g, "(time)") })));
    return Object.assign(child, { run, output: () => out });
  }

  run(command: string, env?: Record<string, string>, options?: string[]): Promise<Run> {
    return this.start(command, env, options).run;
  }

  /** Runs a command without the option that selects the stack. */
  only(args: string[], env: Record<string, string> = {}): Promise<Run> {
    return this.spawn(args, env).run;
  }

  async outputs(): Promise<{ urls: Record<string, string>; images: Record<string, string>; kubeconfig: string; kubeconfigFile: string }> {
    return JSON.parse((await this.run("outputs")).out);
  }

  /** A client of the stack's cluster. Reads only a file, so tests may call it repeatedly. */
  async cluster(): Promise<KubernetesCluster> {
    return new KubernetesCluster(readFileSync(join(this.folder, ".slipway", this.stack, "kubeconfig.yaml"), "utf8"));
  }

  /** Deletes the stack, and everything that a failed test has left in Docker. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("down");
    await removeObjects(`${stackLabel}=${this.stack}`);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** All Docker objects with the label of a stack. */
export function objectsOf(stack: string): Promise<string[]> {
  return namesOfObjects(`${stackLabel}=${stack}`);
}

/** Sends a request to a host of the stack. With a body it is a POST. */
export function get(host: string, path = "/", options: { port?: number; body?: string } = {}): Promise<{ status: number; body: string }> {
  const { port = ports.http, body: content } = options;
  const method = content === undefined ? "GET" : "POST";
  return new Promise((done, failed) => {
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers: { host }, agent: false, timeout: 5000 }, (response) => {
      let body = "";
      response.on("data", (text) => (body += text));
      response.on("end", () => done({ status: response.statusCode ?? 0, body }));
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within 5 s")));
    outgoing.on("error", failed);
    outgoing.end(content);
  });
}

const timeoutSeconds = 60;

/**
 * Calls `ask` until its answer meets the condition, and returns that answer. Errors of `ask` are retried too.
 *
 * @throws Error with the last answer after a minute.
 */
export async function eventually<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  let last: unknown;
  const attempt = async () => {
    const answer = await ask().catch((error: Error) => error);
    last = answer;
    return answer instanceof Error || !holds(answer) ? undefined : { answer };
  };
  const onTimeout = () =>
    new Error(`after ${timeoutSeconds} s, the last answer is ${last instanceof Error ? last.message : JSON.stringify(last)}`);
  return (await poll(attempt, { timeoutSeconds, onTimeout })).answer;
}
