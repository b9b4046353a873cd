import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { stringify } from "yaml";
import { dockerClient } from "../../lib/docker-client.ts";
import { KubernetesCluster } from "../../lib/kubernetes-client.ts";

export const docker = dockerClient();

export interface Run {
  code: number | null;
  out: string;
}

/** Ports of their own, for a stack to run beside those of whoever works on this machine. */
export const ports = { api: 26550, http: 28080, https: 28443, registry: 25001 };

/** The same for the platforms without Kubernetes. */
export const dockerPorts = { http: 32180, https: 32143, registry: 32101 };

/**
 * A copy of this checkout in a temporary folder, with a stack of its own, that the real parts carry out: Docker, the
 * registry, Kubernetes, by the embedded engine.
 */
export class Checkout {
  readonly folder = mkdtempSync(join(tmpdir(), "slipway-checkout-"));
  readonly stack: string;
  readonly platform: string;

  constructor(stack: string, platform = "local") {
    this.stack = stack;
    this.platform = platform;
    const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
    for (const file of files.split("\n").filter((f) => !f.startsWith("test/") && f && existsSync(f))) {
      mkdirSync(join(this.folder, dirname(file)), { recursive: true });
      cpSync(file, join(this.folder, file));
    }
    symlinkSync(resolve("node_modules"), join(this.folder, "node_modules"));
  }

  /** Writes the stack's services, and other settings of its platform. */
  configure(services: object, settings: object = {}): void {
    const usual = this.platform === "local" ? { ports } : { ports: dockerPorts };
    const config = {
      "slipway:platform": this.platform,
      "slipway:services": services,
      [`slipway:${this.platform}`]: { ...usual, ...settings },
    };
    writeFileSync(join(this.folder, `stacks/Pulumi.${this.stack}.yaml`), stringify({ config }));
  }

  /** Replaces a piece of text in a file. */
  edit(file: string, before: string, after: string): void {
    const path = join(this.folder, file);
    const text = readFileSync(path, "utf8");
    if (!text.includes(before)) throw new Error(`${file} has no ${before}`);
    writeFileSync(path, text.replace(before, after));
  }

  start(
    command: string,
    env: Record<string, string> = {},
    options: string[] = [],
  ): ChildProcess & { run: Promise<Run>; said: () => string } {
    const child = spawn(join(this.folder, "slipway"), [command, "--stack", this.stack, ...options], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", SLIPWAY_ENGINE: "embedded", NODE_OPTIONS: "", ...env },
      detached: true,
    });
    let out = "";
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (out += text));
    const run = new Promise<Run>((done) => child.on("close", (code) => done({ code, out: out.replaceAll(/\(\d+\.\d s\)/g, "(time)") })));
    return Object.assign(child, { run, said: () => out });
  }

  run(command: string, env?: Record<string, string>, options?: string[]): Promise<Run> {
    return this.start(command, env, options).run;
  }

  async outputs(): Promise<{ urls: Record<string, string>; images: Record<string, string>; kubeconfig: string; kubeconfigFile: string }> {
    return JSON.parse((await this.run("outputs")).out);
  }

  async cluster(): Promise<KubernetesCluster> {
    return new KubernetesCluster(readFileSync((await this.outputs()).kubeconfigFile, "utf8"));
  }

  /** Takes the stack down, and whatever a failure left of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("down");
    await removeLeftovers(this.stack);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Everything in Docker that belongs to a stack. */
export async function objectsOf(stack: string): Promise<string[]> {
  const filters = { label: [`dev.slipway.stack=${stack}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  const { Volumes: volumes } = await docker.listVolumes({ filters: JSON.stringify(filters) });
  const { services, secrets, configs } = await swarmObjectsOf(filters);
  return [
    ...containers.map((c) => `container ${c.Names[0]}`),
    ...networks.map((n) => `network ${n.Name}`),
    ...volumes.map((v) => `volume ${v.Name}`),
    ...services.map((s) => `service ${s.Spec?.Name}`),
    ...secrets.map((s) => `secret ${s.Spec?.Name}`),
    ...configs.map((c) => `config ${c.Spec?.Name}`),
  ].sort();
}

async function swarmObjectsOf(filters: { label: string[] }) {
  if (!(await docker.info()).Swarm.ControlAvailable) return { services: [], secrets: [], configs: [] };
  return {
    services: await docker.listServices({ filters }),
    secrets: await docker.listSecrets({ filters }),
    configs: await docker.listConfigs({ filters }),
  };
}

async function removeLeftovers(stack: string): Promise<void> {
  const filters = { label: [`dev.slipway.stack=${stack}`] };
  const { services, secrets, configs } = await swarmObjectsOf(filters);
  for (const s of services) await docker.getService(s.ID).remove();
  for (const s of secrets) await docker.getSecret(s.ID).remove();
  for (const c of configs) await docker.getConfig(c.ID).remove();
  for (const c of await docker.listContainers({ all: true, filters })) await docker.getContainer(c.Id).remove({ force: true, v: true });
  for (const n of await docker.listNetworks({ filters })) await docker.getNetwork(n.Id).remove();
  for (const v of (await docker.listVolumes({ filters: JSON.stringify(filters) })).Volumes) await docker.getVolume(v.Name).remove();
}

/** What a host of the stack's ingress answers. */
export function get(host: string, path = "/", options: { port?: number; body?: string } = {}): Promise<{ status: number; body: string }> {
  const { port = ports.http, body: sent } = options;
  const method = sent === undefined ? "GET" : "POST";
  return new Promise((done, failed) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers: { host }, agent: false, timeout: 5000 }, (response) => {
      let body = "";
      response.on("data", (text) => (body += text));
      response.on("end", () => done({ status: response.statusCode ?? 0, body }));
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer within 5 s")));
    asked.on("error", failed);
    asked.end(sent);
  });
}

/** Asks until the answer holds, for at most a minute. */
export async function eventually<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  const until = Date.now() + 60_000;
  for (;;) {
    const answer = await ask().catch((error: Error) => error);
    if (!(answer instanceof Error) && holds(answer)) return answer;
    if (Date.now() > until) throw new Error(`still ${answer instanceof Error ? answer.message : JSON.stringify(answer)} after a minute`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
