import { DeploymentResult, keptDeployments, type Deployment } from "../../lib/deployment-record.ts";

/** Where the embedded engine keeps the deployments of a stack. It is not deleted with the stack. */
export interface HistoryStore {
  /**
   * The deployments, the newest first. None if there is no history.
   *
   * @throws UserError if there is one that cannot be read.
   */
  load(): Promise<Deployment[]>;
  /**
   * Replaces the history that was loaded, and keeps the newest deployments of the new one. The stack must be locked.
   *
   * @throws UserError if the lock is lost or the encryption key is missing. Error if it cannot be written.
   */
  save(deployments: Deployment[]): Promise<void>;
  /** Puts a history that cannot be read where the next `save` does not replace it. Says where. The stack must be locked. */
  setAside(): Promise<string>;
  remove(): Promise<void>;
}

/** The history as text. */
export function formatHistory({ project, name }: { project: string; name: string }, deployments: Deployment[]): string {
  return JSON.stringify({ version: 1, project, stack: name, deployments: deployments.slice(0, keptDeployments) });
}

/** The deployments in a text. @throws Error if it is no history. */
export function parseHistory(text: string): Deployment[] {
  const { version, deployments } = JSON.parse(text) as { version?: unknown; deployments?: unknown };
  if (version !== 1) throw new Error(`version: must be 1 (got ${JSON.stringify(version)})`);
  if (!Array.isArray(deployments)) throw new Error("deployments: must be a list");
  const damaged = deployments.findIndex((one) => !isDeployment(one));
  if (damaged !== -1) throw new Error(`deployments[${damaged}]: is no deployment`);
  return deployments as Deployment[];
}

function isDeployment(value: unknown): value is Deployment {
  if (value === null || typeof value !== "object") return false;
  const { id, command, started, result } = value as Partial<Deployment>;
  return (
    Number.isInteger(id) &&
    typeof command === "string" &&
    !Number.isNaN(Date.parse(String(started))) &&
    Object.values(DeploymentResult).includes(result as DeploymentResult)
  );
}
