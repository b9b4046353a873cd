// Benchmarks of the platforms docker and swarm, part of `npm run bench`. On its own: setup/with-node.sh node scripts/bench/docker-platforms.ts
import { Checkout, docker, dockerPorts, get } from "../../test/integration/checkout.ts";
import { readStack } from "../../config/stack-file.ts";
import { step } from "../../lib/progress.ts";
import { setUp } from "../../setup/setup.ts";

/** A row of the results. */
export interface PlatformRow {
  title: string;
  /** One value for each run. */
  seconds: number[];
  target: string;
}

const services = { web: { source: "app", host: "web.localhost", replicas: 3 } };

/** Measures both platforms. Swarm mode is enabled only during the benchmark if it is disabled. */
export async function dockerPlatformRows(runs: number): Promise<PlatformRow[]> {
  await setUp(readStack("docker"));
  return [...(await measure("docker", "≤ 6 s", runs)), ...(await inSwarm(() => measure("swarm", "≤ 15 s", runs)))];
}

async function inSwarm<T>(work: () => Promise<T>): Promise<T> {
  if ((await docker.info()).Swarm.LocalNodeState !== "inactive") return work();
  const networks = (await docker.listNetworks()).map(({ Name }) => Name);
  await docker.swarmInit({ ListenAddr: "127.0.0.1:2377", AdvertiseAddr: "127.0.0.1" });
  try {
    return await work();
  } finally {
    await docker.swarmLeave({ force: true });
    if (!networks.includes("docker_gwbridge")) await docker.getNetwork("docker_gwbridge").remove();
  }
}

async function measure(platform: "docker" | "swarm", target: string, runs: number): Promise<PlatformRow[]> {
  await using checkout = new Checkout(`bench-${platform}`, platform);
  const slipway = async (command: string) => {
    const { code, out } = await checkout.run(command);
    if (code !== 0) throw new Error(out);
  };
  checkout.configure(services);
  await slipway("up"); // caches the images
  const [first, unchanged, rolled]: [number[], number[], number[]] = [[], [], []];
  for (let i = 1; i <= runs; i++)
    await step(
      `${platform}, ${i} of ${runs}`,
      async () => {
        await slipway("down");
        first.push(await secondsOf(() => slipway("up")));
        unchanged.push(await secondsOf(() => slipway("up")));
        const text = `${platform} ${i}`;
        checkout.configure({ web: { ...services.web, env: { GREETING: text } } });
        rolled.push(await secondsOf(() => slipway("up")));
        const { body } = await get("web.localhost", "/", { port: dockerPorts.http });
        if (body.trim() !== text) throw new Error(`The response must be "${text}" (got "${body.trim()}").`);
        checkout.configure(services);
      },
      { always: true },
    );
  return [
    { title: `Platform ${platform}: first \`slipway up\` to HTTP 200 (3 replicas, image cached)`, seconds: first, target },
    { title: `Platform ${platform}: unchanged \`slipway up\``, seconds: unchanged, target: "≤ 3 s" },
    { title: `Platform ${platform}: changed setting to new response (3 replicas)`, seconds: rolled, target: "" },
  ];
}

export async function secondsOf(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** Prints medians, minima and maxima. */
export function printRows(rows: PlatformRow[]): void {
  for (const { title, seconds, target } of rows) {
    const sorted = [...seconds].sort((a, b) => a - b).map((value) => value.toFixed(2));
    process.stdout.write(`${title}: ${sorted[sorted.length >> 1]} s (${sorted[0]} – ${sorted.at(-1)}) ${target}\n`);
  }
}

if (import.meta.main) printRows(await dockerPlatformRows(Number(process.argv[2] ?? 5)));
