import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { GoImage, WebService } from "slipway/components";

/** Builds and deploys the service. Create your own resources here, and return what the stack exports. */
export default () => {
  const config = new pulumi.Config();
  const name = pulumi.getProject();
  const context = config.require("context");
  const host = config.require("host");
  const clusterIssuer = config.get("clusterIssuer");

  const provider = new k8s.Provider("cluster", {
    // Of $KUBECONFIG or ~/.kube/config, so that the state contains no credentials.
    context,
    // Only another context replaces what runs in the cluster, not new credentials or another address.
    clusterIdentifier: context,
    // Updated in place: while a ConfigMap or Secret is replaced, it is missing.
    enableConfigMapMutable: true,
    enableSecretMutable: true,
  });

  const image = new GoImage(name, {
    source: "app",
    repository: `${config.require("registry")}/${name}`,
    platforms: [config.require("platform")],
  });

  new WebService(
    name,
    {
      image: image.ref,
      // Without it, the stack creates one, which enforces the Pod Security Standard `restricted`.
      namespace: config.get("namespace"),
      host,
      ingressClassName: config.require("ingressClass"),
      // All other traffic is blocked, in both directions except for DNS: list more in `callers`, `peers` and `destinations`.
      network: { ingressController: { namespace: config.require("ingressNamespace") } },
      tls: clusterIssuer === undefined ? undefined : { clusterIssuer },
      replicas: config.requireNumber("replicas"),
    },
    { provider },
  );

  return { url: `${clusterIssuer === undefined ? "http" : "https"}://${host}/`, image: image.ref };
};
