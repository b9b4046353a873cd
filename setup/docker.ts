import { spawn } from "node:child_process";
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder } from "../lib/cache-folder.ts";
import { succeeds } from "../lib/command.ts";
import { dockerClient, noDocker } from "../lib/docker-client.ts";
import { stackLabel, stackLabelValue } from "../lib/docker-labels.ts";
import { pollUntil } from "../lib/poll.ts";
import { step } from "../lib/progress.ts";
import { UserError } from "../lib/user-error.ts";
import { installPackages, takesPackages } from "./debian-packages.ts";

const docker = dockerClient();

/** Seconds that the Docker daemon and a restarted cluster have to become ready. */
const daemonSeconds = 60;
const clusterSeconds = 120;

/** Where the runtime wrapper is installed: outside the checkout, because the daemon needs it after the checkout is deleted. */
const runtime = "/usr/local/sbin/runc-without-sys-resource";

/**
 * Makes sure that Docker is running. As root on Debian and Ubuntu, installs Docker and starts the daemon in the background if needed.
 *
 * @throws UserError if Docker is not running and cannot be started.
 */
export async function ensureDocker(): Promise<void> {
  if (await answers()) return;
  if (process.env["DOCKER_HOST"] || !takesPackages) throw new UserError(`${noDocker}.`);
  if (!existsSync("/usr/bin/dockerd") && !existsSync("/usr/sbin/dockerd")) {
    await installPackages("docker.io", "iptables");
  }
  if (await answers()) return;
  await step("start Docker", startDocker, { always: true });
}

/** Waits until the stack's cluster is healthy again. Docker restarts its containers together with the daemon. */
export async function awaitClusters(stack: { project: string; name: string }): Promise<void> {
  const starting = () => docker.listContainers({ filters: { label: [`${stackLabel}=${stackLabelValue(stack)}`], health: ["starting"] } });
  if ((await starting()).length === 0) return;
  const onTimeout = () =>
    new UserError(
      `The cluster of stack "${stack.name}" is not healthy after ${clusterSeconds} s. See its log: docker logs ${stack.project}-${stack.name}-node`,
    );
  await step("wait for the cluster to become healthy", () =>
    pollUntil(async () => (await starting()).length === 0, { timeoutSeconds: clusterSeconds, onTimeout }),
  );
}

function answers(): Promise<boolean> {
  return docker.ping().then(
    () => true,
    () => false,
  );
}

async function startDocker(): Promise<void> {
  if (existsSync("/run/systemd/system") && (await succeeds("systemctl", ["start", "docker"])) && (await answers())) return;
  removeStalePid("/var/run/docker.pid");
  const output = cacheFolder("docker.log");
  mkdirSync(dirname(output), { recursive: true });
  const log = openSync(output, "a");
  const child = spawn("dockerd", runtimeArguments(), { detached: true, stdio: ["ignore", log, log] });
  child.unref();
  closeSync(log);
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  await pollUntil(async () => ended() || (await answers()), { timeoutSeconds: daemonSeconds }).catch(() => {});
  if (!(await answers())) {
    const last = readFileSync(output, "utf8").trimEnd().split("\n").slice(-10).join("\n  | ");
    const problem = ended() ? "dockerd exited" : `dockerd does not answer after ${daemonSeconds} s`;
    throw new UserError(`Docker could not be started: ${problem}. Last lines of ${output}:\n  | ${last}`);
  }
}

/** A wrapper for runc, which rejects privileged containers on machines without CAP_SYS_RESOURCE. */
function runtimeArguments(): string[] {
  const bounding = /^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const sysResource = 24n; // capabilities(7), linux/capability.h
  if ((BigInt(`0x${bounding}`) >> sysResource) & 1n) return [];
  copyFileSync(join(import.meta.dirname, "docker-runtime/runc-without-sys-resource"), runtime);
  return [`--add-runtime=without-sys-resource=${runtime}`, "--default-runtime=without-sys-resource"];
}

/** A killed daemon leaves its PID file behind. The PID may now belong to a zombie or to another process. */
function removeStalePid(file: string): void {
  if (!existsSync(file)) return;
  const stat = `/proc/${readFileSync(file, "utf8").trim()}/stat`; // `<pid> (<name>) <state> …`
  if (!existsSync(stat) || !/\(dockerd\) [^Z]/.test(readFileSync(stat, "utf8"))) rmSync(file);
}
