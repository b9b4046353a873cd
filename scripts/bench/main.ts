// npm run bench: measures durations, memory and image size on this machine, and prints a table. `npm run bench -- --runs 3` runs less often.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, statSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { pack } from "tar-stream";
import { command } from "../../lib/command.ts";
import { pushImage } from "../../lib/docker-client.ts";
import { EngineProject } from "../../test/engine-project.ts";
import { Checkout, docker, eventually, get, ports } from "../../test/integration/checkout.ts";
import { readStack } from "../../config/stack-file.ts";
import { setUp } from "../../setup/setup.ts";
import { toolProgram } from "../tool-programs.ts";
import { step } from "../../lib/progress.ts";
import { dockerPlatformRows } from "./docker-platforms.ts";
import { existingClusterRows } from "./existing-cluster.ts";
import { manualLoopRows } from "./manual-loop.ts";

const { runs } = parseArgs({ options: { runs: { type: "string", default: "5" } } }).values;
const services = { web: { source: "app", host: "web.localhost", replicas: 3 } };

interface Row {
  title: string;
  measured: string;
  target: string;
}
const rows: Row[] = [];
const row = (title: string, values: number[], unit: string, target: string) =>
  rows.push({
    title,
    measured: `${median(values).toFixed(2)} ${unit} (${Math.min(...values).toFixed(2)} – ${Math.max(...values).toFixed(2)})`,
    target,
  });

// First, because a running cluster would slow it down.
const platformRows = [
  ...(await dockerPlatformRows(Number(runs))),
  ...(await existingClusterRows(Number(runs))),
  ...(await manualLoopRows(Number(runs))),
];

await setUp(readStack("local"));
await using checkout = new Checkout("bench");
checkout.configure(services);
await slipway("down");
let edits = 0;

const first: number[] = [];
const nodeReady: number[] = [];
for (const run of times("first slipway up on an empty Docker host")) {
  await run(async () => {
    await slipway("down");
    const ready = secondsToNodeReady();
    first.push(await seconds(() => upAndAnswer("Hello World")));
    nodeReady.push(await ready);
  });
}
row("First `slipway up` on an empty Docker host to HTTP 200", first, "s", "≤ 25 s");
row("Start of the node container to Node Ready", nodeReady, "s", "≤ 5 s");

const unchanged: number[] = [];
const memory: number[] = [];
for (const run of times("unchanged slipway up")) {
  await run(async () => {
    const child = checkout.start("up");
    const peak = peakMemory(child.pid!);
    unchanged.push(await seconds(async () => expectIn((await child.run).out, "16 unchanged")));
    memory.push(await peak);
  });
}
row("Unchanged `slipway up`", unchanged, "s", "≤ 2 s");
row("Unchanged `slipway up`: peak memory", memory, "MiB", "");

const rolled: number[] = [];
for (const run of times("edit to new response")) {
  await run(async () => {
    const text = edit(checkout.folder);
    rolled.push(await seconds(() => upAndAnswer(text)));
  });
}
row("One-line edit to new response through the Ingress (3 replicas)", rolled, "s", "≤ 5 s");

const onShared: number[] = [];
{
  const settings = { cluster: "shared", ports: { api: 26559, http: 28089, https: 28449, registry: 25009 } };
  // Keeps the cluster while the other stack comes and goes.
  await using first = new Checkout("bench-first");
  first.configure({ first: { source: "app", host: "first.localhost" } }, settings);
  await step("start a shared cluster", async () => expectIn((await first.run("up")).out, "answers HTTP 200"), { always: true });
  await using second = new Checkout("bench-second");
  second.configure(services, settings);
  for (const run of times("slipway up on a running shared cluster")) {
    await run(async () => {
      onShared.push(await seconds(async () => expectIn((await second.run("up")).out, "answers HTTP 200")));
      await second.run("down");
    });
  }
}
row("`slipway up` on a running shared cluster to HTTP 200 (3 replicas)", onShared, "s", "≤ 6 s");

const previews: number[] = [];
for (const run of times("preview of the stack prod")) {
  const env = { SLIPWAY_ENGINE: "embedded", NODE_OPTIONS: "" };
  const preview = () => command(join(checkout.folder, "slipway"), ["preview", "--stack", "prod"], { env, cwd: checkout.folder });
  await run(async () => {
    previews.push(await seconds(async () => expectIn(await preview(), "86 to create")));
  });
}
row("`slipway preview` of the stack prod (EKS, 86 resources)", previews, "s", "≤ 3 s");

const { path: ko, version: koVersion } = await toolProgram("ko");
const base = await pushEmptyImage(`127.0.0.1:${ports.registry}/base`);
const programTimes: number[] = [];
const goImageTimes: number[] = [];
const koTimes: number[] = [];
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
for (const run of times("edit to image in the registry, GoImage and ko in turn", Number(runs) + 1)) {
  await run(async () => {
    edit(project.folder);
    goImageTimes.push(await seconds(buildAndPush));
    edit(project.folder);
    koTimes.push(await seconds(koBuild));
    edit(project.folder);
    programTimes.push(await seconds(async () => expectIn((await project.start("up").run).out, "RegistryPush")));
  });
}
// The first run of each fills Go's caches.
for (const values of [goImageTimes, koTimes, programTimes]) values.shift();
row("One-line edit to image in the registry: build and push by GoImage", goImageTimes, "s", "≤ 0.8 × ko");
row(`One-line edit to image in the registry: \`ko build\` ${koVersion} (no SBOM, empty base image)`, koTimes, "s", "");
row("One-line edit to image in the registry: update of a program with one GoImage", programTimes, "s", "");
rows.push({
  title: "Build and push by GoImage, relative to ko",
  measured: (median(goImageTimes) / median(koTimes)).toFixed(2),
  target: "≤ 0.8",
});

for (const { title, seconds, target } of platformRows) row(title, seconds, "s", target);

const overhead = (await imageBytes()) - (await binaryBytes());
rows.push({ title: "Image size without the binary", measured: `${(overhead / 1e6).toFixed(2)} MB`, target: "≤ 0.3 MB" });

const { memory_stats } = await docker.getContainer("slipway-bench-node").stats({ stream: false });
rows.push({
  title: "Memory of the node container with all pods",
  measured: `${((memory_stats.usage - (memory_stats.stats as { total_inactive_file?: number }).total_inactive_file!) / 2 ** 20).toFixed(0)} MiB`,
  target: "",
});

process.stdout.write(
  `\n${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; median of ${runs} runs (minimum – maximum)\n\n`,
);
process.stdout.write("| Benchmark | Measured | Target |\n| --- | --- | --- |\n");
for (const { title, measured, target } of rows) process.stdout.write(`| ${title} | ${measured} | ${target} |\n`);

/** One function for each run, which shows the run's progress. */
function times(title: string, count = Number(runs)): ((work: () => Promise<void>) => Promise<void>)[] {
  return Array.from({ length: count }, (_, i) => (work) => step(`${title}, ${i + 1} of ${count}`, work, { always: true }));
}

async function slipway(command: string): Promise<void> {
  const { code, out } = await checkout.run(command);
  if (code !== 0) throw new Error(out);
}

function expectIn(out: string, text: string): void {
  if (!out.includes(text)) throw new Error(`The output does not contain "${text}":\n${out}`);
}

async function seconds(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** Deploys the stack, and waits until the service answers with a text. */
async function upAndAnswer(text: string): Promise<void> {
  await slipway("up");
  await eventually(
    () => get("web.localhost"),
    ({ status, body }) => status === 200 && body === `${text}\n`,
  );
}

/** Changes the greeting of a checkout's app, and returns it. */
function edit(folder: string): string {
  const text = `Hello ${process.pid}.${++edits}`;
  execFileSync("sed", ["-i", `s/greeting: ".*"/greeting: "${text}"/`, join(folder, "app/settings.go")]);
  return text;
}

/** Seconds from the start of the node container until the Node is ready. */
async function secondsToNodeReady(): Promise<number> {
  const container = docker.getContainer("slipway-bench-node");
  const { State } = await eventually(
    () => container.inspect(),
    (c) => c.State.Running,
  );
  const ready = await eventually(
    async () => {
      const cluster = await checkout.cluster();
      const node = await cluster.find({ apiVersion: "v1", kind: "Node", metadata: { name: "slipway-bench" } });
      return node?.status?.conditions?.some((c: { type: string; status: string }) => c.type === "Ready" && c.status === "True")
        ? Date.now()
        : 0;
    },
    (at) => at > 0,
  );
  return (ready - Date.parse(State.StartedAt)) / 1000;
}

/** Peak memory of a process in MiB, sampled ten times a second until the process ends. */
async function peakMemory(pid: number): Promise<number> {
  let peak = 0;
  while (existsSync(`/proc/${pid}/status`)) {
    const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    peak = Math.max(peak, Number(kib ?? 0) / 1024);
    await new Promise((wake) => setTimeout(wake, 100));
  }
  return peak;
}

/** Pushes an empty base image for ko, because GoImage has no base image either. */
async function pushEmptyImage(repository: string): Promise<string> {
  const archive = pack();
  archive.finalize();
  await textOf(await docker.importImage(archive as unknown as NodeJS.ReadableStream, { repo: repository, tag: "latest" }));
  await pushImage(docker, `${repository}:latest`, {});
  await docker.getImage(`${repository}:latest`).remove();
  return `${repository}:latest`;
}

/** Size of the deployed image in the registry: manifest, configuration and layers. */
async function imageBytes(): Promise<number> {
  const [, digest] = (await checkout.outputs()).images["web"]!.split("@");
  const url = `http://127.0.0.1:${ports.registry}/v2/web/manifests/${digest}`;
  const text = await (await fetch(url, { headers: { accept: "application/vnd.oci.image.manifest.v1+json" } })).text();
  const { config, layers } = JSON.parse(text) as { config: { size: number }; layers: { size: number }[] };
  return text.length + config.size + layers.reduce((sum, { size }) => sum + size, 0);
}

/** Size of the same program, compiled and stripped by hand. */
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
