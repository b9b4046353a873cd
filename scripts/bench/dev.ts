// Benchmark of `slipway dev`. On its own: setup/with-node.sh node scripts/bench/dev.ts --edits 50
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import timers from "node:timers/promises";
import { parseArgs } from "node:util";
import { readStack } from "../../config/stack-file.ts";
import { step } from "../../lib/progress.ts";
import { setUp } from "../../setup/setup.ts";
import { Checkout, get } from "../../test/integration/checkout.ts";
import { DevSession } from "../../test/integration/dev-session.ts";
import { startLoad } from "../../test/integration/load.ts";
import { greet } from "./promotion.ts";

const host = "developed.localhost";

/** Packages of the larger module. */
const packageCount = 150;

/** Gives the app this many packages, which it imports. */
function enlarge(folder: string): void {
  const names = Array.from({ length: packageCount }, (_, i) => `p${i}`);
  for (const name of names) {
    mkdirSync(join(folder, "app", name));
    const below = name === "p0" ? "" : `import "dev.slipway/app/p${Number(name.slice(1)) - 1}"\n`;
    const text = `package ${name}\n\n${below}\nfunc Sum(n int) int { return n + ${below ? `p${Number(name.slice(1)) - 1}.Sum(n)` : "1"} }\n`;
    writeFileSync(join(folder, "app", name, `${name}.go`), text);
  }
  const file = join(folder, "app/packages.go");
  writeFileSync(file, `package main\n\nimport "dev.slipway/app/p${packageCount - 1}"\n\nvar _ = p${packageCount - 1}.Sum(1)\n`);
}

/** Milliseconds from each edit to the first new answer, asked for every 10 ms. */
async function edits(checkout: Checkout, session: DevSession, count: number): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < count; i++) {
    const text = `Hello ${process.pid}.${i}`;
    const began = performance.now();
    greet(checkout, text);
    while ((await get(host)).body !== `${text}\n`) await timers.setTimeout(10);
    taken.push(performance.now() - began);
    await session.next("pushed");
    await timers.setTimeout(300);
  }
  return taken;
}

function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
}

const ms = (value: number) => `${(value / 1000).toFixed(2)} s`;

/** Seconds of the processor and MiB of a process. */
function usageOf(pid: number): { seconds: number; mebibytes: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  const mebibytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
  return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, mebibytes };
}

export async function developmentRows(count: number): Promise<string[]> {
  const rows: string[] = [];
  for (const [title, prepare] of [
    ["sample app", () => {}],
    [`module with ${packageCount} packages`, enlarge],
  ] as [string, (folder: string) => void][]) {
    await using checkout = new Checkout("bench-dev");
    prepare(checkout.folder);
    checkout.configure({ web: { source: "app", host, replicas: 3 } });
    const session = new DevSession(checkout, ["--quiet"]);
    await session.next("watching");
    const quiet = await step(`${title}: ${count} edits`, () => edits(checkout, session, count), { always: true });
    rows.push(
      `| Edit to new answer, ${title} | p50 ${ms(percentile(quiet, 0.5))}, p99 ${ms(percentile(quiet, 0.99))} | p50 ≤ 0.8 s, p99 ≤ 1.5 s |`,
    );
    const load = await startLoad(host, [{ rate: 50, keepAlive: true }]);
    await step(`${title}: 10 edits under load`, () => edits(checkout, session, 10), { always: true });
    const [{ failures, requests, max } = { failures: [], requests: 0, max: 0 }] = await load.end();
    rows.push(
      `| 10 edits at 50 requests/s, ${title} | ${failures.length} of ${requests} failed, longest wait ${ms(max)} | 0 failed, ≤ 1 s |`,
    );
    const before = usageOf(session.pid);
    await step(`${title}: idle for 30 s`, () => timers.setTimeout(30_000), { always: true });
    const after = usageOf(session.pid);
    const share = ((after.seconds - before.seconds) / 30) * 100;
    rows.push(`| Idle for 30 s, ${title} | ${share.toFixed(1)} % of a core, ${after.mebibytes.toFixed(0)} MiB | ≤ 2 %, ≤ 200 MB |`);
    await session.end();
  }
  return rows;
}

if (import.meta.main) {
  const { edits: count } = parseArgs({ options: { edits: { type: "string", default: "50" } } }).values;
  await setUp(readStack("local"));
  const rows = await developmentRows(Number(count));
  process.stdout.write(`| What | Measured | Target |\n| --- | --- | --- |\n${rows.join("\n")}\n`);
}
