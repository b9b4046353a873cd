import { settingsIn, type Stack } from "../../config/stack-file.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Engine } from "../engines.ts";
import { placeOf } from "../workloads/place.ts";

/** Changes a service where it runs, without a deployment. */
export interface Operations {
  /** Names of the services. */
  services(): Promise<string[]>;
  /** Replaces or restarts its containers, as few at a time as in a rollout. Returns a line that says what was done. */
  restart(service: string): Promise<string>;
  /** Sets its number of replicas. Returns a line that says what was done. */
  scale(service: string, replicas: number): Promise<string>;
}

async function operationsOf(stack: Stack, engine: Engine): Promise<Operations | undefined> {
  const place = await placeOf(stack, engine);
  if (place === undefined) return undefined;
  if (place.kind === "kubernetes") {
    const { kubernetesOperations } = await import("./kubernetes.ts");
    return kubernetesOperations(place.cluster, place.namespace, place.labels);
  }
  const { containerOperations, swarmOperations } = await import("./docker.ts");
  return place.kind === "docker" ? containerOperations(place.docker, place.label) : swarmOperations(place.docker, place.label);
}

/** @throws UserError if the stack is not up here, or has no such service. */
async function operationsOn(service: string, stack: Stack, engine: Engine): Promise<Operations> {
  const operations = await operationsOf(stack, engine);
  const names = (await operations?.services()) ?? [];
  if (operations === undefined || names.length === 0)
    throw new UserError(`Stack "${stack.name}" runs no services here. Run slipway up --stack ${stack.name} first.`);
  if (!names.includes(service)) throw new UserError(`There is no service "${service}". Known services: ${names.join(", ")}.`);
  return operations;
}

/** Restarts the containers of a service. */
export async function restart(stack: Stack, engine: Engine, service: string): Promise<string> {
  return (await operationsOn(service, stack, engine)).restart(service);
}

/** Sets the number of replicas that run of a service, without the stack file. */
export async function scale(stack: Stack, engine: Engine, service: string, replicas: number): Promise<string> {
  const operations = await operationsOn(service, stack, engine);
  if (isAutoscaled(stack, service))
    throw new UserError(
      `services.${service}.autoscaling: decides how many replicas there are. Change it in the stack file, and run slipway up.`,
    );
  return operations.scale(service, replicas);
}

/** Whether the stack's settings leave the number of replicas to an autoscaler. */
export function isAutoscaled(stack: Stack, service: string): boolean {
  const services = settingsIn(stack, "services") as Record<string, { autoscaling?: unknown } | undefined>;
  return services[service]?.autoscaling !== undefined;
}
