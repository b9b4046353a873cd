// npm run bench:scale: measures a preview of 1,000 services, Pulumi's SDK alone with as many resources, and an up of 7,000 resources that cost nothing.
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { stringify } from "yaml";
import { EngineProject } from "../../test/engine-project.ts";
import { step } from "../../lib/progress.ts";

const count = 1000;

interface Measured {
  seconds: number;
  /** Seconds of processor time. */
  cpu: number;
  mebibytes: number;
}

/** Runs Node.js in a folder, and measures the process. The output must contain the text. */
function measure(args: string[], cwd: string, expected: string, flags: string[] = []): Measured {
  const print =
    'process.on("exit", () => { const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage(); process.stderr.write(`\\nmeasured ${maxRSS} ${(userCPUTime + systemCPUTime) / 1e6}\\n`); })';
  const output = join(mkdtempSync(join(tmpdir(), "slipway-bench-scale-")), "output");
  const file = openSync(output, "w");
  const began = performance.now();
  const { stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", ...flags, `--import=data:text/javascript,${encodeURIComponent(print)}`, ...args],
    { cwd, encoding: "utf8", stdio: ["ignore", file, "pipe"], env: { ...process.env, NO_COLOR: "1", SLIPWAY_ENGINE: "embedded" } },
  );
  const seconds = (performance.now() - began) / 1000;
  const stdout = readFileSync(output, "utf8");
  closeSync(file);
  rmSync(dirname(output), { recursive: true });
  const [, kib, cpu] = /measured (\d+) ([\d.]+)/.exec(stderr) ?? [];
  if (!stdout.includes(expected) || kib === undefined) throw new Error(`${stdout.slice(-2000)}\n${stderr.slice(-2000)}`);
  return { seconds, cpu: Number(cpu), mebibytes: Number(kib) / 1024 };
}

/** A project with services whose images exist, so that nothing is compiled. */
function previewOfServices(): Measured {
  const folder = mkdtempSync(join(tmpdir(), "slipway-bench-scale-"));
  try {
    const service = (i: number) => ({ image: `registry.example.org/app@sha256:${"a".repeat(64)}`, host: `s${i}.localhost`, replicas: 2 });
    const services = Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, service(i)]));
    const ports = { api: 26590, http: 28990, https: 28993, registry: 25090 };
    const config = { "slipway:platform": "local", "slipway:local": { cluster: "own", ports }, "slipway:services": services };
    writeFileSync(join(folder, "Pulumi.scale.yaml"), stringify({ config }, { aliasDuplicateObjects: false }));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: scale\nmain: index.ts\nruntime: nodejs\n");
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    writeFileSync(join(folder, "index.ts"), `export { default } from ${JSON.stringify(resolve("program.ts"))};\n`);
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    return measure([resolve("cli/main.ts"), "preview", "--stack", "scale"], folder, `${resources} to create`, ["--max-semi-space-size=64"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const resources = 7 * count + 8;

/** As many resources of the same size, which the SDK registers with a monitor that only answers. */
function sdkAlone(): Measured {
  const program = `
    import * as pulumi from "@pulumi/pulumi";
    await pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: ({ inputs }) => inputs }, "scale", "scale", true);
    const container = (name) => ({ name, image: "registry.example.org/app@sha256:" + "a".repeat(64), ports: [{ name: "http", containerPort: 8080 }], env: [{ name: "PORT", value: "8080" }] });
    for (let i = 0; i < ${resources}; i++) {
      const [name, labels] = ["s" + i, { "app.kubernetes.io/name": "s" + i, "app.kubernetes.io/part-of": "scale" }];
      const spec = { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container(name)] } } };
      new pulumi.CustomResource("kubernetes:apps/v1:Deployment", name, { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace: "scale", labels }, spec });
    }
    await pulumi.runtime.disconnect();
    process.stdout.write("registered");`;
  return measure(["--input-type=module", "--eval", program], process.cwd(), "registered", ["--max-semi-space-size=64"]);
}

/** Dynamic resources that do nothing, so that what is left is the engine and its state. */
function upOfResources(amount: number): Measured {
  using project = new EngineProject();
  project.write(`
    const nothing = { async create(inputs) { return { id: inputs.name, outs: inputs }; } };
    class Nothing extends pulumi.dynamic.Resource {
      constructor(name, text, opts) { super(nothing, name, { name, text }, opts); }
    }
    let last;
    // Ten at a time, as resources of a cluster are.
    for (let i = 0; i < ${amount}; i++) {
      const made = new Nothing("s" + i, "x".repeat(1500), { dependsOn: i % 10 === 0 && last ? [last] : last?.group ?? [] });
      if (i % 10 === 9) last = Object.assign(made, { group: [made] });
    }`);
  return measure([resolve("test/run-engine-process.ts"), "up"], project.folder, `${amount} created`);
}

function row(title: string, { seconds, cpu, mebibytes }: Measured, amount: number): string {
  return `| ${title} | ${seconds.toFixed(1)} s | ${((cpu / amount) * 1000).toFixed(2)} ms | ${mebibytes.toFixed(0)} MiB |\n`;
}

const measured: [string, () => Measured, number][] = [
  [`Preview of ${count} services (${resources} resources)`, previewOfServices, resources],
  [`The SDK alone with ${resources} resources`, sdkAlone, resources],
  ["`up` of 1,400 resources that cost nothing", () => upOfResources(1400), 1400],
  ["`up` of 7,000 resources that cost nothing", () => upOfResources(7000), 7000],
];
const rows: string[] = [];
for (const [title, run, amount] of measured) await step(title, async () => rows.push(row(title, run(), amount)), { always: true });
process.stdout.write(`\n| What | Time | Processor time per resource | Peak memory |\n| --- | --- | --- | --- |\n${rows.join("")}`);
