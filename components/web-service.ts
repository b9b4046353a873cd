import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { recommendedLabels, selectorLabels } from "./internal/labels.ts";
import { servicesNamespace } from "./services-namespace.ts";
import { checkedLater } from "../lib/late-values.ts";
import { throwIfAny } from "../lib/problem.ts";
import { createAccount } from "./internal/web-service/account.ts";
import { createConfiguration } from "./internal/web-service/configuration.ts";
import { resolve } from "./internal/web-service/spec.ts";
import { createExposure } from "./internal/web-service/exposure.ts";
import { createNetworkPolicy } from "./internal/web-service/network-policy.ts";
import { podTemplate, servicePorts } from "./internal/web-service/pod.ts";
import { createPublished } from "./internal/web-service/publish.ts";
import { problemsWithWebService } from "./rules/web-service.ts";
import { annotated, serviceAnnotations } from "./internal/web-service/annotations.ts";
import { createScaling } from "./internal/web-service/scaling.ts";
import { createWorkload } from "./internal/web-service/workload.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

export * from "./web-service-args.ts";

/**
 * A production-ready service on Kubernetes: a Deployment (or StatefulSet) in the restricted Pod Security Standard whose rollouts never have
 * fewer than `replicas` ready, a Service, a PodDisruptionBudget, a NetworkPolicy that allows only declared traffic, and, with a host, an
 * Ingress or a route on a Gateway.
 *
 * To change what the arguments do not cover, use `transforms` in the options: https://www.pulumi.com/docs/iac/concepts/resources/options/transforms/.
 *
 * @example
 * new WebService("web", { image: image.ref, host: "web.example.org", replicas: 3 }, { provider });
 */
export class WebService extends pulumi.ComponentResource {
  /** Namespace of all objects. */
  declare readonly namespace: pulumi.Output<string>;
  /** Name of the Service, by which other pods in the namespace reach it at `port`. */
  declare readonly serviceName: pulumi.Output<string>;
  /** Host name or IP address that the ingress controller published; absent without an Ingress. */
  declare readonly address?: pulumi.Output<string>;
  /** Host name or IP address of the load balancer for the ports of `publish`; absent without one. */
  declare readonly publishedAddress?: pulumi.Output<string>;

  constructor(name: string, args: WebServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:WebService", name, {}, opts);
    const problemsWith = (given: WebServiceArgs) => problemsWithWebService(name, given);
    const headline = `WebService "${name}":`;
    throwIfAny(problemsWith(args), headline);
    const checked = checkedLater(args, problemsWith, headline);
    const spec = resolve(name, checked);
    // Not even the configuration of running pods changes before what the service waits for.
    const child = { parent: this, dependsOn: opts?.dependsOn };
    this.namespace =
      checked.namespace === undefined
        ? servicesNamespace(name, { name, services: [args] }, child).metadata.name
        : pulumi.output(checked.namespace);
    const metadata = { name, namespace: this.namespace, labels: recommendedLabels(spec) };

    const account = createAccount(spec, metadata, child);
    const configuration = createConfiguration(spec, metadata, child, [{ name: "PORT", value: pulumi.interpolate`${spec.port}` }]);
    // Created before the pods. Even then, the plugin of EKS enforces it only a second or two after a pod has started:
    // https://github.com/aws/aws-network-policy-agent/issues/345.
    const policy = createNetworkPolicy(spec, metadata, child);
    const template = podTemplate(spec, configuration, account.metadata.name);
    createWorkload(spec, template, annotated(metadata, spec), pulumi.mergeOptions(child, { dependsOn: policy }));
    createScaling(spec, metadata, child);
    const ports = servicePorts(spec);
    const serviceMetadata = { ...metadata, annotations: serviceAnnotations(spec) };
    const service = new k8s.core.v1.Service(
      name,
      { metadata: serviceMetadata, spec: { type: "ClusterIP", selector: selectorLabels(name), ports } },
      child,
    );
    this.address = createExposure(spec, service, metadata, child)?.status.apply(addressIn);
    const published = createPublished(spec, metadata, child);
    if (published && spec.publishing?.type !== "NodePort") this.publishedAddress = published.status.apply(addressIn);
    this.serviceName = service.metadata.name;
    const { namespace, serviceName, address, publishedAddress } = this;
    this.registerOutputs({ namespace, serviceName, address, publishedAddress });
  }
}

/** Empty if nothing waited for the address. */
function addressIn(status?: Partial<k8s.types.output.networking.v1.IngressStatus>): string {
  const { hostname, ip } = status?.loadBalancer?.ingress?.[0] ?? {};
  return hostname ?? ip ?? "";
}
