import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import state from "@pulumi/pulumi/runtime/state.js";
import { cacheFolder } from "../lib/cache-folder.ts";
import { runEngine, type EngineCommand } from "./run-engine.ts";

/** The output of a run of the engine, with `(time)` for durations, and its exit code. */
export interface Run {
  code: number | null;
  out: string;
}

/**
 * A Pulumi project in a temporary folder, with the stack `test`, for the embedded engine. Its resources are dynamic and log their
 * operations: `create a`, `delete b`.
 */
export class EngineProject {
  readonly folder = mkdtempSync(join(tmpdir(), "slipway-engine-"));
  private programs = 0;

  constructor(stackFile = "config: {}\n") {
    writeFileSync(join(this.folder, "package.json"), '{ "type": "module" }\n');
    mkdirSync(join(this.folder, "stacks"));
    this.writeStackFile(stackFile);
    this.write("");
    symlinkSync(resolve("node_modules"), join(this.folder, "node_modules"));
  }

  writeStackFile(content: string): void {
    writeFileSync(join(this.folder, "stacks/Pulumi.test.yaml"), content);
  }

  /** `body` is the program's function body. In it, `thing(name, { value, fail, hang }, opts)` creates a resource. */
  write(body: string): void {
    // A new file each time, because a process imports a file only once.
    const main = `program-${++this.programs}.ts`;
    const imports = body.includes("GoImage") ? `import { GoImage } from "${resolve("components/go-image.ts")}";\n` : "";
    writeFileSync(join(this.folder, main), `${imports}${prelude}\nexport default async () => {\n${body}\n};\n`);
    writeFileSync(join(this.folder, "Pulumi.yaml"), `name: project\nmain: ${main}\nruntime: nodejs\nstackConfigDir: stacks\n`);
  }

  /** Runs the engine in a child process. */
  start(command: EngineCommand, env: Record<string, string> = {}): ChildProcess & { run: Promise<Run> } {
    const child = spawn(process.execPath, [resolve("test/run-engine-process.ts"), command], {
      cwd: this.folder,
      env: { ...process.env, NODE_COMPILE_CACHE: cacheFolder("node-compile-cache"), ...env },
    });
    let out = "";
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (out += text));
    const run = new Promise<Run>((done) => child.on("close", (code) => done({ code, out: withoutTimes(out) })));
    return Object.assign(child, { run });
  }

  /** Runs the engine in this process, or with other environment variables in a child process. Runs must not overlap. */
  async run(command: EngineCommand, env?: Record<string, string>): Promise<Run> {
    if (env) return this.start(command, env).run;
    let out = "";
    const output = new Writable({
      write(chunk, _encoding, done) {
        out += String(chunk);
        done();
      },
    });
    const code = await isolated(this.folder, () => runEngine(command, output));
    return { code, out: withoutTimes(out) };
  }

  /** The operations on resources since the last call, in order. */
  done(): string[] {
    const log = join(this.folder, "log");
    const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : [];
    writeFileSync(log, "");
    return lines;
  }

  checkpoint(): string {
    return readFileSync(join(this.folder, ".slipway/test/checkpoint.json"), "utf8");
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

/**
 * Runs `work` in a folder and isolates its global state from other tests: the SDK's settings, and the listeners for unhandled rejections
 * of a program, which the test runner would count as failures.
 */
async function isolated<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  const listeners = process.listeners("unhandledRejection");
  process.chdir(folder);
  process.removeAllListeners("unhandledRejection");
  try {
    const result = await withLocalStorage(work);
    await setImmediate(); // lets pending rejections of the run surface
    return result;
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const listener of listeners) process.on("unhandledRejection", listener);
    process.chdir(before);
  }
}

/** Runs a function with separate SDK settings. Internal to the SDK. */
const { withLocalStorage } = state as unknown as { withLocalStorage: <T>(work: () => T) => T };

function withoutTimes(out: string): string {
  return stripVTControlCharacters(out).replaceAll(/\(\d+\.\d s\)/g, "(time)");
}

const prelude = `
import fs from "node:fs";
import * as pulumi from "@pulumi/pulumi";

const provider = {
  async create(inputs) {
    if (inputs.fail) throw new Error(inputs.fail);
    fs.appendFileSync("log", "create " + inputs.name + "\\n");
    while (inputs.hang && fs.existsSync("hang")) await new Promise((wake) => setTimeout(wake, 20));
    return { id: inputs.name, outs: { ...inputs, made: inputs.name + "!" } };
  },
  async read(id, props) {
    return fs.existsSync("gone-" + id) ? { id: "", props: {} } : { id, props };
  },
  async diff(_id, olds, news) {
    const differ = JSON.stringify([olds.value, olds.kind, olds.extra]) !== JSON.stringify([news.value, news.kind, news.extra]);
    return { changes: differ, replaces: olds.kind === news.kind ? [] : ["kind"] };
  },
  async update(id, _olds, news) {
    fs.appendFileSync("log", "update " + id + "\\n");
    return { outs: { ...news, made: news.name + "!" } };
  },
  async delete(id) {
    fs.appendFileSync("log", "delete " + id + "\\n");
  },
};

class Thing extends pulumi.dynamic.Resource {
  constructor(name, args, opts) {
    super(provider, name, { name, made: undefined, ...args }, opts);
  }
}
const thing = (name, args = {}, opts = {}) => new Thing(name, args, opts);
`;
