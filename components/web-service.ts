import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { recommendedLabels, selectorLabels } from "./internal/labels.ts";
import { restrictedNamespace } from "./restricted-namespace.ts";
import { throwIfAny } from "../lib/problem.ts";
import { createAccount } from "./internal/web-service/account.ts";
import { createConfiguration } from "./internal/web-service/configuration.ts";
import { resolve } from "./internal/web-service/defaults.ts";
import { createExposure } from "./internal/web-service/exposure.ts";
import { createNetworkPolicy } from "./internal/web-service/network-policy.ts";
import { containerPorts, podTemplate } from "./internal/web-service/pod.ts";
import { problemsWithWebService } from "./rules/web-service.ts";
import { createScaling } from "./internal/web-service/scaling.ts";
import { createWorkload } from "./internal/web-service/workload.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

export * from "./web-service-args.ts";

/**
 * An HTTP service on Kubernetes as it should be in production: a Deployment (or StatefulSet) in the strictest security
 * profile whose rolling updates never have fewer pods that answer than `replicas`, a Service, a disruption budget, a network
 * policy that lets through what is declared and nothing else, and, with a host, an Ingress or a route on a Gateway.
 *
 * What it does not foresee, `transforms` in its options change: https://www.pulumi.com/docs/iac/concepts/resources/options/transforms/.
 *
 * @example
 * new WebService("web", { image: image.ref, host: "web.example.org", replicas: 3 }, { provider });
 */
export class WebService extends pulumi.ComponentResource {
  /** Namespace that everything is in. */
  declare readonly namespace: pulumi.Output<string>;
  /** Name by which other pods of the namespace reach it, at `port`. */
  declare readonly serviceName: pulumi.Output<string>;
  /** Host name or IP address by which the ingress controller serves it; absent without an Ingress. */
  declare readonly address?: pulumi.Output<string>;

  constructor(name: string, args: WebServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:WebService", name, {}, opts);
    throwIfAny(problemsWithWebService(name, args), `WebService "${name}":`);
    const spec = resolve(name, args);
    const child = { parent: this };
    this.namespace = args.namespace === undefined ? restrictedNamespace(name, name, child).metadata.name : pulumi.output(args.namespace);
    const metadata = { name, namespace: this.namespace, labels: recommendedLabels(spec) };

    const account = createAccount(spec, metadata, child);
    const configuration = createConfiguration(spec, metadata, child);
    // Before the pods: none ever runs without it.
    const policy = createNetworkPolicy(spec, metadata, child);
    const template = podTemplate(spec, configuration, account.metadata.name);
    createWorkload(spec, template, metadata, { ...child, dependsOn: policy ? [policy] : [] });
    createScaling(spec, metadata, child);
    const ports = containerPorts(spec).map(({ name, containerPort: port, protocol }) => ({ name, port, targetPort: name, protocol }));
    const service = new k8s.core.v1.Service(name, { metadata, spec: { type: "ClusterIP", selector: selectorLabels(name), ports } }, child);
    this.address = createExposure(spec, service, metadata, child)?.status.apply(addressIn);
    this.serviceName = service.metadata.name;
    this.registerOutputs({ namespace: this.namespace, serviceName: this.serviceName, address: this.address });
  }
}

/** An Ingress that was not waited for may have none yet. */
function addressIn(status?: Partial<k8s.types.output.networking.v1.IngressStatus>): string {
  const { hostname, ip } = status?.loadBalancer?.ingress?.[0] ?? {};
  return hostname ?? ip ?? "";
}
