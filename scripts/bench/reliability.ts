// npm run bench:reliability: counts failed requests during updates and failures, and prints a table. `-- --only killed` selects scenarios.
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { readStack } from "../../config/stack-file.ts";
import { Checkout } from "../../test/integration/checkout.ts";
import { underLoad, type Failure } from "../../test/integration/load.ts";
import { deploy, scenarios, type Scenario } from "../../test/integration/scenarios.ts";
import { toolProgram } from "../tool-programs.ts";
import { step } from "../../lib/progress.ts";
import { setUp } from "../../setup/setup.ts";

const {
  rate: perSecond,
  requests: minimum,
  only,
} = parseArgs({
  options: {
    rate: { type: "string", default: "350" },
    requests: { type: "string", default: "20000" },
    only: { type: "string", default: "" },
  },
}).values;
const rate = Number(perSecond);
const seconds = Number(minimum) / rate;

await setUp(readStack("local"));
const vegeta = await toolProgram("vegeta");
await using checkout = new Checkout("bench-reliability");
await step("deploy the service", () => deploy(checkout), { always: true });

process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; vegeta ${vegeta.version}, ` +
    `${rate} requests/s with keep-alive and, at the same time, ${rate} requests/s without, through the Ingress to 3 replicas\n\n`,
);
process.stdout.write("| Scenario | Keep-alive | Requests | Failed | In flight on the killed container | p50 | p99 | Maximum |\n");
process.stdout.write("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
const baseline: Scenario = { name: "no change", run: async () => {} };
for (const { name, run } of [baseline, ...scenarios].filter((scenario) => scenario.name.includes(only))) {
  let isExcused: ((failure: Failure) => boolean) | undefined;
  const attacks = [true, false].map((keepAlive) => ({ rate, keepAlive }));
  const loads = await step(
    name,
    () =>
      underLoad("web.localhost", attacks, async () => {
        const enough = new Promise((wake) => setTimeout(wake, (seconds + 1) * 1000));
        isExcused = (await run(checkout)) || undefined;
        await enough;
      }),
    { always: true },
  );
  for (const { keepAlive, requests, failures, p50, p99, max } of loads) {
    const inFlight = failures.filter((failure) => isExcused?.(failure)).length;
    const ms = (value: number) => `${value.toFixed(1)} ms`;
    process.stdout.write(
      `| ${name} | ${keepAlive ? "on" : "off"} | ${requests} | ${failures.length - inFlight} | ${inFlight} | ${ms(p50)} | ${ms(p99)} | ${ms(max)} |\n`,
    );
    for (const { code, error } of failures.slice(0, 3)) process.stderr.write(`  ${code} ${error}\n`);
  }
}
