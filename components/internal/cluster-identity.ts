import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "./dynamic-resource.ts";

// Serialised into the state: as little code as possible. See registry-push.ts. The client of Kubernetes is an ES module, which the SDK cannot
// serialise a reference to, so it is loaded with the `require` that the serialised code has.
declare const require: NodeJS.Require;

export interface ClusterIdentityArgs {
  /** UID of the cluster's namespace kube-system. */
  cluster: pulumi.Input<string>;
  /** Path of the kubeconfig. @default - the files in $KUBECONFIG, or ~/.kube/config. */
  kubeconfig?: pulumi.Input<string | undefined>;
  /** Context through which the cluster is reached. */
  context: pulumi.Input<string>;
  /** UID of a cluster that may replace the recorded one. @default - none. */
  accepted?: pulumi.Input<string | undefined>;
}

type Inputs = pulumi.Unwrap<ClusterIdentityArgs>;

/**
 * Records in the state which cluster a stack is on. What depends on it is not touched if another cluster is reached under the same name.
 *
 * @throws Error in a preview, an update and a refresh, if the cluster is another one and not the accepted one. A refresh does not know new
 *   arguments, so for it the environment variable SLIPWAY_CLUSTER names the accepted one.
 */
export class ClusterIdentity extends DynamicResource<Inputs> {
  constructor(name: string, args: ClusterIdentityArgs, opts?: pulumi.CustomResourceOptions) {
    super("ClusterIdentity", provider, name, { ...args }, opts);
  }
}

export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async create(inputs) {
    return { id: inputs.cluster, outs: inputs };
  },
  async read(id, props) {
    const found = await uidOf(props!);
    if (found !== undefined && found !== id && found !== process.env["SLIPWAY_CLUSTER"]) rejectCluster(props!.context, found, id);
    return { id, props: props! };
  },
  async diff(id, _olds, news) {
    if (id !== news.cluster && news.accepted !== news.cluster) rejectCluster(news.context, news.cluster, id);
    return { changes: id !== news.cluster, replaces: id === news.cluster ? [] : ["cluster"] };
  },
  async delete() {},
};

/** Undefined if the recorded kubeconfig does not lead to a cluster any more. A new one may. */
async function uidOf({ context, kubeconfig }: Inputs): Promise<string | undefined> {
  const client = require("@kubernetes/client-node") as typeof import("@kubernetes/client-node");
  const config = new client.KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
    config.setCurrentContext(context);
    return (await config.makeApiClient(client.CoreV1Api).readNamespace({ name: "kube-system" })).metadata?.uid;
  } catch {
    return undefined;
  }
}

function rejectCluster(context: string, found: string, recorded: string): never {
  throw new Error(
    `The context "${context}" leads to another cluster (${found}) than the one that the stack is on (${recorded}). Nothing was changed. Correct the context, or set slipway:kubernetes.cluster to ${found} to move the stack there.`,
  );
}
