export interface KubeconfigValues {
  cluster: string;
  endpoint: string;
  /** The certificate authority of the endpoint, in Base64. */
  certificateAuthority: string;
  region: string;
  profile?: string;
  roleArn?: string;
}

/**
 * A kubeconfig with which the AWS CLI asks for a token of 15 minutes whenever one is needed,
 * https://docs.aws.amazon.com/cli/latest/reference/eks/get-token.html. There is none in it. It is in JSON, which is YAML.
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
