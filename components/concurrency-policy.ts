/** What happens if a job's previous run has not ended, https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy. */
export const ConcurrencyPolicy = { Forbid: "Forbid", Replace: "Replace", Allow: "Allow" } as const;
export type ConcurrencyPolicy = (typeof ConcurrencyPolicy)[keyof typeof ConcurrencyPolicy];
