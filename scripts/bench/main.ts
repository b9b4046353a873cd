// How fast and how small: medians of several runs on this machine, compared runs in turn. Asserts nothing; prints a table.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, statSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { pack } from "tar-stream";
import { command } from "../../lib/command.ts";
import { pushImage } from "../../lib/docker-client.ts";
import { KubernetesCluster } from "../../lib/kubernetes-client.ts";
import { EngineProject } from "../../test/engine-project.ts";
import { Checkout, docker, eventually, get, ports } from "../../test/integration/checkout.ts";
import { readStack } from "../../config/stack-file.ts";
import { setUp } from "../../setup/setup.ts";
import { toolProgram } from "../tool-programs.ts";
import { step } from "../../lib/progress.ts";
import { engineRows } from "./engines.ts";

const { runs } = parseArgs({ options: { runs: { type: "string", default: "5" } } }).values;
const services = { web: { source: "app", host: "web.localhost", replicas: 3 } };

interface Row {
  what: string;
  measured: string;
  wanted: string;
}
const rows: Row[] = [];
const row = (what: string, values: number[], unit: string, wanted: string) =>
  rows.push({
    what,
    measured: `${median(values).toFixed(2)} ${unit} (${Math.min(...values).toFixed(2)} – ${Math.max(...values).toFixed(2)})`,
    wanted,
  });

// First, while no cluster takes its share of the machine.
const withoutKubernetes = await engineRows(Number(runs));

await setUp(readStack("local"));
await using checkout = new Checkout("bench");
checkout.configure(services);
await must("down");
let edits = 0;

const first: number[] = [];
const nodeReady: number[] = [];
for (const run of times("first up on an empty Docker")) {
  await run(async () => {
    await must("down");
    const ready = secondsToNodeReady();
    first.push(await seconds(async () => answers(await must("up"), "Hello World")));
    nodeReady.push(await ready);
  });
}
row("First `make up` on an empty Docker → HTTP 200", first, "s", "≤ 25 s");
row("Node container started → Node Ready", nodeReady, "s", "≤ 5 s");

const unchanged: number[] = [];
const memory: number[] = [];
for (const run of times("unchanged up")) {
  await run(async () => {
    const child = checkout.start("up");
    const peak = peakMemory(child.pid!);
    unchanged.push(await seconds(async () => expectIn((await child.run).out, "16 unchanged")));
    memory.push(await peak);
  });
}
row("Unchanged `up`", unchanged, "s", "≤ 2 s");
row("Its memory at the peak", memory, "MiB", "");

const rolled: number[] = [];
for (const run of times("edit → new answer of 3 replicas")) {
  await run(async () => {
    const text = edit(checkout.folder);
    rolled.push(await seconds(async () => answers(await must("up"), text)));
  });
}
row("One-line edit → 3 replicas rolled, new answer through the Ingress", rolled, "s", "≤ 5 s");

const foretold: number[] = [];
for (const run of times("preview of the stack prod")) {
  const env = { SLIPWAY_ENGINE: "embedded", NODE_OPTIONS: "" };
  const preview = () => command(join(checkout.folder, "slipway"), ["preview", "--stack", "prod"], { env, cwd: checkout.folder });
  await run(async () => {
    foretold.push(await seconds(async () => expectIn(await preview(), "86 to create")));
  });
}
row("Preview of the stack `prod` (EKS), from the command to the last of its 86 resources", foretold, "s", "≤ 3 s");

const { path: ko, version: koVersion } = await toolProgram("ko");
const base = await pushEmptyImage(`127.0.0.1:${ports.registry}/base`);
const withEngine: number[] = [];
const alone: number[] = [];
const kos: number[] = [];
using project = new EngineProject();
cpSync("app", join(project.folder, "app"), { recursive: true });
const source = join(project.folder, "app");
const repository = `127.0.0.1:${ports.registry}/bench`;
project.write(`new GoImage("web", { source: "app", repository: "${repository}", compression: "none" });`);
const buildAndPush = () => command(process.execPath, ["scripts/bench/build-and-push.ts", source, repository]);
const koBuild = () =>
  command(ko, ["build", "--bare", "--sbom=none", "."], {
    cwd: source,
    env: { KO_DOCKER_REPO: `127.0.0.1:${ports.registry}/ko`, KO_DEFAULTBASEIMAGE: base },
  });
for (const run of times("edit → digest in the registry, in turn with ko", Number(runs) + 1)) {
  await run(async () => {
    edit(project.folder);
    alone.push(await seconds(buildAndPush));
    edit(project.folder);
    kos.push(await seconds(koBuild));
    edit(project.folder);
    withEngine.push(await seconds(async () => expectIn((await project.start("up").run).out, "RegistryPush")));
  });
}
// The first of each fills the caches of Go.
for (const values of [alone, kos, withEngine]) values.shift();
row("One-line edit → digest in the registry, `GoImage`'s build and push alone", alone, "s", "≤ 0.8 × ko");
row(`The same with \`ko build\` ${koVersion} (no SBOM, an empty base)`, kos, "s", "");
row("The same as an `up` of a program with one `GoImage`", withEngine, "s", "");
rows.push({ what: "`GoImage` alone ÷ ko", measured: (median(alone) / median(kos)).toFixed(2), wanted: "≤ 0.8" });

for (const { what, seconds, wanted } of withoutKubernetes) row(what, seconds, "s", wanted);

const overhead = (await imageBytes()) - (await binaryBytes());
rows.push({ what: "Image without its binary", measured: `${(overhead / 1e6).toFixed(2)} MB`, wanted: "≤ 0.3 MB" });

const { memory_stats } = await docker.getContainer("slipway-bench-node").stats({ stream: false });
rows.push({
  what: "Memory of the node with all in it",
  measured: `${((memory_stats.usage - (memory_stats.stats as { total_inactive_file?: number }).total_inactive_file!) / 2 ** 20).toFixed(0)} MiB`,
  wanted: "",
});

process.stdout.write(
  `\n${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; medians of ${runs} runs (least – most)\n\n`,
);
process.stdout.write("| What | Measured | Wanted |\n| --- | --- | --- |\n");
for (const { what, measured, wanted } of rows) process.stdout.write(`| ${what} | ${measured} | ${wanted} |\n`);

/** Runs, each a step that a person can follow. */
function times(title: string, count = Number(runs)): ((work: () => Promise<void>) => Promise<void>)[] {
  return Array.from({ length: count }, (_, i) => (work) => step(`${title}, ${i + 1} of ${count}`, work, { always: true }));
}

async function must(what: string): Promise<string> {
  const { code, out } = await checkout.run(what);
  if (code !== 0) throw new Error(out);
  return out;
}

function expectIn(out: string, text: string): void {
  if (!out.includes(text)) throw new Error(`no "${text}" in:\n${out}`);
}

async function seconds(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

async function answers(_out: string, text: string): Promise<void> {
  await eventually(
    () => get("web.localhost"),
    ({ status, body }) => status === 200 && body === `${text}\n`,
  );
}

/** Another greeting, in a checkout's app. */
function edit(folder: string): string {
  const text = `Hello ${process.pid}.${++edits}`;
  execFileSync("sed", ["-i", `s/greeting: ".*"/greeting: "${text}"/`, join(folder, "app/settings.go")]);
  return text;
}

/** From the start of the node's container until the API says that the Node is ready. */
async function secondsToNodeReady(): Promise<number> {
  const container = docker.getContainer("slipway-bench-node");
  const { State } = await eventually(
    () => container.inspect(),
    (c) => c.State.Running,
  );
  const ready = await eventually(
    async () => {
      const cluster = new KubernetesCluster(readFileSync(join(checkout.folder, ".slipway/bench/kubeconfig.yaml"), "utf8"));
      const node = await cluster.find({ apiVersion: "v1", kind: "Node", metadata: { name: "slipway-bench" } });
      return node?.status?.conditions?.some((c: { type: string; status: string }) => c.type === "Ready" && c.status === "True")
        ? Date.now()
        : 0;
    },
    (at) => at > 0,
  );
  return (ready - Date.parse(State.StartedAt)) / 1000;
}

/** The most memory that a process had, in MiB, as far as looking ten times a second tells. */
async function peakMemory(pid: number): Promise<number> {
  let peak = 0;
  while (existsSync(`/proc/${pid}/status`)) {
    const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    peak = Math.max(peak, Number(kib ?? 0) / 1024);
    await new Promise((wake) => setTimeout(wake, 100));
  }
  return peak;
}

/** What ko builds upon: a base from nothing, as Slipway's is. */
async function pushEmptyImage(repository: string): Promise<string> {
  const archive = pack();
  archive.finalize();
  await textOf(await docker.importImage(archive as unknown as NodeJS.ReadableStream, { repo: repository, tag: "latest" }));
  await pushImage(docker, `${repository}:latest`, {});
  await docker.getImage(`${repository}:latest`).remove();
  return `${repository}:latest`;
}

/** What a registry holds of the image that runs: manifest, configuration, layers. */
async function imageBytes(): Promise<number> {
  const [, digest] = (await checkout.outputs()).images["web"]!.split("@");
  const url = `http://127.0.0.1:${ports.registry}/v2/web/manifests/${digest}`;
  const text = await (await fetch(url, { headers: { accept: "application/vnd.oci.image.manifest.v1+json" } })).text();
  const { config, layers } = JSON.parse(text) as { config: { size: number }; layers: { size: number }[] };
  return text.length + config.size + layers.reduce((sum, { size }) => sum + size, 0);
}

/** The same program, compiled and stripped by hand. */
async function binaryBytes(): Promise<number> {
  const output = join(checkout.folder, "app-binary");
  const flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", output];
  await command("go", ["build", ...flags, "."], { cwd: join(checkout.folder, "app"), env: { CGO_ENABLED: "0" } });
  return statSync(output).size;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}
