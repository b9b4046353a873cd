/** Defaults of a job. Each is written only here. */
export const jobDefaults = {
  retries: 0,
  timeoutSeconds: 600,
  schedule: {
    timeZone: "Etc/UTC",
    concurrencyPolicy: "Forbid",
    startingDeadlineSeconds: 300,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
    suspend: false,
  },
} as const;
