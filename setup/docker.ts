import { spawn } from "node:child_process";
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder } from "../lib/cache-folder.ts";
import { succeeds } from "../lib/command.ts";
import { dockerClient, noDocker } from "../lib/docker-client.ts";
import { pollUntil } from "../lib/poll.ts";
import { UserError } from "../lib/user-error.ts";
import { installPackages, takesPackages } from "./debian-packages.ts";
import { step } from "../lib/progress.ts";

const docker = dockerClient();

/** Where a runtime is put that an engine needs for as long as it lives, longer than a checkout. */
const runtime = "/usr/local/sbin/runc-without-sys-resource";

/**
 * Sees that a Docker engine answers: on Debian and Ubuntu, as root, installs one where there is none and starts one that
 * does not run, in the background. Elsewhere that is for the person to do.
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

/** Waits until the clusters of a stack, which an engine that was started anew starts too, are there again. */
export async function awaitClusters(stack: string): Promise<void> {
  const starting = () => docker.listContainers({ filters: { label: [`dev.slipway.stack=${stack}`], health: ["starting"] } });
  if ((await starting()).length === 0) return;
  const timeoutSeconds = 120;
  const onTimeout = () => new UserError(`The cluster is not ready after ${timeoutSeconds} s.`);
  await step("wait for the cluster to be ready again", () =>
    pollUntil(async () => (await starting()).length === 0, { timeoutSeconds, onTimeout }),
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
  await pollUntil(async () => ended() || (await answers()), { timeoutSeconds: 60 }).catch(() => {});
  if (!(await answers())) {
    const last = readFileSync(output, "utf8").trimEnd().split("\n").slice(-10).join("\n  | ");
    throw new UserError(`Docker was started and ${ended() ? "ended" : "does not answer"}. The end of ${output}:\n  | ${last}`);
  }
}

/** Some machines may not hand out CAP_SYS_RESOURCE, and runc then refuses privileged containers. */
function runtimeArguments(): string[] {
  const bounding = /^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const sysResource = 24n; // capabilities(7), linux/capability.h
  if ((BigInt(`0x${bounding}`) >> sysResource) & 1n) return [];
  copyFileSync(join(import.meta.dirname, "docker-runtime/runc-without-sys-resource"), runtime);
  return [`--add-runtime=without-sys-resource=${runtime}`, "--default-runtime=without-sys-resource"];
}

/** An engine that was killed leaves its number behind, which may be a zombie's or another process's by now. */
function removeStalePid(file: string): void {
  if (!existsSync(file)) return;
  const stat = `/proc/${readFileSync(file, "utf8").trim()}/stat`; // `<pid> (<name>) <state> …`
  if (!existsSync(stat) || !/\(dockerd\) [^Z]/.test(readFileSync(stat, "utf8"))) rmSync(file);
}
