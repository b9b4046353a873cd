/** Name of the log group that EKS writes the control plane's logs to. */
export function logGroupName(cluster: string): string {
  return `/aws/eks/${cluster}/cluster`;
}

/** Names of the log groups of Container Insights, which the CloudWatch agent would otherwise create without encryption and retention. */
export function containerLogGroupNames(cluster: string): string[] {
  return ["application", "dataplane", "host", "performance"].map((logs) => `/aws/containerinsights/${cluster}/${logs}`);
}
