// How fast without Kubernetes. `node scripts/bench/engines.ts` prints these rows alone.
import { Checkout, docker, dockerPorts, get } from "../../test/integration/checkout.ts";
import { readStack } from "../../config/stack-file.ts";
import { step } from "../../lib/progress.ts";
import { setUp } from "../../setup/setup.ts";

/** What was measured, in seconds, and what is wanted. */
export interface EngineRow {
  what: string;
  seconds: number[];
  wanted: string;
}

const services = { web: { source: "app", host: "web.localhost", replicas: 3 } };

/** Measures the platforms `docker` and `swarm`, each of them several times. The engine's Swarm mode is left as it was. */
export async function engineRows(runs: number): Promise<EngineRow[]> {
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

async function measure(platform: "docker" | "swarm", wanted: string, runs: number): Promise<EngineRow[]> {
  await using checkout = new Checkout(`bench-${platform}`, platform);
  const must = async (command: string) => {
    const { code, out } = await checkout.run(command);
    if (code !== 0) throw new Error(out);
  };
  checkout.configure(services);
  await must("up"); // once, so that images are cached
  const [first, unchanged, rolled]: [number[], number[], number[]] = [[], [], []];
  for (let i = 1; i <= runs; i++)
    await step(
      `${platform}, ${i} of ${runs}`,
      async () => {
        await must("down");
        first.push(await secondsOf(() => must("up")));
        unchanged.push(await secondsOf(() => must("up")));
        const text = `${platform} ${i}`;
        checkout.configure({ web: { ...services.web, env: { GREETING: text } } });
        rolled.push(await secondsOf(() => must("up")));
        const { body } = await get("web.localhost", "/", { port: dockerPorts.http });
        if (body.trim() !== text) throw new Error(`the new version does not answer, but "${body.trim()}"`);
        checkout.configure(services);
      },
      { always: true },
    );
  return [
    { what: `\`${platform}\`: \`up\` of a service with 3 replicas, image cached → HTTP 200`, seconds: first, wanted },
    { what: `\`${platform}\`: unchanged \`up\``, seconds: unchanged, wanted: "≤ 3 s" },
    { what: `\`${platform}\`: change of a setting → 3 replicas rolled`, seconds: rolled, wanted: "" },
  ];
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

if (import.meta.main) {
  for (const { what, seconds, wanted } of await engineRows(Number(process.argv[2] ?? 5))) {
    const sorted = [...seconds].sort((a, b) => a - b).map((value) => value.toFixed(2));
    process.stdout.write(`${what}: ${sorted[sorted.length >> 1]} s (${sorted[0]} – ${sorted.at(-1)}) ${wanted}\n`);
  }
}
