import { setTimeout } from "node:timers/promises";
import type { Manifest } from "../../lib/kubernetes-client.ts";
import { docker, eventually, ports, type Checkout } from "./checkout.ts";
import type { Failure } from "./load.ts";

/** Something that happens to the service `web` of a stack while it receives requests. */
export interface Scenario {
  name: string;
  /** Whether rollout.test.ts has this case, also under load. */
  isInRolloutTests?: boolean;
  /** Returns which requests may fail. By default none may. */
  run: (checkout: Checkout) => Promise<void | ((failure: Failure) => boolean)>;
}

const web = { source: "app", host: "web.localhost", replicas: 3, rollout: { progressDeadlineSeconds: 15 } };

/** Deploys `web`, and waits until all its pods are ready and none is terminating. */
export async function deploy(checkout: Checkout, settings: object = {}): Promise<void> {
  checkout.configure({ web: { ...web, ...settings } });
  const { code, out } = await checkout.run("up");
  if (code !== 0) throw new Error(out);
  await settled(checkout);
}

/** Deploys a version that fails, and then the good one again. */
async function deployBroken(checkout: Checkout, settings: object): Promise<void> {
  checkout.configure({ web: { ...web, ...settings } });
  const { code, out } = await checkout.run("up");
  if (code === 0 || !out.includes("The rollout of Deployment")) throw new Error(out);
  await deploy(checkout);
}

let edits = 0;

export const scenarios: Scenario[] = [
  {
    name: "rolling update",
    async run(checkout) {
      checkout.edit("app/settings.go", "greeting: ", `greeting: "${++edits} " + `);
      await deploy(checkout);
    },
  },
  {
    name: "config change",
    isInRolloutTests: true,
    run: (checkout) => deploy(checkout, { env: { GREETING: `Hello ${++edits}` } }),
  },
  {
    name: "scaling 3 → 6 → 2",
    async run(checkout) {
      await deploy(checkout, { replicas: 6 });
      await deploy(checkout, { replicas: 2 });
      await deploy(checkout);
    },
  },
  {
    name: "bad image",
    isInRolloutTests: true,
    run: (checkout) => deployBroken(checkout, { source: undefined, image: `127.0.0.1:${ports.registry}/web@sha256:${"1".repeat(64)}` }),
  },
  {
    name: "crashing new version",
    isInRolloutTests: true,
    run: (checkout) => deployBroken(checkout, { env: { SHUTDOWN_TIMEOUT: "soon" } }),
  },
  {
    name: "new version never ready",
    isInRolloutTests: true,
    run: (checkout) => deployBroken(checkout, { probes: { readiness: { path: "/nowhere" } } }),
  },
  {
    name: "pod deleted",
    async run(checkout) {
      const [pod] = await podsOf(checkout);
      await (await checkout.cluster()).remove({ apiVersion: "v1", kind: "Pod", metadata: pod!.metadata }, 60);
      await settled(checkout);
    },
  },
  {
    name: "pod killed hard",
    async run(checkout) {
      const [pod] = await podsOf(checkout);
      const from = Date.now();
      await kill(checkout, pod!);
      const to = Date.now();
      await setTimeout(1000); // until Kubernetes notices
      await settled(checkout);
      return (failure) => failure.from <= to && failure.to >= from;
    },
  },
];

async function podsOf(checkout: Checkout): Promise<Manifest[]> {
  return (await checkout.cluster()).select("v1", "Pod", `slipway-${checkout.stack}`, "app.kubernetes.io/name=web");
}

/** Waits until all pods are ready and none is terminating. */
async function settled(checkout: Checkout): Promise<void> {
  const isReady = ({ metadata, status }: Manifest) =>
    !metadata?.deletionTimestamp && status?.conditions?.some((c: Condition) => c.type === "Ready" && c.status === "True");
  await eventually(
    () => podsOf(checkout),
    (pods) => pods.length > 0 && pods.every(isReady),
  );
}

interface Condition {
  type: string;
  status: string;
}

/** Sends SIGKILL to the program in the container of a pod. */
async function kill({ stack }: Checkout, pod: Manifest): Promise<void> {
  const id = String(pod.status.containerStatuses[0].containerID).replace("containerd://", "");
  const script = `kill -9 $(grep -l ${id} /proc/[0-9]*/cgroup | cut -d/ -f3)`;
  const exec = await docker.getContainer(`slipway-${stack}-node`).exec({ Cmd: ["sh", "-c", script] });
  await exec.start({});
  const { ExitCode } = await eventually(
    () => exec.inspect(),
    ({ Running }) => !Running,
  );
  if (ExitCode !== 0) throw new Error(`no process of container ${id} was killed`);
}
