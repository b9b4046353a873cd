import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { problemWithObjectName } from "../lib/kubernetes-names.ts";
import { LoadBalancerScheme, type LoadBalancerArgs } from "./eks-load-balancer-args.ts";
import { redact } from "../lib/redact.ts";
import { collect, ifKnown, problemWithNumber, throwIfAny, type Problem } from "../lib/problem.ts";
import { awsDefaults } from "./aws-defaults.ts";

/** Arguments of `EksAddOns`. */
export interface EksAddOnsArgs {
  /** Whether the cluster uses EKS Auto Mode instead of managed node groups. @default true */
  autoMode?: boolean;
  /** The load balancer that Auto Mode creates for Ingresses of the class `alb`. @default - an internal one without HTTPS. */
  loadBalancer?: LoadBalancerArgs;
  /** Tags of load balancers and volumes. They require that `EksCluster` has tags too, which lets its role set them. @default - none. */
  tags?: Record<string, pulumi.Input<string>>;
}

export * from "./eks-load-balancer-args.ts";

/**
 * Kubernetes objects that services need in an EKS cluster: the default IngressClass `alb`, for which AWS creates an Application Load
 * Balancer; the default StorageClass `gp3`, with encrypted volumes in the zone of their pod; and the setting that enforces network policies.
 * Create it once per cluster, with a provider for the cluster in its options.
 *
 * With managed node groups it creates only the StorageClass: `EksCluster` enables network policies in the add-on vpc-cni, and Ingresses need
 * a separate controller, such as https://kubernetes-sigs.github.io/aws-load-balancer-controller/.
 *
 * Services should depend on it: AWS then deletes their load balancer before the class is deleted.
 *
 * @example
 * new EksAddOns("prod", { loadBalancer: { scheme: "internet-facing", certificateArns: [certificate.arn] } }, { provider });
 */
export class EksAddOns extends pulumi.ComponentResource {
  /** Name of the default IngressClass. Undefined with managed node groups. */
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
        // A volume belongs to one zone: create it in the zone that its pod is scheduled to.
        volumeBindingMode: "WaitForFirstConsumer",
        allowVolumeExpansion: true,
        reclaimPolicy: "Delete",
      },
      child,
    );
    this.storageClassName = storageClass.metadata.name;
    if (autoMode) {
      // A NodeClass is not needed: the default of the built-in node pools allows all traffic that no policy selects, as in Kubernetes,
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
function attributesOf({ deletionProtection = false, idleTimeoutSeconds = awsDefaults.idleTimeoutSeconds, accessLogs }: LoadBalancerArgs) {
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

/** What is wrong with the arguments, if their values are known. Messages contain no account ids. */
function problemsWithAddOns(name: string, { autoMode = true, loadBalancer }: EksAddOnsArgs): Problem[] {
  const { scheme, certificateArns = [], group = name, idleTimeoutSeconds, subnetIds } = loadBalancer ?? {};
  const schemes = Object.values(LoadBalancerScheme);
  return collect((report) => {
    report(["loadBalancer"], !autoMode && loadBalancer !== undefined && "requires EKS Auto Mode. Omit it, or omit autoMode: false");
    report(
      ["loadBalancer", "scheme"],
      scheme !== undefined && !schemes.includes(scheme) && `must be ${schemes.join(" or ")} (got "${String(scheme)}")`,
    );
    for (const [i, arn] of certificateArns.entries())
      report(["loadBalancer", "certificateArns", i], ifKnown(arn, problemWithCertificateArn));
    report(["loadBalancer", "group"], autoMode && problemWithGroup(group));
    report(
      ["loadBalancer", "subnetIds"],
      Array.isArray(subnetIds) && subnetIds.length < 2 && `must be at least 2 subnets in different zones (got ${subnetIds.length})`,
    );
    report(["loadBalancer", "idleTimeoutSeconds"], problemWithNumber(idleTimeoutSeconds, 1, 4000));
  });
}

function problemWithCertificateArn(arn: string): string | undefined {
  if (/^arn:aws(-[a-z]+)*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/.test(arn)) return undefined;
  return `must be the ARN of an ACM certificate (got "${redact(arn)}")`;
}

function problemWithGroup(group: string): string | undefined {
  if (group.length <= 63 && problemWithObjectName(group) === undefined) return undefined;
  return `must be at most 63 lower-case letters, digits, "-" and "." (got "${group}")`;
}
