/** Annotation of a workload without probes, because nobody calls it. */
export const workerAnnotation = "slipway.dev/worker";
