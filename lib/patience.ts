import { UserError } from "./user-error.ts";

/** Seconds before a state that often passes by itself counts as a failure. */
const seconds = {
  /** A container that cannot be created, for example because a Secret is missing. */
  configuration: 5,
  /** A pod that the namespace rejects, for example because of its quota. */
  quota: 5,
  /** A volume that cannot be mounted. */
  mount: 20,
  /** A pod that no node can run. */
  schedule: 20,
  /** A kind that the cluster does not have yet: the operator that installs it may be starting. */
  kind: 60,
  /** A network in use: Swarm releases an overlay network a moment after its last task. */
  network: 30,
  /** A volume in use: Swarm keeps the containers of finished tasks for a while. */
  volume: 10,
  /** The containers of a deleted Swarm service. */
  tasks: 60,
};
export type Patience = keyof typeof seconds;

/**
 * Seconds to wait before a state counts as a failure. The environment variable SLIPWAY_PATIENCE scales them: a positive number, by default
 * 1. It is for tests, which set a small number to see a failure sooner.
 *
 * @throws UserError if SLIPWAY_PATIENCE is not a positive number.
 */
export function patience(state: Patience): number {
  return seconds[state] * factor();
}

function factor(): number {
  const text = process.env["SLIPWAY_PATIENCE"];
  if (text === undefined) return 1;
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new UserError(`SLIPWAY_PATIENCE: must be a positive number (got "${text}").`);
  return value;
}
