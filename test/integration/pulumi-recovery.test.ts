import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { registryImageName } from "../../setup/registry-image.ts";
import { Checkout, docker, dockerPorts, objectsOf } from "./checkout.ts";

// Real Docker objects, and a stand-in for the Pulumi CLI, which is not in the registries: it exports the state of a run that was killed.
// This does not prove which state Pulumi itself writes, nor what it does afterwards.

const stack = "integration-recovery";
const name = `slipway-${stack}`;
let checkout: Checkout;
let pulumi: string;

beforeAll(() => {
  checkout = new Checkout(stack, "docker");
  pulumi = join(checkout.folder, "bin");
  mkdirSync(pulumi);
  checkout.configure({ web: { source: "app", host: "web.localhost" } }, { ports: dockerPorts });
});
afterAll(() => checkout[Symbol.asyncDispose]());

/** Runs Slipway with a Pulumi CLI that exports a state and succeeds otherwise. */
async function run(command: "up" | "down", state: object) {
  writeFileSync(join(checkout.folder, "state.json"), JSON.stringify(state));
  const script = `#!/bin/sh\n[ "$1 $2" = "stack export" ] && exec cat ${checkout.folder}/state.json\n[ "$1 $2" = "stack output" ] && echo '{}'\nexit 0\n`;
  writeFileSync(join(pulumi, "pulumi"), script, { mode: 0o755 });
  const PATH = [pulumi, process.env["PATH"]].join(delimiter);
  return checkout.run(command, { SLIPWAY_ENGINE: "pulumi", PATH });
}

const labels = { "dev.slipway.stack": stack };

/** What a run has created: a container in a network, with a volume. */
async function create(): Promise<void> {
  await docker.createNetwork({ Name: name, Labels: labels });
  await docker.createVolume({ Name: `${name}-data`, Labels: labels });
  const HostConfig = { NetworkMode: name, Binds: [`${name}-data:/data`] };
  for (const suffix of ["proxy", "helper"])
    await docker.createContainer({ name: `${name}-${suffix}`, Image: await registryImageName(), Labels: labels, HostConfig });
}

const pending = (type: string, name: string) => ({
  type: "creating",
  resource: { type: `docker:index/${type}`, inputs: { name } },
});

test("an up removes what an interrupted one has created without recording it, but neither volumes nor recorded objects", async () => {
  await create();
  // The mark of a stack that the Pulumi CLI has created.
  const first = await run("up", { deployment: {} });
  expect(first).toMatchObject({ code: 0 });
  expect(first.out).not.toContain("note: removed");
  const operations = [pending("container:Container", `${name}-proxy`), pending("volume:Volume", `${name}-data`)];
  const { code, out } = await run("up", { deployment: { resources: [], pending_operations: operations } });
  expect(code).toBe(0);
  expect(out.match(/^note: .*/gm)).toEqual([`note: removed the container ${name}-proxy, which an interrupted run has left`]);
  expect(await objectsOf(stack)).toEqual([`container /${name}-helper`, `network ${name}`, `volume ${name}-data`]);
});

test("down finally removes what is left of the stack, with its data", async () => {
  const { code, out } = await run("down", { deployment: {} });
  expect(code).toBe(0);
  expect(out.match(/^note: .*/gm)).toEqual([
    `note: removed the container ${name}-helper, which an interrupted run has left`,
    `note: removed the network ${name}, which an interrupted run has left`,
    `note: removed the volume ${name}-data, which an interrupted run has left`,
  ]);
  expect(await objectsOf(stack)).toEqual([]);
});

test("a stack that this checkout has not created loses nothing", async () => {
  await create();
  expect((await run("down", { deployment: {} })).code).toBe(0);
  expect(await objectsOf(stack)).toHaveLength(4);
});
