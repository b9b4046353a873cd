// From an edit to the new response, by Slipway and by hand, in turn and with the time of each step. Part of `npm run bench`. On its own:
// setup/with-node.sh node scripts/bench/manual-loop.ts [runs]
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readStack } from "../../config/stack-file.ts";
import { command, succeeds } from "../../lib/command.ts";
import { step } from "../../lib/progress.ts";
import { setUp } from "../../setup/setup.ts";
import { Checkout, get, passphraseVariable, ports } from "../../test/integration/checkout.ts";
import { printRows, type PlatformRow } from "./docker-platforms.ts";
import { greet, succeed } from "./promotion.ts";

/** Seconds since the edit, by step, in order. */
type Timeline = Record<string, number>;

/** What a person would write for the same image: the program, certificates and a user that is not root. */
const dockerfile = 'FROM scratch\nCOPY ca-certificates.crt /etc/ssl/certs/\nCOPY app /app\nUSER 65532:65532\nENTRYPOINT ["/app"]\n';

/** Both loops deploy the same service with three replicas on the shared local cluster, with a registry on this machine. */
export async function manualLoopRows(runs: number): Promise<PlatformRow[]> {
  for (const program of ["docker", "kubectl"])
    if (!(await succeeds(program, program === "docker" ? ["version"] : ["version", "--client"]))) {
      process.stderr.write(`note: ${program} is missing, so there is no comparison with the loop by hand\n`);
      return [];
    }
  await setUp(readStack("local"));
  await using own = await deployed("bench-loop");
  await using byHand = await deployed("bench-manual");
  const folder = mkdtempSync(join(tmpdir(), "slipway-bench-manual-"));
  try {
    cpSync(join(byHand.folder, "app"), join(folder, "source"), { recursive: true });
    cpSync("lib/certificate-authorities.pem", join(folder, "ca-certificates.crt"));
    writeFileSync(join(folder, "Dockerfile"), dockerfile);
    const manual = new ManualLoop(folder, byHand);
    const [slipway, hand]: [Timeline[], Timeline[]] = [[], []];
    for (let i = 0; i <= runs; i++)
      await step(
        i === 0 ? "fill the caches of both loops" : `edit to new response, by Slipway and by hand, ${i} of ${runs}`,
        async () => {
          const timelines = [
            await slipwayLoop(own, `Slipway ${process.pid}.${i}`),
            await manual.run(`By hand ${process.pid}.${i}`),
          ] as const;
          if (i === 0) return;
          slipway.push(timelines[0]);
          hand.push(timelines[1]);
        },
        { always: true },
      );
    return [...rowsOf("Slipway", slipway, "≤ 0.9 × by hand"), ...rowsOf("By hand", hand, "")];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function deployed(stack: string): Promise<Checkout> {
  const checkout = new Checkout(stack);
  checkout.configure({ web: { source: "app", host: hostOf(stack), replicas: 3 } }, { cluster: "shared" });
  await succeed(checkout, "up");
  return checkout;
}

function hostOf(stack: string): string {
  return `${stack}.localhost`;
}

/** Asks until the service gives the new response. Returns the seconds since the edit. */
async function answer(stack: string, text: string, elapsed: () => number): Promise<number> {
  for (;;) {
    const { body } = await get(hostOf(stack)).catch(() => ({ body: "" }));
    if (body === `${text}\n`) return elapsed();
    if (elapsed() > 120) throw new Error(`${stack}: no response "${text}" after 120 s`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

function stopwatch(): () => number {
  const began = performance.now();
  return () => (performance.now() - began) / 1000;
}

async function slipwayLoop(checkout: Checkout, text: string): Promise<Timeline> {
  greet(checkout, text);
  const elapsed = stopwatch();
  const child = spawn(join(checkout.folder, "slipway"), ["up", "--stack", checkout.stack], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", SLIPWAY_ENGINE: "embedded", NODE_OPTIONS: "", ...passphraseVariable },
  });
  const timeline: Timeline = {};
  let output = "";
  createInterface({ input: child.stdout }).on("line", (line) => {
    output += `${line}\n`;
    timeline["first output"] ??= elapsed();
    if (line.includes("RegistryPush")) timeline["image pushed"] = elapsed();
  });
  const ended = new Promise<number | null>((done) => child.on("close", done));
  timeline["new response"] = await answer(checkout.stack, text, elapsed).catch((error: Error) => {
    throw new Error(`${error.message}\n${output}`);
  });
  if ((await ended) !== 0) throw new Error(output);
  timeline["all replicas rolled"] = elapsed();
  return timeline;
}

class ManualLoop {
  private readonly folder: string;
  private readonly checkout: Checkout;
  private tag = 0;

  constructor(folder: string, checkout: Checkout) {
    this.folder = folder;
    this.checkout = checkout;
  }

  async run(text: string): Promise<Timeline> {
    const { folder, checkout } = this;
    const source = join(folder, "source");
    const settings = join(source, "settings.go");
    writeFileSync(settings, readFileSync(settings, "utf8").replace(/greeting: ".*?"/, `greeting: "${text}"`));
    const image = `127.0.0.1:${ports.registry}/${checkout.stack}/by-hand:${process.pid}-${++this.tag}`;
    const kubeconfig = join(checkout.folder, ".slipway", checkout.stack, "kubeconfig.yaml");
    const kubectl = (...args: string[]) =>
      command("kubectl", ["--kubeconfig", kubeconfig, "--namespace", `slipway-${checkout.stack}`, ...args]);
    const elapsed = stopwatch();
    const timeline: Timeline = {};
    const flags = ["-trimpath", "-ldflags=-s -w", "-o", join(folder, "app"), "."];
    await command("go", ["build", ...flags], { cwd: source, env: { CGO_ENABLED: "0" } });
    timeline["go build"] = elapsed();
    await command("docker", ["build", "--quiet", "--tag", image, folder]);
    timeline["docker build"] = elapsed();
    await command("docker", ["push", "--quiet", image]);
    timeline["image pushed"] = elapsed();
    await kubectl("set", "image", "deployment/web", `app=${image}`);
    timeline["kubectl set image"] = elapsed();
    const rolled = kubectl("rollout", "status", "deployment/web");
    timeline["new response"] = await answer(checkout.stack, text, elapsed);
    await rolled;
    timeline["all replicas rolled"] = elapsed();
    await command("docker", ["image", "rm", image]);
    return timeline;
  }
}

function rowsOf(who: string, timelines: Timeline[], target: string): PlatformRow[] {
  return Object.keys(timelines[0] ?? {}).map((name) => ({
    title: `Edit, then by ${who === "Slipway" ? "`slipway up`" : "hand"}: ${name}`,
    seconds: timelines.map((timeline) => timeline[name]!),
    target: name === "new response" ? target : "",
  }));
}

if (import.meta.main) printRows(await manualLoopRows(Number(process.argv[2] ?? 5)));
