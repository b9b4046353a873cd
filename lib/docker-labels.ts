/** Label of every Docker object of a stack; its value is `stackLabelValue`. */
export const stackLabel = "dev.slipway.stack";

/**
 * What the label of a stack's objects is. Projects on one machine have stacks of the same name. Those of the project `slipway` are labelled
 * with their name only, as they were when there was no other project.
 */
export function stackLabelValue({ project, name }: { project: string; name: string }): string {
  return project === "slipway" ? name : `${project}/${name}`;
}

/** Label of every Docker object of a service; its value is the service's name. */
export const serviceLabel = "dev.slipway.service";

/** Label of the volumes that are emptyDirs of Swarm tasks. */
export const emptyDirLabel = "dev.slipway.empty-dir";

/** Labels as @pulumi/docker takes them. */
export function labelList<T>(labels: Record<string, T> = {}): { label: string; value: T }[] {
  return Object.entries(labels).map(([label, value]) => ({ label, value }));
}

/** Label of every Docker object of a job; its value is the job's name. */
export const jobLabel = "dev.slipway.job";
