/**
 * Runs a program that asks neither this machine nor where it deploys to whether it can be deployed: to see what it consists of. It reaches
 * programs that call Slipway's among other things, and take no arguments.
 */
export async function withoutPreflight<T>(program: () => Promise<T>): Promise<T> {
  process.env[variable] = "off";
  try {
    return await program();
  } finally {
    delete process.env[variable];
  }
}

export function isPreflightOff(): boolean {
  return process.env[variable] === "off";
}

const variable = "SLIPWAY_PREFLIGHT";
