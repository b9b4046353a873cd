// How fast previews are judged and stacks are scored: medians of several runs of the commands, as processes of their own.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const runs = 5;
const folder = mkdtempSync(join(tmpdir(), "slipway-bench-review-"));
const preview = join(folder, "preview.json");

/** A preview of the CLI's with its Deployment a thousand times over, each with another image. */
const base = JSON.parse(readFileSync("test/fixtures/previews/image.json", "utf8")) as { steps: { op: string; urn: string }[] };
const [stack, deployment] = [base.steps.find(({ op }) => op === "same")!, base.steps.find(({ op }) => op === "update")!];
const steps = [stack, ...Array.from({ length: 1000 }, (_, i) => ({ ...deployment, urn: `${deployment.urn}-${i}` }))];
writeFileSync(preview, JSON.stringify({ steps, duration: 1, changeSummary: { same: 11, update: 1000 } }));

const rows: [string, string[], string][] = [
  ["Gate of a preview of 1,000 resources", ["gate", "--preview", preview], "≤ 2 s, ≤ 300 MB"],
  ["Report of the same", ["report", "--preview", preview, "--out", folder], "≤ 2 s, ≤ 300 MB"],
  ["Scorecard of the stack prod", ["score", "--stack", "prod"], "≤ 3 s"],
];
process.stdout.write("| What | Measured | Wanted |\n| --- | --- | --- |\n");
try {
  for (const [what, args, wanted] of rows) {
    const measured = Array.from({ length: runs + 1 }, () => measure(args)).slice(1); // the first fills caches
    const [seconds, mebibytes] = [measured.map((one) => one.seconds), measured.map((one) => one.mebibytes)];
    process.stdout.write(`| ${what} | ${range(seconds, 2)} s, ${range(mebibytes, 0)} MiB | ${wanted} |\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** The time of a command, and the most memory that it had. */
function measure(args: string[]): { seconds: number; mebibytes: number } {
  const tell = 'process.on("exit", () => process.stderr.write(`maxrss=${process.resourceUsage().maxRSS}\\n`))';
  const began = performance.now();
  const flags = ["--max-semi-space-size=8", `--import=data:text/javascript,${encodeURIComponent(tell)}`, "cli/main.ts", ...args];
  const { status, stderr } = spawnSync(process.execPath, flags, { encoding: "utf8" });
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(stderr);
  return { seconds, mebibytes: Number(/maxrss=(\d+)/.exec(stderr)?.[1]) / 1024 };
}

function range(values: number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, median, most] = [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!].map((value) => value.toFixed(digits));
  return `${median} (${least} – ${most})`;
}
