import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { cacheFolder } from "../lib/cache-folder.ts";

/** What a run of the engine said and how it ended. */
export interface Run {
  code: number | null;
  out: string;
}

/**
 * A Pulumi project in a temporary folder, carried out by the embedded engine in a process of its own. Its resources are
 * dynamic ones that write what is done to them into a file: `create a`, `delete b`.
 */
export class EngineProject {
  readonly folder = mkdtempSync(join(tmpdir(), "slipway-engine-"));

  constructor(stackFile = "config: {}\n") {
    writeFileSync(join(this.folder, "Pulumi.yaml"), "name: project\nmain: index.ts\nruntime: nodejs\nstackConfigDir: stacks\n");
    writeFileSync(join(this.folder, "package.json"), '{ "type": "module" }\n');
    mkdirSync(join(this.folder, "stacks"));
    this.writeStackFile(stackFile);
    symlinkSync(resolve("node_modules"), join(this.folder, "node_modules"));
  }

  writeStackFile(content: string): void {
    writeFileSync(join(this.folder, "stacks/Pulumi.test.yaml"), content);
  }

  /** `body` is the program's function body; `thing(name, { value, fail, hang }, opts)` makes a resource. */
  write(body: string): void {
    writeFileSync(join(this.folder, "index.ts"), `${prelude}\nexport default async () => {\n${body}\n};\n`);
  }

  start(command: string, extra: Record<string, string> = {}): ChildProcess & { run: Promise<Run> } {
    const child = spawn(process.execPath, [resolve("test/run-engine.ts"), command], {
      cwd: this.folder,
      env: { ...process.env, NO_COLOR: "1", NODE_COMPILE_CACHE: cacheFolder("node-compile-cache"), ...extra },
    });
    let out = "";
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (out += text));
    const run = new Promise<Run>((done) => child.on("close", (code) => done({ code, out: out.replaceAll(/\(\d+\.\d s\)/g, "(time)") })));
    return Object.assign(child, { run });
  }

  run(command: string, extra?: Record<string, string>): Promise<Run> {
    return this.start(command, extra).run;
  }

  /** What was done to the resources since the last look, in order. */
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

const prelude = `
import fs from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { GoImage } from "${resolve("components/go-image.ts")}";

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
    return { changes: olds.value !== news.value || olds.kind !== news.kind, replaces: olds.kind === news.kind ? [] : ["kind"] };
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
