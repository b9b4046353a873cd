import { readStack, type Stack } from "../config/stack-file.ts";
import type { Engine } from "./engines.ts";
import { engineFor } from "./engines.ts";
import { ExitCode } from "./exit-code.ts";
import type { ServiceSummary } from "./summary.ts";

export interface DeployOptions {
  command: "up" | "rollback";
  stack: string;
  /** Service to roll back. @default - those whose update failed */
  service?: string;
  json: boolean;
}

/** What `slipway up --json` and `slipway rollback --json` print. */
export interface DeployResult {
  stack: string;
  engine: string;
  succeeded: boolean;
  seconds: number;
  /** Services by name: image by digest, and for those with a host the URL and the HTTP status, or why there is none. */
  services: Record<string, ServiceSummary>;
  /** Services whose new version failed. */
  failures: object[];
}

/** Prepares the machine, deploys a stack, and prints the result; a rollback deploys it with earlier images. */
export async function deploy(options: DeployOptions): Promise<ExitCode> {
  const result = await deployment(options);
  if (options.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  return result.succeeded ? ExitCode.Success : ExitCode.Failed;
}

/** The same without printing the result as JSON. */
export async function deployment({ command, stack: name, service, json }: DeployOptions): Promise<DeployResult> {
  const started = performance.now();
  const stack = readStack(name);
  const engine = await engineFor(stack, { install: true, json });
  const { setUp } = await import("../setup/setup.ts");
  await setUp(stack);
  const say = (line: string) => (json ? process.stderr : process.stdout).write(`${line}\n`);
  if (command === "rollback") await useEarlierImages(stack, engine, service, say);
  else await (await import("./lock/before-up.ts")).lockBeforeUp(stack, say);
  say(`${command} of stack "${stack.name}" with ${engine.title}`);
  const succeeded = await engine.up(command);
  const result = { stack: name, engine: engine.title, succeeded, seconds: 0, services: {}, failures: [] };
  const ended: DeployResult = await (succeeded ? afterSuccess(stack, engine, result, json) : afterFailure(stack, engine, result, json));
  ended.seconds = Number(((performance.now() - started) / 1000).toFixed(1));
  if (!json && succeeded) say(`\n${command} finished after ${ended.seconds.toFixed(1)} s`);
  return ended;
}

async function useEarlierImages(stack: Stack, engine: Engine, service: string | undefined, say: (line: string) => void): Promise<void> {
  const { rollbackImages } = await import("./workloads/workloads.ts");
  const images = await rollbackImages(stack, engine, service);
  for (const [name, image] of Object.entries(images)) say(`${name}  ${image}`);
  process.env["SLIPWAY_IMAGES"] = JSON.stringify(images);
}

async function afterSuccess(stack: Stack, engine: Engine, result: DeployResult, json: boolean): Promise<DeployResult> {
  const [{ recordVersions }, { answersOf, formatServices }] = await Promise.all([
    import("./workloads/workloads.ts"),
    import("./summary.ts"),
  ]);
  const [, services] = await Promise.all([recordVersions(stack, engine), engine.outputs(false).then(answersOf)]);
  if (!json) process.stdout.write(`\n${formatServices(services)}`);
  return { ...result, services };
}

async function afterFailure(stack: Stack, engine: Engine, result: DeployResult, json: boolean): Promise<DeployResult> {
  const [{ failureCards }, { formatCard }] = await Promise.all([import("./workloads/workloads.ts"), import("./workloads/failure-card.ts")]);
  const failures = await failureCards(stack, engine);
  if (!json) for (const card of failures) process.stdout.write(`\n${formatCard(card)}\n`);
  return { ...result, failures };
}
