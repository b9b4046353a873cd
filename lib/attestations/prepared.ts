/**
 * Runs a program as in a preview, but prepares what is attached to images as in an update, because somebody else pushes them then. It reaches
 * programs that call Slipway's among other things, and take no arguments.
 */
export async function preparingAttestations<T>(program: () => Promise<T>): Promise<T> {
  process.env[variable] = "on";
  try {
    return await program();
  } finally {
    delete process.env[variable];
  }
}

export function areAttestationsPrepared(): boolean {
  return process.env[variable] === "on";
}

const variable = "SLIPWAY_PREPARE_ATTESTATIONS";
