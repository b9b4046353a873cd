import type { Stack } from "../../config/stack-file.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Engine } from "../engines.ts";
import { answersOf } from "../summary.ts";
import { placeOf } from "../workloads/place.ts";
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
  const place = await placeOf(stack, engine);
  if (place === undefined) return undefined;
  if (place.kind === "kubernetes") {
    const { kubernetesStatus } = await import("./kubernetes.ts");
    return kubernetesStatus(place.cluster, place.namespace, place.labels);
  }
  const { containerStatus, swarmStatus } = await import("./docker.ts");
  return place.kind === "docker" ? containerStatus(place.docker, place.label) : swarmStatus(place.docker, place.label);
}
