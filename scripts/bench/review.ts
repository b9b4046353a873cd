// npm run bench:review: measures duration and peak memory of slipway gate, report and score, and prints a table.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const runs = 5;
const folder = mkdtempSync(join(tmpdir(), "slipway-bench-review-"));
const preview = join(folder, "preview.json");

/** A preview of the Pulumi CLI in which a Deployment is repeated 1,000 times, each with a changed image. */
const base = JSON.parse(readFileSync("test/fixtures/previews/image.json", "utf8")) as { steps: { op: string; urn: string }[] };
const [stack, deployment] = [base.steps.find(({ op }) => op === "same")!, base.steps.find(({ op }) => op === "update")!];
const steps = [stack, ...Array.from({ length: 1000 }, (_, i) => ({ ...deployment, urn: `${deployment.urn}-${i}` }))];
writeFileSync(preview, JSON.stringify({ steps, duration: 1, changeSummary: { same: 11, update: 1000 } }));

const rows: [string, string[], string][] = [
  ["`slipway gate` for a preview with 1,000 changes", ["gate", "--preview", preview], "≤ 2 s, ≤ 300 MB"],
  ["`slipway report` for a preview with 1,000 changes", ["report", "--preview", preview, "--out", folder], "≤ 2 s, ≤ 300 MB"],
  ["`slipway score` for the stack prod", ["score", "--stack", "prod"], "≤ 3 s"],
];
process.stdout.write(`| Benchmark | Median of ${runs} runs (minimum – maximum) | Target |\n| --- | --- | --- |\n`);
try {
  for (const [title, args, target] of rows) {
    const measured = Array.from({ length: runs + 1 }, () => measure(args)).slice(1); // the first run fills caches
    const [seconds, mebibytes] = [measured.map((run) => run.seconds), measured.map((run) => run.mebibytes)];
    process.stdout.write(`| ${title} | ${range(seconds, 2)} s, ${range(mebibytes, 0)} MiB | ${target} |\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Duration and peak memory of a slipway command in a separate process. */
function measure(args: string[]): { seconds: number; mebibytes: number } {
  const printMemory = 'process.on("exit", () => process.stderr.write(`maxrss=${process.resourceUsage().maxRSS}\\n`))';
  const began = performance.now();
  const flags = ["--max-semi-space-size=8", `--import=data:text/javascript,${encodeURIComponent(printMemory)}`, "cli/main.ts", ...args];
  const { status, stderr } = spawnSync(process.execPath, flags, { encoding: "utf8" });
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(stderr);
  return { seconds, mebibytes: Number(/maxrss=(\d+)/.exec(stderr)?.[1]) / 1024 };
}

function range(values: number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [minimum, median, maximum] = [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!].map((value) =>
    value.toFixed(digits),
  );
  return `${median} (${minimum} – ${maximum})`;
}
