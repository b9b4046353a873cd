// How fast without Kubernetes: medians of several runs on this machine. Asserts nothing; prints a table.
import { parseArgs } from "node:util";
import { Checkout, docker, enginePorts, get } from "../test/integration/checkout.ts";
import { readStack } from "../stack-file.ts";
import { step } from "../tools/progress.ts";
import { setUp } from "../tools/setup.ts";

const { runs } = parseArgs({ options: { runs: { type: "string", default: "5" } } }).values;
const services = { web: { source: "app", host: "web.localhost", replicas: 3 } };
const rows: string[][] = [];

for (const [platform, wanted] of [
  ["docker", "≤ 6 s"],
  ["swarm", "≤ 15 s"],
] as const) {
  await setUp(readStack(platform));
  const isOurs = platform === "swarm" && (await docker.info()).Swarm.LocalNodeState === "inactive";
  const bridges = (await docker.listNetworks()).map(({ Name }) => Name);
  if (isOurs) await docker.swarmInit({ ListenAddr: "127.0.0.1:2377", AdvertiseAddr: "127.0.0.1" } as never);
  try {
    await measure(platform, wanted);
  } finally {
    if (isOurs) {
      await docker.swarmLeave({ force: true });
      if (!bridges.includes("docker_gwbridge")) await docker.getNetwork("docker_gwbridge").remove();
    }
  }
}
for (const row of [["What", "Measured", "Wanted"], ["---", "---", "---"], ...rows]) process.stdout.write(`| ${row.join(" | ")} |\n`);

async function measure(platform: "docker" | "swarm", wanted: string): Promise<void> {
  await using checkout = new Checkout(`bench-${platform}`, platform);
  checkout.configure(services);
  const must = async (command: string) => {
    const { code, out } = await checkout.run(command);
    if (code !== 0) throw new Error(out);
  };
  const answers = async () => (await get("web.localhost", "/", { port: enginePorts.http })).body.trim();
  await must("up"); // once, so that images are cached
  const [first, unchanged, rolled]: [number[], number[], number[]] = [[], [], []];
  for (let i = 1; i <= Number(runs); i++)
    await step(
      `${platform}, run ${i} of ${runs}`,
      async () => {
        await must("down");
        first.push(await seconds(() => must("up")));
        unchanged.push(await seconds(() => must("up")));
        const text = `${platform} ${i}`;
        checkout.configure({ web: { ...services.web, env: { GREETING: text } } });
        rolled.push(await seconds(() => must("up")));
        if ((await answers()) !== text) throw new Error(`the new version does not answer`);
        checkout.configure(services);
      },
      { always: true },
    );
  rows.push([`\`${platform}\`: \`up\` of a service with 3 replicas, image cached → HTTP 200`, inWords(first), wanted]);
  rows.push([`\`${platform}\`: unchanged \`up\``, inWords(unchanged), "≤ 3 s"]);
  rows.push([`\`${platform}\`: change of a setting → 3 replicas rolled`, inWords(rolled), ""]);
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

function inWords(values: number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  return `${median.toFixed(2)} s (${sorted[0]!.toFixed(2)} – ${sorted.at(-1)!.toFixed(2)})`;
}
