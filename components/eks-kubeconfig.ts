export interface KubeconfigValues {
  /** Name of the cluster. */
  cluster: string;
  /** URL of the Kubernetes API. */
  endpoint: string;
  /** Certificate authority of the endpoint, in Base64. */
  certificateAuthority: string;
  region: string;
  /** Profile in the AWS configuration. @default - from the environment. */
  profile?: string;
  /** ARN of a role to assume. @default - none. */
  roleArn?: string;
}

/**
 * A kubeconfig that gets tokens from the AWS CLI when they are needed. They are valid for 15 minutes,
 * https://docs.aws.amazon.com/cli/latest/reference/eks/get-token.html. The kubeconfig contains no token. It is JSON, which is valid YAML.
 */
export function kubeconfig({ cluster, endpoint, certificateAuthority, region, profile, roleArn }: KubeconfigValues): string {
  const args = ["--region", region, "eks", "get-token", "--cluster-name", cluster, "--output", "json"];
  if (roleArn !== undefined) args.push("--role-arn", roleArn);
  if (profile !== undefined) args.push("--profile", profile);
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    command: "aws",
    args,
    interactiveMode: "Never",
    provideClusterInfo: false,
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster, cluster: { server: endpoint, "certificate-authority-data": certificateAuthority } }],
    users: [{ name: cluster, user: { exec } }],
    contexts: [{ name: cluster, context: { cluster, user: cluster } }],
    "current-context": cluster,
  });
}
