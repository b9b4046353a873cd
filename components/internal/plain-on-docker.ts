/** Settings that decide how many containers there are, or that are part of texts. */
export const plainOnDocker = [["replicas"], ["port"], ["publish", "*", "targetPort"], ["probes", "*", "path"], ["rollout", "maxSurge"]];
