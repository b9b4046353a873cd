/** Defaults of the components for AWS. */
export const awsDefaults = {
  nat: "single",
  interfaceEndpoints: true,
  /** Days that logs of the control plane are kept. */
  logRetentionDays: 90,
  /** Days that flow logs of a network are kept. */
  flowLogRetentionDays: 30,
  /** GiB of a node's disk. */
  diskSize: 50,
  capacityType: "ON_DEMAND",
  restrictTrust: false,
  containerInsights: false,
  /** Seconds without data after which a load balancer closes a connection. */
  idleTimeoutSeconds: 60,
} as const;
