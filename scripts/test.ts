// npm test: all checks and all tests, including those on the real Docker, registry and Kubernetes.
import { readStack } from "../config/stack-file.ts";
import { debuggerProgram } from "../lib/debugger.ts";
import { dockerClient } from "../lib/docker-client.ts";
import { sopsProgram } from "../lib/sops.ts";
import { updateDatabase } from "../lib/vulnerabilities/database.ts";
import { govulncheckProgram } from "../lib/vulnerabilities/govulncheck.ts";
import { UserError } from "../lib/user-error.ts";
import { setUp } from "../setup/setup.ts";
import { removeInterruptedTests } from "../test/integration/test-objects.ts";
import { pythonProgram } from "./python-programs.ts";
import { toolProgram } from "./tool-programs.ts";
import { finish, staticChecks, sum, type Count } from "./checks.ts";
import { Suites } from "./suites.ts";

// More generated settings than in npm run check.
process.env["SLIPWAY_FUZZ_RUNS"] = "2000";

/** Prepares this machine, so that images are built before the timeouts of the tests start. */
async function prepare(): Promise<Count> {
  try {
    for (const stack of ["local", "docker", "swarm"]) await setUp(readStack(stack));
    // Two lanes would install the first at the same time, and the second takes minutes of both processors.
    await pythonProgram("aws", "python");
    for (const name of ["aws-load-balancer-controller", "source-controller", "kustomize-controller"] as const) await toolProgram(name);
    await sopsProgram();
    await debuggerProgram();
    await govulncheckProgram();
    const { problem } = await updateDatabase();
    if (problem !== undefined) throw new UserError(problem);
    await removeInterruptedTests();
    return { passed: 0, failed: 0 };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stdout.write(`The integration tests cannot run on this machine: ${error.message}\n`);
    return { passed: 0, failed: 1 };
  }
}

const suites = new Suites();
const prepared = await prepare();
// What needs no real parts keeps the processor busy. Scanning alone would use one core.
const checked = await staticChecks();
await Promise.all([suites.run("unit"), suites.run("scanning")]);
if (prepared.failed > 0) end(process.env["CI"] ? prepared : { passed: 0, failed: 0 });
// Integration tests wait much of the time, so several lanes run side by side. They share neither stacks nor ports. The longest begin first.
const lanes = ["workloads", "package", "clusters", "pipelines", "swarm", "docker", "cluster"];
await keepingSwarmMode(async () => {
  await inTurn(lanes);
  await suites.runAlone(lanes, 5);
});
end();

function end(more: Count = { passed: 0, failed: 0 }): never {
  finish(sum([checked, suites.count(), more]), suites.failures());
}

/** Runs lanes, so many at a time that a machine with two processors still answers within the timeouts of the tests. */
async function inTurn(names: string[], atOnce = 5): Promise<void> {
  const waiting = [...names];
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await suites.run(name);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/**
 * Restores the Swarm mode of the Docker host after all lanes: a host that leaves a swarm forgets the names of all its containers, so that they
 * cannot reach each other (measured with Docker 20.10).
 */
async function keepingSwarmMode<T>(work: () => Promise<T>): Promise<T> {
  const docker = dockerClient();
  const isInSwarm = async () => (await docker.info()).Swarm.LocalNodeState === "active";
  const bridgeName = "docker_gwbridge"; // created with the first swarm
  const bridges = await docker.listNetworks({ filters: { name: [bridgeName] } });
  if (await isInSwarm()) return work();
  process.env["SLIPWAY_KEEP_SWARM"] = "1";
  try {
    return await work();
  } finally {
    if (await isInSwarm()) await docker.swarmLeave({ force: true });
    if (bridges.length === 0)
      await docker
        .getNetwork(bridgeName)
        .remove()
        .catch(() => undefined); // absent if the lane failed early
  }
}
