import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { problemWithObjectName } from "../lib/kubernetes-names.ts";
import { LoadBalancerScheme, type LoadBalancerArgs } from "./eks-load-balancer-args.ts";
import { redact } from "../lib/redact.ts";
import { throwIfAny } from "../lib/problem.ts";

export interface EksAddOnsArgs {
  /** Whether the cluster has EKS Auto Mode, rather than managed node groups. @default true */
  autoMode?: boolean;
  /** The load balancer of Ingresses of the class `alb`, which Auto Mode makes. */
  loadBalancer?: LoadBalancerArgs;
  /** Tags of load balancers and volumes. The EksCluster must have tags, too, or its role may not set any. @default - none. */
  tags?: Record<string, pulumi.Input<string>>;
}

export * from "./eks-load-balancer-args.ts";

/**
 * What an EKS cluster lacks for services that runs in it or is said to it: the default IngressClass `alb`, by which AWS makes an
 * Application Load Balancer; the default StorageClass `gp3`, with encrypted volumes in the zone of their pod; and that network
 * policies are enforced. There is one of it in a cluster. Its options need a provider for the cluster.
 *
 * With managed node groups it is the StorageClass alone: `EksCluster` switches network policies on in the add-on vpc-cni, and
 * Ingresses need a controller of their own, such as https://kubernetes-sigs.github.io/aws-load-balancer-controller/.
 *
 * Services should depend on it: their load balancer goes while there is still a class that it is of.
 *
 * @example
 * new EksAddOns("prod", { loadBalancer: { scheme: "internet-facing", certificateArns: [certificate.arn] } }, { provider });
 */
export class EksAddOns extends pulumi.ComponentResource {
  /** Name of the default IngressClass; absent with managed node groups. */
  declare readonly ingressClassName?: pulumi.Output<string>;
  /** Name of the default StorageClass. */
  declare readonly storageClassName: pulumi.Output<string>;

  constructor(name: string, args: EksAddOnsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:EksAddOns", name, {}, opts);
    throwIfAny(problemsWithAddOns(name, args), `EksAddOns "${name}":`);
    const { autoMode = true, loadBalancer = {}, tags = {} } = args;
    const child = { parent: this };
    const isDefault = (kind: string) => ({ [`${kind}.kubernetes.io/is-default-class`]: "true" });

    const storageClass = new k8s.storage.v1.StorageClass(
      `${name}-gp3`,
      {
        metadata: { name: "gp3", annotations: isDefault("storageclass") },
        provisioner: autoMode ? "ebs.csi.eks.amazonaws.com" : "ebs.csi.aws.com",
        parameters: { type: "gp3", encrypted: "true", ...tagSpecifications(tags) },
        // A volume is in one zone: it waits until its pod has one.
        volumeBindingMode: "WaitForFirstConsumer",
        allowVolumeExpansion: true,
        reclaimPolicy: "Delete",
      },
      child,
    );
    this.storageClassName = storageClass.metadata.name;
    if (autoMode) {
      // No NodeClass beside it: that of the built-in node pools allows what no policy forbids, as Kubernetes has it,
      // https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html.
      new k8s.core.v1.ConfigMap(
        `${name}-network-policy`,
        { metadata: { name: "amazon-vpc-cni", namespace: "kube-system" }, data: { "enable-network-policy-controller": "true" } },
        child,
      );
      this.ingressClassName = createIngressClass(name, loadBalancer, tags, isDefault("ingressclass"), child);
    }
    this.registerOutputs({ ingressClassName: this.ingressClassName, storageClassName: this.storageClassName });
  }
}

/** https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-alb.html */
function createIngressClass(
  name: string,
  loadBalancer: LoadBalancerArgs,
  tags: NonNullable<EksAddOnsArgs["tags"]>,
  annotations: Record<string, string>,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const { scheme = LoadBalancerScheme.Internal, certificateArns: certificateARNs, group = name, subnetIds } = loadBalancer;
  const parameters = new k8s.apiextensions.CustomResource(
    `${name}-alb`,
    {
      apiVersion: "eks.amazonaws.com/v1",
      kind: "IngressClassParams",
      metadata: { name: "alb" },
      spec: {
        scheme,
        group: { name: group },
        ipAddressType: "ipv4",
        certificateARNs,
        subnets: subnetIds && { ids: subnetIds },
        loadBalancerAttributes: attributesOf(loadBalancer),
        tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
      },
    },
    opts,
  );
  const { metadata } = new k8s.networking.v1.IngressClass(
    `${name}-alb`,
    {
      metadata: { name: "alb", annotations },
      spec: {
        controller: "eks.amazonaws.com/alb",
        parameters: { apiGroup: "eks.amazonaws.com", kind: "IngressClassParams", name: parameters.metadata.name },
      },
    },
    opts,
  );
  return metadata.name;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html */
function attributesOf({ deletionProtection = false, idleTimeoutSeconds = 60, accessLogs }: LoadBalancerArgs) {
  const attributes: Record<string, pulumi.Input<string>> = {
    "deletion_protection.enabled": String(deletionProtection),
    "idle_timeout.timeout_seconds": String(idleTimeoutSeconds),
    "routing.http.drop_invalid_header_fields.enabled": "true",
    "access_logs.s3.enabled": String(accessLogs !== undefined),
    ...(accessLogs && { "access_logs.s3.bucket": accessLogs.bucket }),
    ...(accessLogs?.prefix !== undefined && { "access_logs.s3.prefix": accessLogs.prefix }),
  };
  return Object.entries(attributes).map(([key, value]) => ({ key, value }));
}

/** https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/tagging.md */
function tagSpecifications(tags: NonNullable<EksAddOnsArgs["tags"]>): Record<string, pulumi.Input<string>> {
  return Object.fromEntries(
    Object.entries(tags).map(([key, value], i) => [`tagSpecification_${i + 1}`, pulumi.interpolate`${key}=${value}`]),
  );
}

/** What is wrong with the arguments, as far as their values are known. */
function problemsWithAddOns(name: string, { autoMode = true, loadBalancer }: EksAddOnsArgs): string[] {
  const { scheme, certificateArns = [], group = name, idleTimeoutSeconds: idle = 60, subnetIds } = loadBalancer ?? {};
  const schemes = Object.values(LoadBalancerScheme);
  const certificate = /^arn:aws(-[a-z]+)*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/;
  return [
    !autoMode && loadBalancer !== undefined && "loadBalancer is for Auto Mode, which makes it; leave it out with autoMode: false",
    scheme !== undefined && !schemes.includes(scheme) && `loadBalancer.scheme must be ${schemes.join(" or ")} (got "${String(scheme)}")`,
    ...certificateArns.map(
      (arn, i) =>
        typeof arn === "string" &&
        !certificate.test(arn) &&
        `loadBalancer.certificateArns.${i} must be the ARN of a certificate of ACM (got "${redact(arn)}")`,
    ),
    autoMode &&
      (group.length > 63 || problemWithObjectName(group) !== undefined) &&
      `loadBalancer.group must be at most 63 lower-case letters, digits, "-" and "." (got "${group}")`,
    Array.isArray(subnetIds) && subnetIds.length < 2 && `loadBalancer.subnetIds must be of two zones at least (got ${subnetIds.length})`,
    !(Number.isInteger(idle) && idle >= 1 && idle <= 4000) && `loadBalancer.idleTimeoutSeconds must be from 1 to 4000 (got ${idle})`,
  ].filter((problem) => typeof problem === "string");
}
