import * as pulumi from "@pulumi/pulumi";
import { LocalCluster, type LocalClusterArgs } from "../../../components/local-cluster.ts";

/** The program of the stack that is the shared cluster. Its configuration has the component's arguments. */
export default async function sharedCluster(): Promise<object> {
  const args = new pulumi.Config().requireObject<LocalClusterArgs>("cluster");
  const { kubeconfigFile, registry } = new LocalCluster(pulumi.getStack(), args);
  return { kubeconfigFile, registry };
}
