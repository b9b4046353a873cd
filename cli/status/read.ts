import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Engine } from "../engines.ts";
import { answersOf } from "../summary.ts";
import type { PlaceStatus, WorkloadStatus } from "./status.ts";

/** What runs of a stack, and whether its URLs answer. */
export interface StackStatus extends PlaceStatus {
  stack: string;
  workloads: (WorkloadStatus & { url?: string; answer?: number | string })[];
}

/**
 * Reads what runs of a stack.
 *
 * @throws UserError if it is not up here.
 */
export async function statusOf(stack: Stack, engine: Engine): Promise<StackStatus> {
  const [place, outputs] = await Promise.all([placeStatus(stack, engine), engine.outputs(false)]);
  if (place === undefined || place.workloads.length === 0)
    throw new UserError(`Stack "${stack.name}" runs nothing here. Run slipway up --stack ${stack.name} first.`);
  const answers = await answersOf(outputs, 0);
  const workloads = place.workloads.map((one) => {
    const { url, answer } = answers[one.name] ?? {};
    return { ...one, ...(url !== undefined && { url }), ...(answer !== undefined && { answer }) };
  });
  return { stack: stack.name, workloads, events: place.events };
}

async function placeStatus(stack: Stack, engine: Engine): Promise<PlaceStatus | undefined> {
  const platform = platformOf(stack);
  if (platform === "docker" || platform === "swarm") {
    const [{ dockerClient }, { stackLabelValue }, { containerStatus, swarmStatus }] = await Promise.all([
      import("../../lib/docker-client.ts"),
      import("../../lib/docker-labels.ts"),
      import("./docker.ts"),
    ]);
    const docker = dockerClient((settingsIn(stack, platform) as { host?: string }).host);
    const label = stackLabelValue(stack);
    return platform === "docker" ? containerStatus(docker, label) : swarmStatus(docker, label);
  }
  const [{ clusterOf, labelsOf, namespaceOf }, { kubernetesStatus }] = await Promise.all([
    import("../workloads/kubernetes.ts"),
    import("./kubernetes.ts"),
  ]);
  await engine.checkPlace();
  const cluster = await clusterOf(stack, engine);
  return cluster && kubernetesStatus(cluster, namespaceOf(stack), labelsOf(stack));
}
