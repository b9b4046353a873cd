import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../../lib/command.ts";
import { toolProgram } from "../../scripts/tool-programs.ts";
import { ports } from "./checkout.ts";

export interface Attack {
  /** Requests per second, sent without waiting for earlier responses. */
  rate: number;
  /** Whether connections are reused. If not, every request opens its own. */
  keepAlive: boolean;
}

/** What the tests send, at a lower rate than the benchmark in docs/RELIABILITY.md: with and without reused connections. */
export const attacks: Attack[] = [
  { rate: 20, keepAlive: true },
  { rate: 20, keepAlive: false },
];

/** A request without a response or with a status other than 200. */
export interface Failure {
  /** When it was sent and when it ended, in milliseconds since 1970. */
  from: number;
  to: number;
  code: number;
  error: string;
}

export interface Load {
  keepAlive: boolean;
  requests: number;
  failures: Failure[];
  /** Latency in milliseconds: median, 99th percentile, maximum. */
  p50: number;
  p99: number;
  max: number;
}

/** Sends requests to a host of the Ingress from before `work` starts until after it ends. */
export async function underLoad(host: string, attacks: Attack[], work: () => Promise<void>, port = ports.http): Promise<Load[]> {
  const load = await startLoad(host, attacks, port);
  try {
    await work();
  } catch (error) {
    await load.end();
    throw error;
  }
  return load.end();
}

/** Sends requests to a host of the Ingress until `end` is called. */
export async function startLoad(host: string, attacks: Attack[], port = ports.http): Promise<{ end: () => Promise<Load[]> }> {
  const { path: vegeta } = await toolProgram("vegeta"); // https://github.com/tsenart/vegeta
  const folder = mkdtempSync(join(tmpdir(), "slipway-load-"));
  const running = attacks.map((attack, i) => begin(vegeta, `127.0.0.1:${port}`, host, attack, join(folder, String(i))));
  return {
    async end() {
      try {
        for (const { end } of running) await end();
        return await Promise.all(attacks.map(({ keepAlive }, i) => read(vegeta, join(folder, String(i)), keepAlive)));
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
}

function begin(vegeta: string, address: string, host: string, { rate, keepAlive }: Attack, output: string) {
  const args = ["attack", `-rate=${rate}/1s`, "-duration=0", `-keepalive=${keepAlive}`, "-timeout=10s", `-output=${output}`];
  const attack = spawn(vegeta, args, { stdio: ["pipe", "ignore", "inherit"] });
  attack.stdin.end(`GET http://${address}/\nHost: ${host}\n`);
  const ended = new Promise<void>((done) => attack.on("close", () => done()));
  const end = () => {
    attack.kill("SIGINT"); // vegeta then waits for requests in progress
    return ended;
  };
  return { end };
}

async function read(vegeta: string, results: string, keepAlive: boolean): Promise<Load> {
  const encoded = await command(vegeta, ["encode", "--to=csv", results], { lines: Infinity });
  const all = encoded.trim().split("\n").map(parse);
  const latencies = all.map(({ from, to }) => to - from).sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))]!;
  return {
    keepAlive,
    requests: all.length,
    failures: all.filter(({ code }) => code !== 200),
    p50: quantile(0.5),
    p99: quantile(0.99),
    max: quantile(1),
  };
}

/** Parses a line of `vegeta encode --to=csv`: time in ns, code, latency in ns, bytes out, bytes in, error, … */
function parse(line: string): Failure {
  const [time, code, latency, , , error = ""] = line.split(",");
  const from = Number(time) / 1e6;
  return { from, to: from + Number(latency) / 1e6, code: Number(code), error };
}
