import { parseArgs, styleText } from "node:util";
import { UserError } from "../lib/user-error.ts";
import { readStack } from "../config/stack-file.ts";
import { engineFor } from "./engines.ts";
import { setUp } from "../setup/setup.ts";
import { summarize } from "./summary.ts";

const usage = `usage: tools/slipway COMMAND [--stack local]
  setup      what the stack needs on this machine; up does it too
  up         bring the stack to what the program says
  preview    tell what up would do
  impact     what up would do to users; --preview takes a file of 'pulumi preview --json', or - for standard input
  gate       whether the stack lets that through: 0 where it does, 3 where it does not, 1 where it cannot be told
  report     the same as report.md, for a pull request, and report.html, into the folder --out
  score      how the stack keeps to the policy, without a cluster and without the Pulumi CLI
  render     write the stack's Kubernetes objects into the folder --out
  parity     what differs between the stack and --with, another one, and which key makes it
  outputs    what the stack puts out, as JSON; --show-secrets shows secrets too
  rollback   deploy the last good images again; --service names one
  images     what the stack has in its registry, and who uses it; --prune removes what nobody does, --yes without asking
  import     make a stack file of the Compose file --compose, with the services of --profile, too
  down       delete everything that the stack has
  check      all checks, and the tests that need no Docker
  test       the same, and the tests on the real Docker, registry and Kubernetes
  fix        mend what the checks find, as far as that needs no thought`;

const commands = [
  "setup",
  "up",
  "preview",
  "impact",
  "gate",
  "report",
  "score",
  "render",
  "parity",
  "outputs",
  "rollback",
  "images",
  "import",
  "down",
  "check",
  "test",
  "fix",
];

/** Whether it succeeded, or an exit code. */
async function main(): Promise<boolean | number> {
  const options = {
    stack: { type: "string", default: "local" },
    service: { type: "string" },
    compose: { type: "string", default: "compose.yaml" },
    profile: { type: "string" },
    preview: { type: "string" },
    out: { type: "string" },
    with: { type: "string" },
    prune: { type: "boolean", default: false },
    yes: { type: "boolean", default: false },
    "show-secrets": { type: "boolean", default: false },
  } as const;
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  const [command] = positionals;
  if (!commands.includes(command ?? "")) throw new UserError(usage);
  if (command === "import") {
    const { importCompose } = await import("./compose/import.ts");
    await importCompose(values.compose, values.stack, values.profile?.split(/[ ,]+/).filter(Boolean) ?? []);
    return true;
  }
  const began = performance.now();
  const stack = readStack(values.stack);
  if (command === "check" || command === "test" || command === "fix") {
    const tests = await import("../scripts/test.ts");
    if (command === "fix") return tests.fix().then(() => true);
    const { passed, failed } = command === "test" ? await tests.test(stack) : await tests.check();
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    return failed === 0;
  }
  if (command === "impact" || command === "gate" || command === "report") {
    const { review } = await import("./review.ts");
    return review(command, stack, { preview: values.preview || undefined, out: values.out || undefined });
  }
  if (command === "score" || command === "render" || command === "parity") {
    const { parity, render, score } = await import("./review.ts");
    if (command === "score") return score(stack);
    const [option, value, example] = command === "render" ? ["out", values.out, "OUT=folder"] : ["with", values.with, "A=dev B=prod"];
    if (!value) throw new UserError(`${command}: needs --${option}; make ${command} ${example}`);
    await (command === "render" ? render(stack, value) : parity(stack, readStack(value)));
    return true;
  }
  if (command === "setup") {
    await setUp(stack);
    return true;
  }
  const engine = await engineFor(stack, command === "up" || command === "preview");
  if (command === "outputs") {
    process.stdout.write(JSON.stringify(await engine.outputs(values["show-secrets"]), null, 2) + "\n");
    return true;
  }
  if (command === "down") {
    if (!(await engine.down())) return false;
    await (await import("./workloads/workloads.ts")).forgetVersions(stack, engine);
    return true;
  }
  if (command === "images") {
    const { listImages, pruneImages } = await import("./images/list.ts");
    await (values.prune ? pruneImages(stack, engine, values.yes) : listImages(stack, engine));
    return true;
  }
  await setUp(stack);
  if (command === "rollback") {
    const { imagesToGoBackTo } = await import("./workloads/workloads.ts");
    const images = await imagesToGoBackTo(stack, engine, values.service || undefined);
    for (const [name, image] of Object.entries(images)) process.stdout.write(`${name}  ${image}\n`);
    process.env["SLIPWAY_IMAGES"] = JSON.stringify(images);
  }
  process.stdout.write(`${command} of stack "${stack.name}" with ${engine.title}\n`);
  if (command === "preview") return engine.preview();
  const succeeded = await engine.up();
  const { rememberVersions, tellFailures } = await import("./workloads/workloads.ts"); // its client takes time to load
  if (!succeeded) {
    await tellFailures(stack, engine);
    return false;
  }
  await Promise.all([rememberVersions(stack, engine), summarize(await engine.outputs(false), began)]);
  return true;
}

main().then(
  (result) => process.exit(typeof result === "number" ? result : result ? 0 : 1),
  (error: Error) => {
    const usage = error instanceof UserError || (error as NodeJS.ErrnoException).code?.startsWith("ERR_PARSE_ARGS");
    process.stderr.write(`${styleText("red", "error:", { stream: process.stderr })} ${usage ? error.message : error.stack}\n`);
    process.exit(1);
  },
);
